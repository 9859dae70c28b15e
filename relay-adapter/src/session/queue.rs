//! Sessions: at most one running turn each, and the messages that wait behind it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_wire::{Event, SessionKey};
use tokio_util::sync::CancellationToken;

use crate::{Address, EntryId, Progress, WhileBusy};

/// A message that is to be answered.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Its name in the inbox.
    pub(crate) entry: EntryId,
    /// How far an earlier run came with it; `None` for a message of this run.
    pub(crate) recovered: Option<Progress>,
    pub(crate) event: Arc<Event>,
    pub(crate) address: Address,
    /// The kind of credential that the connector holds for answering it, where it came as an interaction.
    pub(crate) follow_up: Option<String>,
}

impl Message {
    pub(crate) fn id(&self) -> Option<&str> {
        self.event.message_id.as_deref().filter(|id| !id.is_empty())
    }
}

/// What became of a message that was put into its session.
#[derive(Debug)]
pub(crate) enum Placed {
    /// The session was at rest: run its turns, this one first.
    Start(Box<Message>, CancellationToken),
    /// It waits behind the running turn, which goes on or was told to stop.
    Waits,
    /// Too many wait already.
    Full(Box<Message>),
}

/// The sessions that have something to do. One at rest costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    /// In an order of their own, so that stopping all of them happens in the same order each time.
    active: Mutex<BTreeMap<SessionKey, Session>>,
}

#[derive(Debug)]
struct Session {
    running: CancellationToken,
    waiting: VecDeque<Box<Message>>,
}

impl Sessions {
    pub(crate) fn place(
        &self,
        key: &SessionKey,
        message: Box<Message>,
        while_busy: WhileBusy,
        capacity: usize,
    ) -> Placed {
        let mut active = self.lock();
        let Some(session) = active.get_mut(key) else {
            let running = CancellationToken::new();
            active.insert(key.clone(), Session { running: running.clone(), waiting: VecDeque::new() });
            return Placed::Start(message, running);
        };
        if session.waiting.len() >= capacity {
            return Placed::Full(message);
        }
        session.waiting.push_back(message);
        if while_busy == WhileBusy::Interrupt {
            session.running.cancel();
        }
        Placed::Waits
    }

    /// What to run after a turn; a session without more to do comes to rest.
    pub(crate) fn next(&self, key: &SessionKey) -> Option<(Box<Message>, CancellationToken)> {
        let mut active = self.lock();
        let session = active.get_mut(key)?;
        if let Some(message) = session.waiting.pop_front() {
            session.running = CancellationToken::new();
            return Some((message, session.running.clone()));
        }
        active.remove(key);
        None
    }

    /// Stops the running turn of exactly this session; `false` when none is running here.
    pub(crate) fn interrupt(&self, key: &str) -> bool {
        match self.lock().get(key) {
            Some(session) => {
                session.running.cancel();
                true
            }
            None => false,
        }
    }

    /// Whether a turn of this session runs, and how many messages wait behind it.
    pub(crate) fn of(&self, key: &SessionKey) -> (bool, usize) {
        self.lock().get(key).map_or((false, 0), |session| (true, session.waiting.len()))
    }

    /// Takes what waits out of every session, so that they come to rest after their running turn.
    pub(crate) fn take_waiting(&self) -> Vec<(SessionKey, Box<Message>)> {
        let mut active = self.lock();
        let waiting = active
            .iter_mut()
            .flat_map(|(key, session)| session.waiting.drain(..).map(|message| (key.clone(), message)));
        waiting.collect()
    }

    /// How many sessions have something to do, and how many messages wait in them.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        let active = self.lock();
        (active.len(), active.values().map(|session| session.waiting.len()).sum())
    }

    /// Stops every running turn.
    pub(crate) fn interrupt_all(&self) {
        for session in self.lock().values() {
            session.running.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SessionKey, Session>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use relay_wire::{Event, SessionKey};

    use super::{Message, Placed, Sessions};
    use crate::{Address, EntryId, WhileBusy};

    fn message(text: &str) -> Box<Message> {
        let address = Address {
            platform: "test".into(),
            chat_id: "c".into(),
            thread_id: None,
            scope: None,
            user: None,
            bot_id: String::new(),
        };
        Box::new(Message {
            entry: EntryId(1),
            recovered: None,
            event: Arc::new(Event { text: text.to_owned(), ..Event::default() }),
            address,
            follow_up: None,
        })
    }

    #[test]
    fn a_session_runs_one_turn_and_the_rest_waits_in_order() {
        let sessions = Sessions::default();
        let key = SessionKey::new("a").unwrap();
        let Placed::Start(first, running) = sessions.place(&key, message("1"), WhileBusy::Queue, 2) else {
            panic!("a session at rest starts");
        };
        assert_eq!(first.event.text, "1");
        assert!(matches!(sessions.place(&key, message("2"), WhileBusy::Queue, 2), Placed::Waits));
        assert!(matches!(sessions.place(&key, message("3"), WhileBusy::Queue, 2), Placed::Waits));
        assert!(matches!(sessions.place(&key, message("4"), WhileBusy::Queue, 2), Placed::Full(_)));
        assert!(!running.is_cancelled());
        let order: Vec<_> = std::iter::from_fn(|| sessions.next(&key))
            .map(|(message, _)| message.event.text.clone())
            .collect();
        assert_eq!(order, ["2", "3"]);
        assert!(!sessions.interrupt("a"), "at rest");
    }

    #[test]
    fn an_interrupt_reaches_its_own_session_only() {
        let sessions = Sessions::default();
        let start = |key: &str| match sessions.place(&key.parse().unwrap(), message("x"), WhileBusy::Queue, 1)
        {
            Placed::Start(_, running) => running,
            other => panic!("{other:?}"),
        };
        let (ours, theirs) = (start("ours"), start("theirs"));
        assert!(sessions.interrupt("ours"));
        assert!(ours.is_cancelled() && !theirs.is_cancelled());
    }

    #[test]
    fn a_message_may_stop_the_running_turn_and_its_own_turn_is_not_stopped_with_it() {
        let sessions = Sessions::default();
        let key = SessionKey::new("a").unwrap();
        let Placed::Start(_, running) = sessions.place(&key, message("1"), WhileBusy::Interrupt, 8) else {
            panic!("a session at rest starts");
        };
        assert!(matches!(sessions.place(&key, message("2"), WhileBusy::Interrupt, 8), Placed::Waits));
        assert!(running.is_cancelled());
        let (_, next) = sessions.next(&key).expect("the second message waits");
        assert!(!next.is_cancelled());
    }
}
