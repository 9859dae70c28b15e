//! From lines to whoever they are for.

use std::sync::Arc;

use relay_wire::{CapabilityDescriptor, ConnectorFrame, FrameError, Line};
use tokio::sync::watch;

use super::queue::{EventQueue, InterruptQueue};
use crate::link::connection::{Noise, PeerFault, Pending};
use crate::link::counters::Counters;
use crate::{Delivery, Descriptors};
use relay_net::printable;

/// Where what is read goes. It outlives the connections: what a lost one has brought is still delivered, and the
/// descriptors stand until newer ones come.
#[derive(Debug)]
pub(crate) struct InboundQueues {
    pub(crate) events: EventQueue,
    pub(crate) interrupts: InterruptQueue,
    pub(crate) pending: Pending,
    pub(crate) descriptors: watch::Sender<Arc<Descriptors>>,
    pub(crate) noise: Noise,
    pub(crate) counters: Arc<Counters>,
}

/// The longest `interrupt_inbound` taken, in bytes: it holds a session key and a chat id. With the bound of their
/// queue this bounds the memory that interrupts may take.
const MAX_INTERRUPT: usize = 16 * 1024;

/// The longest `descriptor` taken, in bytes, and the most platforms. What a connection says of platforms is kept
/// for good, so it must not grow with what a peer likes to say.
const MAX_DESCRIPTOR: usize = 64 * 1024;
const MAX_PLATFORMS: usize = 64;

/// What a line means for the connection itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineMeaning {
    /// It was a descriptor.
    Descriptor,
    /// It was a `going_idle_ack`.
    IdleAck,
    /// Nothing.
    Else,
}

impl InboundQueues {
    /// Takes a line. Never waits, never fails.
    pub(crate) fn take(&mut self, line: &Line<'_>) -> LineMeaning {
        let line = match line {
            Line::Complete(line) => line,
            Line::TooLong { max } => {
                self.counters.unreadable.one();
                self.noise.note(PeerFault::TooLong, &format_args!("its line is longer than {max} bytes"));
                return LineMeaning::Else;
            }
        };
        match ConnectorFrame::decode(line) {
            Ok(ConnectorFrame::Descriptor(descriptor)) => {
                return self.describe(*descriptor, line.len());
            }
            Ok(ConnectorFrame::GoingIdleAck) => return LineMeaning::IdleAck,
            Ok(frame) => self.hand_on(frame, line.len()),
            Err(error) => self.unreadable(error, line.len()),
        }
        LineMeaning::Else
    }

    fn describe(&mut self, descriptor: CapabilityDescriptor, length: usize) -> LineMeaning {
        let known = self.descriptors.borrow();
        let room = known.knows(&descriptor.platform) || known.platforms().count() < MAX_PLATFORMS;
        drop(known);
        if length > MAX_DESCRIPTOR || !room {
            self.counters.unreadable.one();
            let bounds = format_args!(
                "a descriptor of {length} bytes; taken are up to {MAX_DESCRIPTOR} bytes and {MAX_PLATFORMS} platforms"
            );
            self.noise.note(PeerFault::Excess, &bounds);
            return LineMeaning::Else;
        }
        self.descriptors.send_modify(|known| Arc::make_mut(known).insert(descriptor));
        LineMeaning::Descriptor
    }

    /// `length` is that of the frame's line.
    fn hand_on(&mut self, frame: ConnectorFrame, length: usize) {
        match frame {
            ConnectorFrame::Inbound(inbound) => {
                self.count(inbound.buffer_id.is_some());
                self.events.push(Delivery::Inbound(inbound), length);
            }
            ConnectorFrame::PassthroughForward(forward) => {
                self.count(forward.buffer_id.is_some());
                self.events.push(Delivery::Passthrough(forward), length);
            }
            ConnectorFrame::InterruptInbound(_) if length > MAX_INTERRUPT => {
                self.counters.unreadable.one();
                let bounds = format_args!("an interrupt of {length} bytes; taken are up to {MAX_INTERRUPT}");
                self.noise.note(PeerFault::Excess, &bounds);
            }
            ConnectorFrame::InterruptInbound(interrupt) => {
                self.counters.interrupts.one();
                self.interrupts.push(interrupt);
            }
            ConnectorFrame::OutboundResult(reply) => {
                if !self.pending.resolve(&reply.request_id, reply.result) {
                    let id = printable(reply.request_id.as_str());
                    self.noise.note(
                        PeerFault::StrayResult,
                        &format_args!(
                            "nobody waits for the result of request {id}: late, repeated or not ours"
                        ),
                    );
                }
            }
            // A descriptor and `going_idle_ack` were taken before; the rest is of a later contract.
            frame => {
                let kind = printable(frame.kind());
                self.noise
                    .note(PeerFault::UnknownFrame, &format_args!("this version has no use for type {kind}"));
            }
        }
    }

    fn count(&self, buffered: bool) {
        self.counters.events.one();
        self.counters.buffered.add(buffered.into());
    }

    fn unreadable(&mut self, error: FrameError, length: usize) {
        self.counters.unreadable.one();
        self.noise.note(PeerFault::of(&error), &error);
        if let Some(buffer_id) = error.buffer_id().cloned() {
            self.counters.buffered.one();
            self.events.push(Delivery::Unreadable { buffer_id, error }, length);
        }
    }
}
