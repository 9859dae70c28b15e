//! What a link hands up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relay_wire::{BufferId, FrameError, Inbound, InterruptInbound, PassthroughForward};
use tokio::sync::{Notify, mpsc};

/// One delivery from the connector, in the order it came.
#[derive(Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// A message for the agent.
    Inbound(Inbound),
    /// A provider's HTTP request.
    Passthrough(PassthroughForward),
    /// A buffered delivery that can never be read. It must be acknowledged, or it comes again forever and
    /// holds up what is behind it.
    Unreadable {
        /// What to acknowledge.
        buffer_id: BufferId,
        /// Why it cannot be read.
        error: FrameError,
    },
}

/// The receiving ends of a link, for its one consumer.
#[derive(Debug)]
pub struct Deliveries {
    events: Events,
    interrupts: mpsc::Receiver<InterruptInbound>,
}

impl Deliveries {
    /// The receiving ends of a transport: a [`Link`](crate::Link) makes its own.
    pub fn new(events: impl Into<Events>, interrupts: mpsc::Receiver<InterruptInbound>) -> Self {
        Self { events: events.into(), interrupts }
    }

    /// Messages and forwards. Bounded: a slow consumer slows the socket and nothing is dropped.
    pub fn events(&mut self) -> &mut Events {
        &mut self.events
    }

    /// Interrupts, apart from the events so that they overtake them.
    pub fn interrupts(&mut self) -> &mut mpsc::Receiver<InterruptInbound> {
        &mut self.interrupts
    }

    /// Both, for a consumer that takes them in two places: events, then interrupts.
    pub fn into_parts(self) -> (Events, mpsc::Receiver<InterruptInbound>) {
        (self.events, self.interrupts)
    }
}

/// The consumer's end of the event queue, which is bounded by count and by bytes.
#[derive(Debug)]
pub struct Events {
    receiver: mpsc::Receiver<Delivery>,
    taken: Arc<TakenCount>,
}

impl Events {
    pub(crate) fn new(receiver: mpsc::Receiver<Delivery>, taken: Arc<TakenCount>) -> Self {
        Self { receiver, taken }
    }

    /// The next delivery; `None` once the link has ended and everything was taken. Cancel safe.
    pub async fn recv(&mut self) -> Option<Delivery> {
        let delivery = self.receiver.recv().await?;
        self.taken.one();
        Some(delivery)
    }
}

/// A queue of one's own, for a transport that is no link.
impl From<mpsc::Receiver<Delivery>> for Events {
    fn from(receiver: mpsc::Receiver<Delivery>) -> Self {
        Self::new(receiver, Arc::default())
    }
}

/// How many deliveries the consumer has taken; the queue knows from it which bytes are gone.
#[derive(Debug, Default)]
pub(crate) struct TakenCount {
    count: AtomicU64,
    changed: Notify,
}

impl TakenCount {
    fn one(&self) {
        self.count.fetch_add(1, Ordering::Release);
        self.changed.notify_one();
    }

    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// Waits until more was taken; also returns at once when it was taken before the call.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}
