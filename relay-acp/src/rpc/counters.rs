//! What an agent wrote that was not used, by reason.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the process started; none of it reaches a chat.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    too_long: AtomicU64,
    no_message: AtomicU64,
    unreadable: AtomicU64,
    ignored: AtomicU64,
    dropped: AtomicU64,
}

/// What of a process's output was skipped so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// Lines beyond [`Limits::line`](crate::Limits::line).
    pub too_long: u64,
    /// Lines that are no JSON-RPC: greetings, progress, half a line.
    pub no_message: u64,
    /// Messages of a known method with content of an unknown shape.
    pub unreadable: u64,
    /// Notifications and requests of unknown methods.
    pub ignored: u64,
    /// Updates that nobody waited for: after a stop, replayed, or beyond a session's bound.
    pub dropped: u64,
}

macro_rules! counts {
    ($($name:ident),*) => {
        $(pub(crate) fn $name(&self) {
            self.$name.fetch_add(1, Ordering::Relaxed);
        })*
    };
}

impl Counters {
    counts!(too_long, no_message, unreadable, ignored, dropped);

    pub(crate) fn read(&self) -> Skipped {
        Skipped {
            too_long: self.too_long.load(Ordering::Relaxed),
            no_message: self.no_message.load(Ordering::Relaxed),
            unreadable: self.unreadable.load(Ordering::Relaxed),
            ignored: self.ignored.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
        }
    }
}
