//! What a link hands up.

use relay_wire::{BufferId, FrameError, Inbound, InterruptInbound, PassthroughForward};
use tokio::sync::mpsc;

/// One delivery from the connector, in the order it came.
#[derive(Debug)]
pub enum Delivery {
    /// A message for the agent.
    Inbound(Inbound<'static>),
    /// A provider's HTTP request.
    Passthrough(PassthroughForward<'static>),
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
    /// Messages and forwards. Bounded: a slow consumer slows the socket and nothing is dropped.
    pub events: mpsc::Receiver<Delivery>,
    /// Interrupts, apart from the events so that they overtake them.
    pub interrupts: mpsc::Receiver<InterruptInbound<'static>>,
}
