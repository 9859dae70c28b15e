//! One message to answer.

use std::sync::Arc;

use relay_wire::{CapabilityDescriptor, Event, SessionKey};
use tokio_util::sync::CancellationToken;

use super::{Attachment, Usage};

/// One message to answer, with what an agent may need to know of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Turn {
    /// The conversation it belongs to.
    pub session_key: SessionKey,
    /// The message.
    pub event: Arc<Event>,
    /// The files that came with it.
    pub attachments: Vec<Attachment>,
    /// What the chat's platform can show, and its hint for agents.
    pub descriptor: Arc<CapabilityDescriptor>,
    /// Who wrote it, as far as the platform says.
    pub sender: Option<Sender>,
    /// Cancelled when the turn is to stop. The agent ends what it started and returns; what it says after is not
    /// shown. One that does not return in time is dropped.
    pub cancelled: CancellationToken,
}

impl Turn {
    /// The turn that a message asks for.
    pub fn new(
        session_key: SessionKey,
        event: Arc<Event>,
        descriptor: Arc<CapabilityDescriptor>,
        cancelled: CancellationToken,
    ) -> Self {
        let attachments = event.attachments().map(Attachment::from).collect();
        let sender = Sender::of(&event);
        Self { session_key, event, attachments, descriptor, sender, cancelled }
    }
}

/// A person in a chat.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sender {
    /// The platform's id of the person; what decides who somebody is.
    pub id: Option<String>,
    /// The name that is shown, on one line. Anybody may choose any name.
    pub name: Option<String>,
}

impl Sender {
    /// Who wrote a message.
    pub fn of(event: &Event) -> Option<Self> {
        let source = &event.source;
        let id = source.user_id.as_deref().filter(|id| !id.is_empty()).map(str::to_owned);
        let name = source.display_name().map(super::one_line).filter(|name| !name.is_empty());
        (id.is_some() || name.is_some()).then_some(Self { id, name })
    }
}

/// What became of a turn whose agent did not fail.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TurnSummary {
    /// Why the agent stopped.
    pub stop: StopReason,
    /// What the conversation has used so far.
    pub usage: Option<Usage>,
}

impl TurnSummary {
    /// The agent said all it had to say.
    pub fn finished() -> Self {
        Self::default()
    }

    /// The agent stopped for this reason.
    pub fn stopped(stop: StopReason) -> Self {
        Self { stop, usage: None }
    }
}

/// Why an agent stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// It was done.
    #[default]
    Finished,
    /// It reached a limit of its own, such as of tokens or steps; the answer lacks its end.
    Limit,
    /// It will not go on with this.
    Refused,
    /// It was cancelled, by the turn's token or by a person's answer.
    Cancelled,
}
