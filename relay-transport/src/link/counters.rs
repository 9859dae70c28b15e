//! What a link has done so far, in numbers.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Outcome;
use crate::link::reconnect::Initiator;

/// A number that only grows. Nothing is ordered by it, so the cheapest way to count will do.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The counters of one link, over all its connections.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) dials: Counter,
    pub(crate) connections: Counter,
    disconnects_by_connector: Counter,
    disconnects_by_network: Counter,
    disconnects_by_link: Counter,
    pub(crate) events: Counter,
    pub(crate) buffered: Counter,
    pub(crate) interrupts: Counter,
    pub(crate) unreadable: Counter,
    pub(crate) acks: Counter,
    pub(crate) acks_lost: Counter,
    delivered: Counter,
    declined: Counter,
    failed: Counter,
    not_sent: Counter,
    unknown: Counter,
}

/// What a link has counted since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkCounts {
    /// Dials, successful or not.
    pub dials: u64,
    /// Connections that went live.
    pub connections: u64,
    /// Disconnects, dials that failed among them, where the connector said why.
    pub disconnects_by_connector: u64,
    /// The same where something between was the cause, or nobody said anything.
    pub disconnects_by_network: u64,
    /// The same where this side could not go on.
    pub disconnects_by_link: u64,
    /// Messages and forwarded requests that came, redelivered ones included.
    pub events: u64,
    /// Those of them that have a buffer id and ask for an acknowledgement.
    pub buffered: u64,
    /// Interrupts that came.
    pub interrupts: u64,
    /// Lines that could not be read: malformed, or too long.
    pub unreadable: u64,
    /// Acknowledgements handed to a socket.
    pub acks: u64,
    /// Acknowledgements that came when there was no socket; their deliveries come again.
    pub acks_lost: u64,
    /// Actions that the connector performed.
    pub delivered: u64,
    /// Actions that it refused.
    pub declined: u64,
    /// Actions that the platform did not take.
    pub failed: u64,
    /// Actions that never reached a socket.
    pub not_sent: u64,
    /// Actions of which nobody knows what became.
    pub unknown: u64,
}

impl Counters {
    pub(crate) fn disconnected(&self, initiator: Initiator) {
        match initiator {
            Initiator::Connector => self.disconnects_by_connector.one(),
            Initiator::Network => self.disconnects_by_network.one(),
            Initiator::Link => self.disconnects_by_link.one(),
            // Closing one's own link is no fault of anybody's.
            Initiator::Owner => {}
        }
    }

    pub(crate) fn ended(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Delivered(_) => self.delivered.one(),
            Outcome::Declined(_) => self.declined.one(),
            Outcome::Failed(_) => self.failed.one(),
            Outcome::NotSent => self.not_sent.one(),
            Outcome::Unknown => self.unknown.one(),
        }
    }

    pub(crate) fn counts(&self) -> LinkCounts {
        LinkCounts {
            dials: self.dials.get(),
            connections: self.connections.get(),
            disconnects_by_connector: self.disconnects_by_connector.get(),
            disconnects_by_network: self.disconnects_by_network.get(),
            disconnects_by_link: self.disconnects_by_link.get(),
            events: self.events.get(),
            buffered: self.buffered.get(),
            interrupts: self.interrupts.get(),
            unreadable: self.unreadable.get(),
            acks: self.acks.get(),
            acks_lost: self.acks_lost.get(),
            delivered: self.delivered.get(),
            declined: self.declined.get(),
            failed: self.failed.get(),
            not_sent: self.not_sent.get(),
            unknown: self.unknown.get(),
        }
    }
}
