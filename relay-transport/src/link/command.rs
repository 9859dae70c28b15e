//! What a handle asks of the task that owns the socket.

use relay_wire::{BufferId, Interrupt, Outbound, RequestId};
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, warn};

use crate::Outcome;
use crate::link::counters::Counters;
use crate::link::hibernation::Wish;

/// A command that never waits for room.
///
/// Its lane needs no bound of its own: there is at most one acknowledgement for each delivery handed out,
/// whose queue is bounded, one `Forget` for each request, whose lane is, and interrupts and wishes come from people.
#[derive(Debug)]
pub(crate) enum Command {
    /// Acknowledge a delivery.
    Ack(BufferId),
    /// Ask the connector to stop a session's turn.
    Interrupt(Interrupt),
    /// The caller of a request no longer waits.
    Forget(RequestId),
    /// Stop deliveries.
    Idle(Wish),
    /// Deliver again, and dial for it if the link hibernates.
    Wake,
}

impl Command {
    /// Says what becomes of a command that needs a connection where there is none.
    pub(crate) fn unsent(&self, counters: &Counters) {
        match self {
            Self::Ack(buffer_id) => {
                counters.acks_lost.one();
                debug!(%buffer_id, "an acknowledgement was lost with its connection; the delivery comes again");
            }
            Self::Interrupt(interrupt) => {
                warn!(session_key = %interrupt.session_key, "an interrupt was not sent: there is no connection");
            }
            Self::Forget(_) | Self::Idle(_) | Self::Wake => {}
        }
    }
}

/// An action to write, and where its outcome goes.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) frame: Outbound,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

impl Request {
    /// Ends a request that never reached a socket.
    pub(crate) fn not_sent(self) {
        // A caller that gave up wants to hear nothing.
        let _ = self.reply.send(Outcome::NotSent);
    }
}

/// What came out of the lanes.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "JSON maps are larger where a build keeps their order; boxing would cost every frame an allocation"
)]
pub(crate) enum Outward {
    Command(Command),
    Request(Request),
    /// Every handle is gone.
    Deserted,
}

/// The receiving ends of the two lanes; acknowledgements overtake requests.
#[derive(Debug)]
pub(crate) struct Lanes {
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    requests: mpsc::Receiver<Request>,
    /// The request that woke a hibernating link, the first to be written.
    held: Option<Request>,
    /// Requests wait for the dial in progress instead of being refused: the link was woken for them.
    pub(crate) patient: bool,
}

impl Lanes {
    pub(crate) fn new(commands: mpsc::UnboundedReceiver<Command>, requests: mpsc::Receiver<Request>) -> Self {
        Self { commands, requests, held: None, patient: false }
    }

    /// The next command, or else, if asked for, the next request. Cancel safe.
    pub(crate) async fn next(&mut self, with_requests: bool) -> Outward {
        tokio::select! {
            biased;
            command = self.commands.recv() => command.map_or(Outward::Deserted, Outward::Command),
            request = next_request(&mut self.held, &mut self.requests), if with_requests => {
                request.map_or(Outward::Deserted, Outward::Request)
            }
        }
    }

    /// What is ready, without waiting.
    pub(crate) fn try_next(&mut self, with_requests: bool) -> Option<Outward> {
        if let Ok(command) = self.commands.try_recv() {
            return Some(Outward::Command(command));
        }
        if !with_requests {
            return None;
        }
        self.held.take().or_else(|| self.requests.try_recv().ok()).map(Outward::Request)
    }

    /// Keeps a request to be the next one.
    pub(crate) fn hold(&mut self, request: Request) {
        self.held = Some(request);
    }

    /// Refuses whatever waits and whatever would still come.
    pub(crate) fn shut(&mut self) {
        self.commands.close();
        self.requests.close();
        if let Some(request) = self.held.take() {
            request.not_sent();
        }
        while let Ok(request) = self.requests.try_recv() {
            request.not_sent();
        }
    }
}

/// Cancel safe: the one that is held leaves its place only when it is handed out.
async fn next_request(held: &mut Option<Request>, lane: &mut mpsc::Receiver<Request>) -> Option<Request> {
    match held.take() {
        Some(request) => Some(request),
        None => lane.recv().await,
    }
}
