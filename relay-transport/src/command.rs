//! What a handle asks of the task that owns the socket.

use relay_wire::{BufferId, Interrupt, Outbound, RequestId};
use tokio::sync::{mpsc, oneshot};

use crate::Outcome;

/// A command that never waits for room.
///
/// Its lane needs no bound of its own: there is at most one acknowledgement for each delivery handed out,
/// whose queue is bounded, one `Forget` for each request, whose lane is, and interrupts are typed by people.
#[derive(Debug)]
pub(crate) enum Command {
    /// Acknowledge a delivery.
    Ack(BufferId),
    /// Ask the connector to stop a session's turn.
    Interrupt(Interrupt<'static>),
    /// The caller of a request no longer waits.
    Forget(RequestId),
}

/// An action to write, and where its outcome goes.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) frame: Outbound<'static>,
    pub(crate) reply: oneshot::Sender<Outcome>,
}

impl Request {
    /// Ends a request that never reached a socket.
    pub(crate) fn not_sent(self) {
        // A caller that gave up wants to hear nothing.
        let _ = self.reply.send(Outcome::NotSent);
    }
}

/// The receiving ends of the two lanes; acknowledgements overtake requests.
#[derive(Debug)]
pub(crate) struct Lanes {
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) requests: mpsc::Receiver<Request>,
}

impl Lanes {
    /// Refuses whatever waits and whatever would still come.
    pub(crate) fn shut(&mut self) {
        self.commands.close();
        self.requests.close();
        while let Ok(request) = self.requests.try_recv() {
            request.not_sent();
        }
    }
}
