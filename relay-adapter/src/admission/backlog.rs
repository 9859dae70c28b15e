//! How much is taken and not done with, and whether there may be more.

use std::sync::atomic::{AtomicUsize, Ordering};

use relay_wire::Event;
use tokio::sync::Notify;

/// What an event weighs beside its texts, in bytes.
const ENVELOPE: usize = 256;

/// The messages that are open. Beyond its bounds nothing is taken: what is not taken is not acknowledged, and whoever
/// has it keeps it.
#[derive(Debug)]
pub(crate) struct Backlog {
    messages: AtomicUsize,
    bytes: AtomicUsize,
    most_messages: usize,
    most_bytes: usize,
    freed: Notify,
}

impl Backlog {
    /// At least one message is always taken.
    pub(crate) fn new(most_messages: usize, most_bytes: usize) -> Self {
        Self {
            messages: AtomicUsize::default(),
            bytes: AtomicUsize::default(),
            most_messages: most_messages.max(1),
            most_bytes: most_bytes.max(1),
            freed: Notify::new(),
        }
    }

    /// Whether one more may be taken, with so many on their way.
    pub(crate) fn has_room(&self, on_their_way: usize) -> bool {
        self.messages.load(Ordering::Relaxed) + on_their_way < self.most_messages
            && self.bytes.load(Ordering::Relaxed) < self.most_bytes
    }

    pub(crate) fn begun(&self, size: u32) {
        self.messages.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(size as usize, Ordering::Relaxed);
    }

    pub(crate) fn ended(&self, size: u32) {
        self.bytes.fetch_sub(size as usize, Ordering::Relaxed);
        self.messages.fetch_sub(1, Ordering::Relaxed);
        self.freed.notify_one();
    }

    /// Waits until a message is done with; returns at once where one was since the last call.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }
}

/// How much an event takes to keep, roughly and in bytes.
pub(crate) fn size_of(event: &Event) -> u32 {
    let context = event.context.iter().map(|message| message.text.len() + ENVELOPE);
    let urls = event.media_urls.iter().map(String::len);
    let size = event.text.len() + ENVELOPE + context.chain(urls).sum::<usize>();
    u32::try_from(size).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::Backlog;

    #[test]
    fn messages_and_bytes_are_bounded_and_one_message_is_always_taken() {
        let backlog = Backlog::new(3, 100);
        assert!(backlog.has_room(2) && !backlog.has_room(3));
        backlog.begun(500);
        assert!(!backlog.has_room(0), "by bytes");
        backlog.ended(500);
        for _ in 0..3 {
            assert!(backlog.has_room(0));
            backlog.begun(1);
        }
        assert!(!backlog.has_room(0), "by count");
        assert!(Backlog::new(0, 0).has_room(0));
    }
}
