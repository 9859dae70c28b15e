//! Sessions: at most one running turn each, and the messages that wait behind it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_wire::{Event, SessionKey};
use tokio_util::sync::CancellationToken;

use super::waiting::{Held, Waiting};
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
    /// What it takes to keep, roughly and in bytes.
    pub(crate) size: u32,
}

impl Message {
    pub(crate) fn id(&self) -> Option<&str> {
        self.event.message_id.as_deref().filter(|id| !id.is_empty())
    }
}

/// A turn to run: the session is not at rest until [`Sessions::next`] was asked after it.
#[derive(Debug)]
pub(crate) struct Next {
    pub(crate) session_key: SessionKey,
    pub(crate) message: Waiting,
    /// Cancelled when it is stopped, which may be before it begins.
    pub(crate) running: CancellationToken,
}

/// What became of a message that was put into its session.
#[derive(Debug)]
pub(crate) enum Placed {
    /// Run this session's turns.
    Start(Next),
    /// It waits: behind the running turn, which goes on or was told to stop, or behind other sessions.
    Waits,
    /// Too many wait already.
    Full(Box<Message>),
}

/// What an interrupt found.
#[derive(Debug)]
pub(crate) enum Interrupted {
    /// Nothing of this session is here.
    Nothing,
    /// The running turn was told to stop.
    Running,
    /// The session waits for others, and its first message is stopped before its turn has begun: let it end.
    Waiting(Next),
}

/// The sessions that have something to do. One at rest costs nothing, one that waits for others an entry and no task.
#[derive(Debug)]
pub(crate) struct Sessions {
    state: Mutex<State>,
    /// How many of a lane run at once; its others wait in the order in which they came, and again after each turn.
    most_running: usize,
}

#[derive(Debug, Default)]
struct State {
    /// In an order of their own, so that stopping all of them happens in the same order each time.
    active: BTreeMap<SessionKey, Session>,
    /// One for each agent, so that sessions of one wait for none of another's.
    lanes: Vec<Lane>,
    /// Messages that wait, in all sessions.
    waiting: usize,
    held: Held,
}

/// Sessions that wait for each other.
#[derive(Debug, Default)]
struct Lane {
    running: usize,
    /// Those that wait for others.
    parked: VecDeque<SessionKey>,
}

#[derive(Debug)]
struct Session {
    /// Whose turns it waits for. It stays there until it comes to rest.
    lane: usize,
    /// `None` while it waits for others.
    running: Option<CancellationToken>,
    waiting: VecDeque<Waiting>,
}

impl Default for Sessions {
    fn default() -> Self {
        Self::new(1, usize::MAX)
    }
}

impl Sessions {
    pub(crate) fn new(lanes: usize, most_running: usize) -> Self {
        let lanes = (0..lanes.max(1)).map(|_| Lane::default()).collect();
        Self { state: Mutex::new(State { lanes, ..State::default() }), most_running: most_running.max(1) }
    }

    pub(crate) fn place(
        &self,
        key: &SessionKey,
        lane: usize,
        message: Box<Message>,
        while_busy: WhileBusy,
        capacity: usize,
    ) -> Placed {
        let state = &mut *self.lock();
        let Some(session) = state.active.get_mut(key) else {
            if state.lanes[lane].running < self.most_running {
                let running = CancellationToken::new();
                let session = Session { lane, running: Some(running.clone()), waiting: VecDeque::new() };
                state.active.insert(key.clone(), session);
                state.lanes[lane].running += 1;
                let message = Waiting::Held(message);
                return Placed::Start(Next { session_key: key.clone(), message, running });
            }
            let waiting = VecDeque::from([state.held.keep(message)]);
            state.active.insert(key.clone(), Session { lane, running: None, waiting });
            state.lanes[lane].parked.push_back(key.clone());
            state.waiting += 1;
            return Placed::Waits;
        };
        if session.waiting.len() >= capacity {
            return Placed::Full(message);
        }
        session.waiting.push_back(state.held.keep(message));
        state.waiting += 1;
        if while_busy == WhileBusy::Interrupt
            && let Interrupted::Waiting(next) = state.interrupt(key.as_str())
        {
            return Placed::Start(next);
        }
        Placed::Waits
    }

    /// What to run after a turn of this session: its next message, unless other sessions wait. `None` where whoever
    /// asks has nothing more to run.
    pub(crate) fn next(&self, key: &SessionKey) -> Option<Next> {
        let state = &mut *self.lock();
        let session = state.active.get_mut(key)?;
        let lane = &mut state.lanes[session.lane];
        lane.running -= 1;
        if session.waiting.is_empty() {
            state.active.remove(key);
        } else {
            session.running = None;
            lane.parked.push_back(key.clone());
        }
        if lane.running >= self.most_running {
            return None;
        }
        let key = lane.parked.pop_front()?;
        state.start(key)
    }

    /// Stops the running turn of exactly this session, or the one that it waits to run.
    pub(crate) fn interrupt(&self, key: &str) -> Interrupted {
        self.lock().interrupt(key)
    }

    /// Whether a turn of this session runs, and how many messages wait behind it.
    pub(crate) fn of(&self, key: &SessionKey) -> (bool, usize) {
        let state = self.lock();
        state.active.get(key).map_or((false, 0), |session| (session.running.is_some(), session.waiting.len()))
    }

    /// Lets go of all that waits, so that sessions come to rest after their running turn; how much that was.
    pub(crate) fn let_go(&self) -> usize {
        let state = &mut *self.lock();
        state.active.retain(|_, session| session.running.is_some());
        for session in state.active.values_mut() {
            session.waiting.clear();
        }
        state.lanes.iter_mut().for_each(|lane| lane.parked.clear());
        state.held = Held::default();
        std::mem::take(&mut state.waiting)
    }

    /// How many sessions have something to do, and how many messages wait in them.
    pub(crate) fn sizes(&self) -> (usize, usize) {
        let state = self.lock();
        (state.active.len(), state.waiting)
    }

    /// Stops every running turn.
    pub(crate) fn interrupt_all(&self) {
        for session in self.lock().active.values() {
            if let Some(running) = &session.running {
                running.cancel();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes the first message of a session that waits.
    fn start(&mut self, key: SessionKey) -> Option<Next> {
        let session = self.active.get_mut(&key)?;
        let message = session.waiting.pop_front()?;
        let running = CancellationToken::new();
        session.running = Some(running.clone());
        self.held.give(&message);
        self.waiting -= 1;
        self.lanes[session.lane].running += 1;
        Some(Next { session_key: key, message, running })
    }

    fn interrupt(&mut self, key: &str) -> Interrupted {
        match self.active.get(key).map(|session| (&session.running, session.lane)) {
            None => Interrupted::Nothing,
            Some((Some(running), _)) => {
                running.cancel();
                Interrupted::Running
            }
            Some((None, lane)) => {
                let parked = &mut self.lanes[lane].parked;
                let at = parked.iter().position(|parked| parked.as_str() == key);
                let next = at.and_then(|at| parked.remove(at)).and_then(|key| self.start(key));
                next.map_or(Interrupted::Nothing, |next| {
                    next.running.cancel();
                    Interrupted::Waiting(next)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use relay_wire::{Event, SessionKey};

    use super::{Interrupted, Message, Next, Placed, Sessions, Waiting};
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
            size: 1,
        })
    }

    fn text(next: &Next) -> String {
        match &next.message {
            Waiting::Held(message) => message.event.text.clone(),
            Waiting::Stored(stored) => panic!("{stored:?} is little enough to be held"),
        }
    }

    fn start(placed: Placed) -> Next {
        match placed {
            Placed::Start(next) => next,
            other => panic!("{other:?}"),
        }
    }

    fn place(sessions: &Sessions, key: &str, text: &str) -> Placed {
        sessions.place(&key.parse().unwrap(), 0, message(text), WhileBusy::Queue, usize::MAX)
    }

    #[test]
    fn a_session_runs_one_turn_and_the_rest_waits_in_order() {
        let sessions = Sessions::default();
        let key = SessionKey::new("a").unwrap();
        let first = start(sessions.place(&key, 0, message("1"), WhileBusy::Queue, 2));
        assert_eq!(text(&first), "1");
        assert!(matches!(sessions.place(&key, 0, message("2"), WhileBusy::Queue, 2), Placed::Waits));
        assert!(matches!(sessions.place(&key, 0, message("3"), WhileBusy::Queue, 2), Placed::Waits));
        assert!(matches!(sessions.place(&key, 0, message("4"), WhileBusy::Queue, 2), Placed::Full(_)));
        assert!(!first.running.is_cancelled());
        assert_eq!(sessions.sizes(), (1, 2));
        let order: Vec<_> = std::iter::from_fn(|| sessions.next(&key)).map(|next| text(&next)).collect();
        assert_eq!(order, ["2", "3"]);
        assert!(matches!(sessions.interrupt("a"), Interrupted::Nothing), "at rest");
        assert_eq!(sessions.sizes(), (0, 0));
    }

    #[test]
    fn an_interrupt_reaches_its_own_session_only() {
        let sessions = Sessions::default();
        let (ours, theirs) = (start(place(&sessions, "ours", "x")), start(place(&sessions, "theirs", "x")));
        assert!(matches!(sessions.interrupt("ours"), Interrupted::Running));
        assert!(ours.running.is_cancelled() && !theirs.running.is_cancelled());
    }

    #[test]
    fn a_message_may_stop_the_running_turn_and_its_own_turn_is_not_stopped_with_it() {
        let sessions = Sessions::default();
        let key = SessionKey::new("a").unwrap();
        let first = start(sessions.place(&key, 0, message("1"), WhileBusy::Interrupt, 8));
        assert!(matches!(sessions.place(&key, 0, message("2"), WhileBusy::Interrupt, 8), Placed::Waits));
        assert!(first.running.is_cancelled());
        let next = sessions.next(&key).expect("the second message waits");
        assert!(!next.running.is_cancelled());
    }

    #[test]
    fn sessions_beyond_the_bound_wait_for_others_and_take_turns_with_them() {
        let sessions = Sessions::new(1, 1);
        let first = start(place(&sessions, "a", "a1"));
        for (key, text) in [("a", "a2"), ("b", "b1"), ("b", "b2"), ("c", "c1")] {
            assert!(matches!(place(&sessions, key, text), Placed::Waits), "{text}");
        }
        assert_eq!((sessions.sizes(), sessions.of(&"b".parse().unwrap())), ((3, 4), (false, 2)));
        let mut running = first.session_key;
        let order = std::iter::from_fn(|| {
            let next = sessions.next(&running)?;
            running = next.session_key.clone();
            Some(text(&next))
        });
        assert_eq!(order.collect::<Vec<_>>(), ["b1", "c1", "a2", "b2"]);
        assert_eq!(sessions.sizes(), (0, 0));
        start(place(&sessions, "d", "the bound counts who runs"));
    }

    #[test]
    fn a_session_that_waits_for_others_can_be_stopped_and_starts_no_more_than_the_bound() {
        let sessions = Sessions::new(1, 1);
        let first = start(place(&sessions, "a", "a1"));
        for text in ["b1", "b2"] {
            assert!(matches!(place(&sessions, "b", text), Placed::Waits));
        }
        let Interrupted::Waiting(stopped) = sessions.interrupt("b") else { panic!("it waits") };
        assert_eq!((&*text(&stopped), stopped.running.is_cancelled()), ("b1", true));
        assert!(sessions.next(&stopped.session_key).is_none(), "the other one runs");
        let next = sessions.next(&first.session_key).expect("b waits still");
        assert_eq!((&*text(&next), next.running.is_cancelled()), ("b2", false));
        assert!(sessions.next(&next.session_key).is_none());
    }

    #[test]
    fn sessions_of_one_lane_wait_for_none_of_another() {
        let sessions = Sessions::new(2, 1);
        start(place(&sessions, "a", "a1"));
        assert!(matches!(place(&sessions, "b", "b1"), Placed::Waits));
        let other = sessions.place(&"c".parse().unwrap(), 1, message("c1"), WhileBusy::Queue, usize::MAX);
        let other = start(other);
        assert!(sessions.next(&other.session_key).is_none(), "b waits for a");
    }

    #[test]
    fn what_is_let_go_leaves_the_running_turns() {
        let sessions = Sessions::new(1, 1);
        let first = start(place(&sessions, "a", "a1"));
        for (key, text) in [("a", "a2"), ("b", "b1")] {
            assert!(matches!(place(&sessions, key, text), Placed::Waits), "{text}");
        }
        assert_eq!(sessions.let_go(), 2);
        assert_eq!(sessions.sizes(), (1, 0));
        assert!(sessions.next(&first.session_key).is_none());
    }
}
