//! The way of events from a front to the gateways.

use std::sync::{Arc, Weak};

use relay_wire::{ConnectorFrame, Event, Inbound};

use crate::Tenant;
use crate::roster::Roster;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// So many gateways were sent it. Nothing is known yet of what they make of it.
    Delivered(usize),
    /// No gateway of the tenant is connected, serves the platform and is awake. The event is not kept.
    NobodyConnected,
}

/// Takes a front's events. It never waits: a gateway that does not read is closed, not waited for.
#[derive(Clone)]
pub struct EventSink {
    /// Weak, since the connector owns its fronts and a front owns its sink.
    roster: Weak<Roster>,
    platform: Arc<str>,
}

impl EventSink {
    pub(crate) fn new(roster: &Arc<Roster>, platform: &str) -> Self {
        Self { roster: Arc::downgrade(roster), platform: platform.into() }
    }

    /// Sends an event to every gateway of the tenant that announced the front's platform.
    pub fn deliver(&self, tenant: &Tenant, event: Event<'_>) -> Delivery {
        let Some(roster) = self.roster.upgrade() else { return Delivery::NobodyConnected };
        let frame = ConnectorFrame::Inbound(Inbound { event: Box::new(event), buffer_id: None });
        match roster.fan_out(tenant, Some(&self.platform), None, &frame) {
            0 => Delivery::NobodyConnected,
            gateways => Delivery::Delivered(gateways),
        }
    }

    /// Completes once an event of the tenant would reach a gateway: at once, if it would now. Never, when the
    /// connector is gone.
    pub async fn reachable(&self, tenant: &Tenant) {
        let Some(mut changes) = self.roster.upgrade().map(|roster| roster.changes()) else {
            return std::future::pending().await;
        };
        loop {
            let listeners = self.roster.upgrade().map(|roster| roster.listeners(tenant, &self.platform));
            if listeners.is_some_and(|listeners| listeners > 0) {
                return;
            }
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}
