//! A message that waits in its session: held, or left in the inbox until its turn comes.

use super::Message;
use crate::EntryId;

/// What is held in memory of all that waits; the rest is read again, which costs a look into the inbox.
const MOST_HELD: usize = 1024;
const MOST_HELD_BYTES: usize = 4 * 1024 * 1024;

/// A message that waits.
#[derive(Debug)]
pub(crate) enum Waiting {
    Held(Box<Message>),
    Stored(Stored),
}

/// A message that is in the inbox alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stored {
    pub(crate) entry: EntryId,
    /// As in [`Message`].
    pub(crate) size: u32,
    /// An earlier run took it.
    pub(crate) is_recovered: bool,
}

/// How much is held.
#[derive(Debug, Default)]
pub(super) struct Held {
    messages: usize,
    bytes: usize,
}

impl Held {
    /// Holds a message, unless too much is held already.
    pub(super) fn keep(&mut self, message: Box<Message>) -> Waiting {
        let size = message.size as usize;
        if self.messages >= MOST_HELD || self.bytes + size > MOST_HELD_BYTES {
            let Message { entry, size, ref recovered, .. } = *message;
            return Waiting::Stored(Stored { entry, size, is_recovered: recovered.is_some() });
        }
        self.messages += 1;
        self.bytes += size;
        Waiting::Held(message)
    }

    /// A message waits no more.
    pub(super) fn give(&mut self, message: &Waiting) {
        if let Waiting::Held(message) = message {
            self.messages -= 1;
            self.bytes -= message.size as usize;
        }
    }
}
