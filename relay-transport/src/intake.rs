//! From lines to whoever they are for.

use std::sync::Arc;

use relay_wire::{ConnectorFrame, FrameError, Line};
use tokio::sync::watch;

use crate::counters::Counters;
use crate::noise::{Fault, Noise};
use crate::pending::Pending;
use crate::printable::printable;
use crate::queue::{EventQueue, InterruptQueue};
use crate::{Delivery, Descriptors};

/// Where what is read goes. It outlives the connections: what a lost one has brought is still delivered, and the
/// descriptors stand until newer ones come.
#[derive(Debug)]
pub(crate) struct Intake {
    pub(crate) events: EventQueue,
    pub(crate) interrupts: InterruptQueue,
    pub(crate) pending: Pending,
    pub(crate) descriptors: watch::Sender<Arc<Descriptors>>,
    pub(crate) noise: Noise,
    pub(crate) counters: Arc<Counters>,
}

/// What a line means for the connection itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was a descriptor.
    Descriptor,
    /// It was a `going_idle_ack`.
    IdleAck,
    /// Nothing.
    Else,
}

impl Intake {
    /// Takes a line. Never waits, never fails.
    pub(crate) fn take(&mut self, line: &Line<'_>) -> Taken {
        let line = match line {
            Line::Complete(line) => line,
            Line::TooLong { max } => {
                self.counters.unreadable.one();
                self.noise.note(Fault::TooLong, &format_args!("its line is longer than {max} bytes"));
                return Taken::Else;
            }
        };
        match ConnectorFrame::decode(line) {
            Ok(ConnectorFrame::Descriptor(descriptor)) => {
                self.descriptors.send_modify(|known| {
                    Arc::make_mut(known).insert(descriptor.into_owned());
                });
                return Taken::Descriptor;
            }
            Ok(ConnectorFrame::GoingIdleAck) => return Taken::IdleAck,
            Ok(frame) => self.hand_on(frame),
            Err(error) => self.unreadable(error),
        }
        Taken::Else
    }

    fn hand_on(&mut self, frame: ConnectorFrame<'_>) {
        match frame.into_owned() {
            ConnectorFrame::Inbound(inbound) => {
                self.count(inbound.buffer_id.is_some());
                self.events.push(Delivery::Inbound(inbound));
            }
            ConnectorFrame::PassthroughForward(forward) => {
                self.count(forward.buffer_id.is_some());
                self.events.push(Delivery::Passthrough(forward));
            }
            ConnectorFrame::InterruptInbound(interrupt) => {
                self.counters.interrupts.one();
                self.interrupts.push(interrupt);
            }
            ConnectorFrame::OutboundResult(reply) => {
                if !self.pending.resolve(&reply.request_id, reply.result) {
                    let id = printable(reply.request_id.as_str());
                    self.noise.note(
                        Fault::StrayResult,
                        &format_args!(
                            "nobody waits for the result of request {id}: late, repeated or not ours"
                        ),
                    );
                }
            }
            frame @ (ConnectorFrame::Descriptor(_)
            | ConnectorFrame::GoingIdleAck
            | ConnectorFrame::Unknown(_)) => {
                let kind = printable(frame.kind());
                self.noise
                    .note(Fault::UnknownFrame, &format_args!("this version has no use for type {kind}"));
            }
        }
    }

    fn count(&self, buffered: bool) {
        self.counters.events.one();
        self.counters.buffered.add(buffered.into());
    }

    fn unreadable(&mut self, error: FrameError) {
        self.counters.unreadable.one();
        self.noise.note(Fault::of(&error), &error);
        if let Some(buffer_id) = error.buffer_id().cloned() {
            self.counters.buffered.one();
            self.events.push(Delivery::Unreadable { buffer_id, error });
        }
    }
}
