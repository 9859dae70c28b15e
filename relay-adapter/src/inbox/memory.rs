//! The inbox that lives as long as the process.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use hashlink::LruCache;
use relay_wire::BufferId;

use super::{Incoming, Progress, Step, Unfinished, UnfinishedPage};
use crate::{Admission, DeliveryKeys, EntryId, Inbox, InboxError};

/// How many names of each kind are kept unless told otherwise; at some hundred bytes each, a few MiB.
const DEFAULT_CAPACITY: usize = 10_000;

/// An inbox in memory: a redelivery is recognized until the process ends, or until `capacity` newer
/// names of its kind have come.
#[derive(Debug)]
pub struct MemoryInbox {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    by_message: LruCache<String, Arc<DeliveryKeys>>,
    by_buffer_id: LruCache<BufferId, Arc<DeliveryKeys>>,
    unfinished: BTreeMap<EntryId, Unfinished>,
    last: i64,
}

impl Default for MemoryInbox {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }
}

impl MemoryInbox {
    /// An inbox that keeps this many names of messages, and as many of the buffer's.
    pub fn with_capacity(capacity: usize) -> Self {
        let state = State {
            by_message: LruCache::new(capacity),
            by_buffer_id: LruCache::new(capacity),
            unfinished: BTreeMap::new(),
            last: 0,
        };
        Self { state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admit(&mut self, incoming: Incoming<'_>) -> Admission {
        let Incoming { keys, event, follow_up } = incoming;
        let same_message = keys.message.as_ref().and_then(|message| self.by_message.get(message));
        let same_id = keys.buffer_id.as_ref().and_then(|id| self.by_buffer_id.get(id));
        if same_message.into_iter().chain(same_id).any(|earlier| keys.is_again(earlier)) {
            return Admission::Duplicate;
        }
        let keys = Arc::new(keys);
        if let Some(message) = &keys.message {
            self.by_message.insert(message.clone(), Arc::clone(&keys));
        }
        if let Some(id) = &keys.buffer_id {
            self.by_buffer_id.insert(id.clone(), Arc::clone(&keys));
        }
        self.last += 1;
        let id = EntryId(self.last);
        let (event, follow_up) = (Arc::clone(event), follow_up.map(str::to_owned));
        let progress = Progress::Untouched;
        self.unfinished.insert(id, Unfinished { id, event, follow_up, progress, question: None });
        Admission::New(id)
    }

    fn record(&mut self, entry: EntryId, step: Step) {
        if let Some(unfinished) = self.unfinished.get_mut(&entry) {
            match step {
                Step::Sending(_) => unfinished.progress = Progress::InDoubt,
                Step::Left(rest) => unfinished.progress = Progress::Left(rest),
                Step::NothingShown => unfinished.progress = Progress::Untouched,
                Step::Acted => unfinished.progress = Progress::Acted,
                Step::Asked(question) => unfinished.question = Some(question),
                Step::Settled => unfinished.question = None,
            }
        }
    }
}

impl Inbox for MemoryInbox {
    fn admit(&self, incoming: Incoming<'_>) -> BoxFuture<'static, Result<Admission, InboxError>> {
        ready(Ok(self.state().admit(incoming))).boxed()
    }

    fn record(&self, entry: EntryId, step: Step) -> BoxFuture<'static, Result<(), InboxError>> {
        self.state().record(entry, step);
        ready(Ok(())).boxed()
    }

    fn finish(&self, entry: EntryId) -> BoxFuture<'static, Result<(), InboxError>> {
        self.state().unfinished.remove(&entry);
        ready(Ok(())).boxed()
    }

    fn page(&self, after: Option<EntryId>) -> BoxFuture<'static, Result<UnfinishedPage, InboxError>> {
        let state = self.state();
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut later = state.unfinished.range((after, Bound::Unbounded));
        let messages: Vec<_> =
            later.by_ref().take(UnfinishedPage::MESSAGES).map(|(_, left)| left.clone()).collect();
        let next = later.next().and(messages.last()).map(|last| last.id);
        ready(Ok(UnfinishedPage { messages, next })).boxed()
    }

    fn find(&self, entry: EntryId) -> BoxFuture<'static, Result<Option<Unfinished>, InboxError>> {
        ready(Ok(self.state().unfinished.get(&entry).cloned())).boxed()
    }

    fn flush(&self) -> BoxFuture<'static, Result<(), InboxError>> {
        ready(Ok(())).boxed()
    }

    fn is_durable(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use relay_wire::{Event, Source};

    use super::MemoryInbox;
    use crate::{Admission, DeliveryKeys, Incoming};

    fn event(chat: &'static str, message: &'static str) -> Event {
        Event {
            message_id: Some(message.into()),
            source: Source { platform: "discord".into(), chat_id: chat.into(), ..Source::default() },
            ..Event::default()
        }
    }

    fn is_new(inbox: &MemoryInbox, keys: DeliveryKeys) -> bool {
        let incoming = Incoming { keys, event: &Arc::default(), follow_up: None };
        matches!(inbox.state().admit(incoming), Admission::New(_))
    }

    #[test]
    fn a_delivery_is_new_once_under_either_of_its_names() {
        let inbox = MemoryInbox::default();
        let keys = |chat, message, buffer: Option<&str>| {
            DeliveryKeys::of_event(&event(chat, message), buffer.map(|id| id.parse().unwrap()).as_ref())
        };
        assert!(is_new(&inbox, keys("c", "1", None)));
        assert!(!is_new(&inbox, keys("c", "1", Some("b1"))), "live first, then buffered");
        assert!(is_new(&inbox, keys("d", "1", Some("b2"))), "another chat's first message");
        assert!(is_new(&inbox, keys("c", "2", Some("b1"))), "a buffer id that is given to another message");
    }

    #[test]
    fn an_edit_is_another_message_and_a_message_without_id_is_always_new() {
        let inbox = MemoryInbox::default();
        let mut edit = event("c", "1");
        assert!(is_new(&inbox, DeliveryKeys::of_event(&edit, None)));
        edit.source.message_is_edit = Some(true);
        assert!(is_new(&inbox, DeliveryKeys::of_event(&edit, None)));
        let unnamed = Event { message_id: None, ..event("c", "") };
        assert!(is_new(&inbox, DeliveryKeys::of_event(&unnamed, None)));
        assert!(is_new(&inbox, DeliveryKeys::of_event(&unnamed, None)));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let inbox = MemoryInbox::with_capacity(2);
        let keys = |id: &str| DeliveryKeys { buffer_id: Some(id.parse().unwrap()), message: None };
        for id in ["1", "2", "3"] {
            assert!(is_new(&inbox, keys(id)));
        }
        assert!(!is_new(&inbox, keys("3")));
        assert!(is_new(&inbox, keys("1")), "forgotten");
    }
}
