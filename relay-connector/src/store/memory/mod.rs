//! A store that ends with its process.

mod buffer;
mod gateways;

use std::sync::{Mutex, MutexGuard, PoisonError};

use self::buffer::Buffers;
use self::gateways::Gateways;

/// Gateways and buffers in memory: for demos, tests, and connectors whose gateways enroll at each start.
#[derive(Debug, Default)]
pub struct MemoryStore {
    // Where both are locked, the gateways are locked first.
    gateways: Mutex<Gateways>,
    buffers: Mutex<Buffers>,
}

impl MemoryStore {
    fn gateways_now(&self) -> MutexGuard<'_, Gateways> {
        self.gateways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn buffers_now(&self) -> MutexGuard<'_, Buffers> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
