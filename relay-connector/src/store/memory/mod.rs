//! A store that ends with its process.

mod buffer;
mod fronts;
mod gateways;

use std::sync::{Mutex, MutexGuard, PoisonError};

use self::buffer::Buffers;
use self::fronts::FrontRecords;
use self::gateways::Gateways;

/// Gateways, buffers and what fronts keep, in memory: for demos, tests, and connectors whose gateways enroll at each start.
#[derive(Debug, Default)]
pub struct MemoryStore {
    // Where several are locked, in this order.
    gateways: Mutex<Gateways>,
    buffers: Mutex<Buffers>,
    fronts: Mutex<FrontRecords>,
}

impl MemoryStore {
    fn gateways_now(&self) -> MutexGuard<'_, Gateways> {
        self.gateways.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fronts_now(&self) -> MutexGuard<'_, FrontRecords> {
        self.fronts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn buffers_now(&self) -> MutexGuard<'_, Buffers> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
