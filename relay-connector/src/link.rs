//! One live connection, as the rest of the connector sees it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_wire::{ConnectorFrame, GatewayId};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::Tenant;
use crate::authentication::Authenticated;
use crate::close::Closing;
use crate::fronts::Served;

/// A platform and bot that a gateway announced with a hello.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) served: Arc<Served>,
    pub(crate) bot_id: Option<String>,
}

/// The handle of a connection. It outlives the connection harmlessly: what it is given then goes nowhere.
pub(crate) struct Link {
    pub(crate) gateway_id: GatewayId,
    pub(crate) tenant: Tenant,
    outgoing: mpsc::Sender<Utf8Bytes>,
    closing: watch::Sender<Option<Closing>>,
    listening: Mutex<Listening>,
}

/// What a connection is sent unasked.
#[derive(Default)]
struct Listening {
    identities: Vec<Identity>,
    /// Set by `going_idle`: nothing is delivered live any more.
    idle: bool,
}

impl Listening {
    /// Whether an event of this platform, or of any, is for this gateway.
    fn wants(&self, platform: Option<&str>) -> bool {
        let announced = match platform {
            Some(platform) => self.identities.iter().any(|own| own.served.platform == platform),
            None => !self.identities.is_empty(),
        };
        announced && !self.idle
    }
}

/// What the connection's own tasks hold of it.
pub(crate) struct LinkEnds {
    pub(crate) outgoing: mpsc::Receiver<Utf8Bytes>,
    pub(crate) closing: watch::Receiver<Option<Closing>>,
}

impl Link {
    pub(crate) fn new(gateway: Authenticated, queue: usize) -> (Arc<Self>, LinkEnds) {
        let (outgoing, outgoing_end) = mpsc::channel(queue);
        let (closing, closing_end) = watch::channel(None);
        let Authenticated { gateway_id, tenant, instance: _ } = gateway;
        let link = Self { gateway_id, tenant, outgoing, closing, listening: Mutex::default() };
        (Arc::new(link), LinkEnds { outgoing: outgoing_end, closing: closing_end })
    }

    /// Ends the connection; of several reasons the first counts.
    pub(crate) fn close(&self, reason: Closing) {
        self.closing.send_if_modified(|closing| {
            let first = closing.is_none();
            if first {
                *closing = Some(reason);
            }
            first
        });
    }

    /// Queues the answer to something this gateway sent. It waits while the gateway does not read, which
    /// holds up nobody but itself.
    pub(crate) async fn answer(&self, frame: &ConnectorFrame<'_>) {
        // The queue is gone only when the connection is: nobody is left to answer.
        let _ = self.outgoing.send(line(frame)).await;
    }

    /// Queues something that nobody here waits for: an event, an interrupt. A gateway whose queue is full
    /// does not read; it is closed rather than waited for, and may dial again.
    ///
    /// `false` when the gateway does not get it.
    pub(crate) fn push(&self, platform: Option<&str>, line: &Utf8Bytes) -> bool {
        // Held while queueing, so that nothing slips behind a `going_idle_ack`.
        let listening = self.listening();
        if !listening.wants(platform) || self.closing.borrow().is_some() {
            return false;
        }
        let queued = self.outgoing.try_send(line.clone()).is_ok();
        if !queued {
            tracing::warn!(gateway = %self.gateway_id, "the gateway does not read; its connection is closed");
            self.close(Closing::SlowConsumer);
        }
        queued
    }

    /// Whether a push for this platform would be queued, or refused for want of room.
    pub(crate) fn listens(&self, platform: Option<&str>) -> bool {
        self.listening().wants(platform) && self.closing.borrow().is_none()
    }

    /// Adds an identity and answers with its descriptor, in one step: what follows the descriptor is delivered,
    /// what comes before it is not. `false` when there are too many identities.
    pub(crate) async fn announce(&self, identity: Identity, max: usize) -> bool {
        // The room is waited for first: the lock must not be held across the wait.
        let Ok(room) = self.outgoing.reserve().await else { return true };
        let descriptor = ConnectorFrame::Descriptor(Box::new(identity.served.descriptor.clone()));
        let mut listening = self.listening();
        let known = listening
            .identities
            .iter()
            .any(|own| own.served.platform == identity.served.platform && own.bot_id == identity.bot_id);
        if !known && listening.identities.len() >= max {
            return false;
        }
        if !known {
            listening.identities.push(identity);
        }
        room.send(line(&descriptor));
        true
    }

    /// The identity to act through: the named platform's first one, or the first of all.
    pub(crate) fn identity(&self, platform: Option<&str>) -> Option<Identity> {
        let listening = self.listening();
        let mut identities = listening.identities.iter();
        match platform {
            Some(platform) => identities.find(|own| own.served.platform == platform).cloned(),
            None => identities.next().cloned(),
        }
    }

    /// Stops live delivery and confirms it; nothing is delivered behind the confirmation.
    pub(crate) async fn go_idle(&self) {
        // The room is waited for first: the lock must not be held across the wait.
        let Ok(room) = self.outgoing.reserve().await else { return };
        let mut listening = self.listening();
        listening.idle = true;
        room.send(line(&ConnectorFrame::GoingIdleAck));
    }

    fn listening(&self) -> MutexGuard<'_, Listening> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A frame as the text that crosses the wire, its newline included.
pub(crate) fn line(frame: &ConnectorFrame<'_>) -> Utf8Bytes {
    let mut bytes = Vec::with_capacity(256);
    frame.encode(&mut bytes);
    Utf8Bytes::try_from(bytes).expect("frames are JSON, which is UTF-8")
}
