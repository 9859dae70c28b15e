//! The inbox that lives as long as the process.

use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use crate::recent::Recent;
use crate::{Admission, DeliveryKeys, Inbox, InboxError};

/// How many names are kept unless told otherwise; at some hundred bytes each, a few MiB.
const DEFAULT_CAPACITY: usize = 10_000;

/// An inbox in memory: a redelivery is recognized until the process ends, or until `capacity` newer names
/// have come.
#[derive(Debug)]
pub struct MemoryInbox {
    seen: Mutex<Recent<String, ()>>,
}

impl Default for MemoryInbox {
    fn default() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }
}

impl MemoryInbox {
    /// An inbox that keeps this many names.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { seen: Mutex::new(Recent::new(capacity)) }
    }

    fn take(&self, keys: DeliveryKeys) -> Admission {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<String> = keys
            .buffer_id
            .map(|id| format!("buffer:{id}"))
            .into_iter()
            .chain(keys.message.map(|message| format!("message:{message}")))
            .collect();
        let known = names.iter().any(|name| seen.get(name).is_some());
        for name in names {
            seen.insert(name, ());
        }
        if known { Admission::Duplicate } else { Admission::New }
    }
}

impl Inbox for MemoryInbox {
    fn admit(&self, keys: DeliveryKeys) -> BoxFuture<'_, Result<Admission, InboxError>> {
        ready(Ok(self.take(keys))).boxed()
    }
}

#[cfg(test)]
mod tests {
    use relay_wire::{Event, Source};

    use super::MemoryInbox;
    use crate::{Admission, DeliveryKeys};

    fn event(chat: &'static str, message: &'static str) -> Event<'static> {
        Event {
            message_id: Some(message.into()),
            source: Source { platform: "discord".into(), chat_id: chat.into(), ..Source::default() },
            ..Event::default()
        }
    }

    #[test]
    fn a_delivery_is_new_once_under_either_of_its_names() {
        let inbox = MemoryInbox::default();
        let keys = |chat, message, buffer: Option<&str>| {
            DeliveryKeys::of_event(&event(chat, message), buffer.map(Into::into).as_ref())
        };
        assert_eq!(inbox.take(keys("c", "1", None)), Admission::New);
        assert_eq!(inbox.take(keys("c", "1", Some("b1"))), Admission::Duplicate, "live first, then buffered");
        assert_eq!(inbox.take(keys("c", "2", Some("b1"))), Admission::Duplicate, "the same delivery");
        assert_eq!(inbox.take(keys("d", "1", Some("b2"))), Admission::New, "another chat's first message");
    }

    #[test]
    fn an_edit_is_another_message_and_a_message_without_id_is_always_new() {
        let inbox = MemoryInbox::default();
        let mut edit = event("c", "1");
        assert_eq!(inbox.take(DeliveryKeys::of_event(&edit, None)), Admission::New);
        edit.source.message_is_edit = Some(true);
        assert_eq!(inbox.take(DeliveryKeys::of_event(&edit, None)), Admission::New);
        let unnamed = Event { message_id: None, ..event("c", "") };
        assert_eq!(inbox.take(DeliveryKeys::of_event(&unnamed, None)), Admission::New);
        assert_eq!(inbox.take(DeliveryKeys::of_event(&unnamed, None)), Admission::New);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let inbox = MemoryInbox::with_capacity(2);
        let keys = |id: &str| DeliveryKeys { buffer_id: Some(id.into()), message: None };
        for id in ["1", "2", "3"] {
            assert_eq!(inbox.take(keys(id)), Admission::New);
        }
        assert_eq!(inbox.take(keys("3")), Admission::Duplicate);
        assert_eq!(inbox.take(keys("1")), Admission::New, "forgotten");
    }
}
