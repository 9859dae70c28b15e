//! One live connection, as the rest of the connector sees it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_wire::{BufferId, CapabilityDescriptor, ConnectorFrame, GatewayId};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::access::authentication::Authenticated;
use crate::delivery::buffer_ids::BufferIds;
use crate::delivery::closing::Closing;
use crate::delivery::in_flight_window::InFlightWindow;
use crate::delivery::instance_delivery::{Departure, InstanceDelivery};
use crate::front::fronts::Served;
use crate::metrics::Metrics;
use crate::{Buffered, Limits, Seq, Tenant};

/// Interrupts that wait to be written. They overtake everything, so there are more only while nothing is read.
const URGENT: usize = 64;

/// Acks that wait to be stored; beyond it they are forgotten, and what they were for comes again.
const ACKS: usize = 1024;

/// A platform and bot that a gateway announced with a hello.
#[derive(Clone)]
pub(crate) struct Announced {
    pub(crate) served: Arc<Served>,
    pub(crate) bot_id: Option<String>,
}

/// The handle of a connection. It outlives the connection harmlessly: what it is given then goes nowhere.
pub(crate) struct GatewayConnection {
    /// Tells this connection from every other one of the process.
    pub(crate) number: u64,
    pub(crate) gateway_id: GatewayId,
    pub(crate) tenant: Tenant,
    pub(crate) instance_delivery: Arc<InstanceDelivery>,
    metrics: Metrics,
    ids: BufferIds,
    urgent: mpsc::Sender<Utf8Bytes>,
    outgoing: mpsc::Sender<Outgoing>,
    acks: mpsc::Sender<Seq>,
    closing: watch::Sender<Option<Closing>>,
    /// The third lock of delivery's order.
    listening: Mutex<Listening>,
    /// The last lock of delivery's order; nothing is locked while it is held.
    in_flight: Mutex<InFlightWindow>,
    /// Bytes of what was sent past the buffer and is not written yet.
    past: AtomicUsize,
    /// Its end is being accounted for.
    settling: AtomicBool,
}

/// A line on its way to the socket.
pub(crate) struct Outgoing {
    pub(crate) line: Utf8Bytes,
    pub(crate) kind: OutgoingKind,
}

impl Outgoing {
    /// A ping in its place among the lines: its answer says that those before it were read.
    pub(crate) fn ping() -> Self {
        Self { line: Utf8Bytes::default(), kind: OutgoingKind::Ping(0) }
    }
}

/// What has to be noted once a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutgoingKind {
    /// Nothing: somebody waits for it.
    Answer,
    /// That its ack may be expected from now on.
    Delivery(Seq),
    /// That the answer to this ping may be expected from now on; it has no line, and its number only once it is written.
    Ping(u64),
    /// That it weighs on the connection no longer.
    Past,
}

/// What a connection is sent unasked.
#[derive(Default)]
struct Listening {
    identities: Vec<Announced>,
    /// Set by `going_idle`: nothing is delivered any more.
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
pub(crate) struct ConnectionEnds {
    pub(crate) urgent: mpsc::Receiver<Utf8Bytes>,
    pub(crate) outgoing: mpsc::Receiver<Outgoing>,
    pub(crate) acks: mpsc::Receiver<Seq>,
    pub(crate) closing: watch::Receiver<Option<Closing>>,
}

impl GatewayConnection {
    pub(crate) fn new(
        gateway: Authenticated,
        instance_delivery: Arc<InstanceDelivery>,
        ids: BufferIds,
        number: u64,
        queue: usize,
        metrics: Metrics,
    ) -> (Arc<Self>, ConnectionEnds) {
        let (urgent, urgent_end) = mpsc::channel(URGENT);
        let (outgoing, outgoing_end) = mpsc::channel(queue);
        let (acks, acks_end) = mpsc::channel(ACKS);
        let (closing, closing_end) = watch::channel(None);
        let Authenticated { gateway_id, tenant, instance: _ } = gateway;
        let connection = Self {
            number,
            gateway_id,
            tenant,
            instance_delivery,
            metrics,
            ids,
            urgent,
            outgoing,
            acks,
            closing,
            listening: Mutex::default(),
            in_flight: Mutex::default(),
            past: AtomicUsize::new(0),
            settling: AtomicBool::new(false),
        };
        let ends = ConnectionEnds {
            urgent: urgent_end,
            outgoing: outgoing_end,
            acks: acks_end,
            closing: closing_end,
        };
        (Arc::new(connection), ends)
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
    pub(crate) async fn answer(&self, frame: &ConnectorFrame) {
        let answer = Outgoing { line: line(frame), kind: OutgoingKind::Answer };
        // The queue is gone only when the connection is: nobody is left to answer.
        let _ = self.outgoing.send(answer).await;
    }

    /// Queues an interrupt, past everything else. A gateway with so many unread does not read at all; it is
    /// closed rather than waited for, and may dial again.
    ///
    /// `false` when the gateway does not get it.
    pub(crate) fn interrupt(&self, line: &Utf8Bytes) -> bool {
        // Held while queueing, so that nothing slips behind a `going_idle_ack`.
        let listening = self.listening();
        if !listening.wants(None) || self.is_closing() {
            return false;
        }
        let queued = self.urgent.try_send(line.clone()).is_ok();
        if !queued {
            tracing::warn!(gateway = %self.gateway_id, "the gateway does not read; its connection is closed");
            self.close(Closing::SlowConsumer);
        }
        queued
    }

    /// Sends what the buffer holds, once there is room in the queue. A suspect is sent with a ping behind it.
    pub(crate) async fn deliver(self: &Arc<Self>, delivery: &Buffered, limits: &Limits) -> Departure {
        let alone = delivery.is_suspect();
        let Ok(mut room) = self.outgoing.reserve_many(1 + usize::from(alone)).await else {
            return Departure::Refused;
        };
        let seq = delivery.seq;
        let line = self.ids.label(&delivery.line, seq);
        let departure =
            self.instance_delivery.depart(self, &delivery.platform, seq, limits.buffer.items, || {
                self.in_flight().begin(seq, line.len(), alone);
                let delivery = Outgoing { line, kind: OutgoingKind::Delivery(seq) };
                room.by_ref()
                    .zip(std::iter::once(delivery).chain(alone.then(Outgoing::ping)))
                    .for_each(|(room, outgoing)| room.send(outgoing));
            });
        if departure == Departure::Sent {
            self.metrics.sent();
        }
        departure
    }

    /// Asks the gateway for a sign of life: the number of the ping that has to be answered.
    pub(crate) async fn ping(&self) -> u64 {
        let ping = self.in_flight().ping_to_come();
        // The queue is gone only when the connection is: nobody waits for an answer then.
        let _ = self.outgoing.send(Outgoing::ping()).await;
        ping
    }

    /// The gateway answered a ping.
    pub(crate) fn ponged(&self, number: u64) {
        self.in_flight().ponged(number, Instant::now());
        // What waits for it may go on.
        self.instance_delivery.tick();
    }

    /// Sends an event past the buffer; `false` when there is no room for it.
    pub(crate) fn send_past(&self, line: Utf8Bytes, limits: &Limits) -> bool {
        let bytes = line.len();
        let queued = self.past.load(Ordering::Relaxed);
        if queued > 0 && queued.saturating_add(bytes) > limits.window_bytes {
            return false;
        }
        // Before it can be written, so that the difference is never below zero.
        self.past.fetch_add(bytes, Ordering::Relaxed);
        let sent = self.outgoing.try_send(Outgoing { line, kind: OutgoingKind::Past }).is_ok();
        if !sent {
            self.past.fetch_sub(bytes, Ordering::Relaxed);
        }
        sent
    }

    /// The socket took a line.
    pub(crate) fn written(&self, kind: OutgoingKind, bytes: usize) {
        match kind {
            OutgoingKind::Answer => {}
            OutgoingKind::Delivery(seq) => {
                self.in_flight().written(seq, Instant::now());
                // The wait for its ack begins.
                self.instance_delivery.tick();
            }
            OutgoingKind::Ping(number) => self.in_flight().pinged(number, Instant::now()),
            OutgoingKind::Past => drop(self.past.fetch_sub(bytes, Ordering::Relaxed)),
        }
    }

    /// Takes an ack; `false` when it names nothing of this connector's, or when too many wait to be stored.
    pub(crate) fn acked(&self, id: &BufferId) -> bool {
        let Some(seq) = self.ids.seq(id) else { return false };
        let mut in_flight = self.in_flight();
        let written = in_flight.written_at(seq);
        let ended = in_flight.end(seq, Instant::now());
        drop(in_flight);
        if ended {
            self.metrics.acknowledged(written.map(|written| written.elapsed()));
            self.instance_delivery.tick();
        }
        self.acks.try_send(seq).is_ok()
    }

    pub(crate) fn in_flight(&self) -> MutexGuard<'_, InFlightWindow> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether deliveries of this platform, or of any, go to this connection.
    pub(crate) fn listens(&self, platform: Option<&str>) -> bool {
        self.listening().wants(platform) && !self.is_closing()
    }

    /// Does this unless the connection is idle or ends; whether it was done. Nothing slips in between.
    pub(crate) fn while_awake(&self, act: impl FnOnce()) -> bool {
        let listening = self.listening();
        let awake = !listening.idle && !self.is_closing();
        if awake {
            act();
        }
        awake
    }

    /// The platforms that were announced, in order.
    pub(crate) fn platforms(&self) -> Vec<String> {
        let mut platforms: Vec<String> =
            self.listening().identities.iter().map(|identity| identity.served.platform.clone()).collect();
        platforms.sort_unstable();
        platforms.dedup();
        platforms
    }

    /// Adds an identity and answers with its descriptor, in one step: what follows the descriptor is delivered,
    /// what comes before it is not. `false` when there are too many identities.
    pub(crate) async fn announce(
        &self,
        identity: Announced,
        descriptor: &CapabilityDescriptor,
        max: usize,
    ) -> bool {
        // The room is waited for first: the lock must not be held across the wait.
        let Ok(room) = self.outgoing.reserve().await else { return true };
        let descriptor = ConnectorFrame::Descriptor(Box::new(descriptor.clone()));
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
        room.send(Outgoing { line: line(&descriptor), kind: OutgoingKind::Answer });
        drop(listening);
        self.instance_delivery.announced();
        true
    }

    /// The identity to act through: the named platform's first one, or the first of all.
    pub(crate) fn identity(&self, platform: Option<&str>) -> Option<Announced> {
        let listening = self.listening();
        let mut identities = listening.identities.iter();
        match platform {
            Some(platform) => identities.find(|own| own.served.platform == platform).cloned(),
            None => identities.next().cloned(),
        }
    }

    /// Stops delivery and confirms it; nothing is delivered behind the confirmation.
    pub(crate) async fn go_idle(&self) {
        // The room is waited for first: the lock must not be held across the wait.
        let Ok(room) = self.outgoing.reserve().await else { return };
        let mut listening = self.listening();
        listening.idle = true;
        room.send(Outgoing { line: line(&ConnectorFrame::GoingIdleAck), kind: OutgoingKind::Answer });
        drop(listening);
        // Another connection of the instance may have to take over.
        self.instance_delivery.tick();
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.listening().idle
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.borrow().is_some()
    }

    /// Marks that its end is being accounted for; whether this is the first to do so.
    pub(crate) fn begin_settling(&self) -> bool {
        !self.settling.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn is_settling(&self) -> bool {
        self.settling.load(Ordering::Relaxed)
    }

    fn listening(&self) -> MutexGuard<'_, Listening> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A frame as the text that crosses the wire, its newline included.
pub(crate) fn line(frame: &ConnectorFrame) -> Utf8Bytes {
    let mut bytes = Vec::with_capacity(256);
    frame.encode(&mut bytes);
    Utf8Bytes::try_from(bytes).expect("frames are JSON, which is UTF-8")
}
