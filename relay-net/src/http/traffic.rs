//! What has moved over a connection, and when.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// The bytes of the exchange in progress. Its clones count together.
#[derive(Clone, Debug)]
pub(super) struct Traffic(Arc<Mutex<Moved>>);

/// Counted from the last [restart](Traffic::restart).
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    /// When bytes last moved.
    pub(super) last: Instant,
    pub(super) read: usize,
    pub(super) written: usize,
}

impl Moved {
    fn none() -> Self {
        Self { last: Instant::now(), read: 0, written: 0 }
    }
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Moved::none())))
    }

    /// Counts from here, for the next exchange.
    pub(super) fn restart(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Moved::none();
    }

    pub(super) fn read(&self, bytes: usize) {
        self.count(|moved| moved.read = moved.read.saturating_add(bytes));
    }

    pub(super) fn written(&self, bytes: usize) {
        self.count(|moved| moved.written = moved.written.saturating_add(bytes));
    }

    pub(super) fn moved(&self) -> Moved {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, add: impl FnOnce(&mut Moved)) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut moved);
        moved.last = Instant::now();
    }
}
