//! What is read at the moment of a scrape.

use crate::{Backlog, FrontState};

/// What rises and falls.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// Gateways that are connected.
    pub(crate) connections: usize,
    /// Deliveries that are sent and not acknowledged.
    pub(crate) in_flight: usize,
    /// What waits in all buffers; `None` where the store cannot be read.
    pub(crate) backlog: Option<Backlog>,
    /// How each front stands, by its platform.
    pub(crate) fronts: Vec<(String, FrontState)>,
}
