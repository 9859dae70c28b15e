//! The inbox port: the memory of what has been taken.

use futures_util::future::BoxFuture;
use relay_wire::{BufferId, Event, Forward};

/// The names under which a delivery may come again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryKeys {
    /// The buffer's id of the delivery.
    pub buffer_id: Option<BufferId>,
    /// `platform:chat_id:message_id`: the same message may come once live and once from the buffer.
    pub message: Option<String>,
}

impl DeliveryKeys {
    /// The names of a message. An edit of a message has the message's id and is another message all the
    /// same, so only its buffer id names it.
    pub fn of_event(event: &Event<'_>, buffer_id: Option<&BufferId>) -> Self {
        let source = &event.source;
        let is_edit = source.message_is_edit.unwrap_or_default();
        let id = event.message_id.as_deref().or(source.message_id.as_deref());
        let message = id
            .filter(|id| !id.is_empty() && !is_edit)
            .map(|id| format!("{}:{}:{id}", source.platform, source.chat_id));
        Self { buffer_id: buffer_id.cloned(), message }
    }

    /// The names of a forward that is no message.
    pub fn of_forward(_: &Forward<'_>, buffer_id: Option<&BufferId>) -> Self {
        Self { buffer_id: buffer_id.cloned(), message: None }
    }
}

/// What admission decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Seen for the first time, and committed.
    New,
    /// Taken before: acknowledge it again and do nothing else.
    Duplicate,
}

/// Why a delivery could not be committed. It is not acknowledged and comes again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the inbox could not commit a delivery: {0}")]
pub struct InboxError(pub String);

/// Remembers deliveries: commit first, then acknowledge.
pub trait Inbox: Send + Sync + 'static {
    /// Commits a delivery, unless one of its names was committed before.
    fn admit(&self, keys: DeliveryKeys) -> BoxFuture<'_, Result<Admission, InboxError>>;
}
