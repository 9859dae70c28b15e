//! Admission: commit a delivery, then acknowledge it, then act on it.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use relay_transport::Delivery;
use relay_wire::{BufferId, Event, Forward};
use tracing::{debug, error, info};

use super::discord::{FOLLOW_UP_KIND, interaction_event};
use crate::adapter::Shared;
use crate::{Admission, DeliveryKeys, EntryId, InboxError, Incoming};

/// A delivery that is being committed.
pub(crate) type Admitting = BoxFuture<'static, Admitted>;

/// A delivery that was, or was not.
pub(crate) struct Admitted {
    event: Arc<Event>,
    follow_up: Option<String>,
    buffer_id: Option<BufferId>,
    result: Result<Admission, InboxError>,
}

impl Shared {
    /// Begins to commit one delivery; `None` for one that asks for nothing that could be kept.
    pub(crate) fn admit(&self, delivery: Delivery) -> Option<Admitting> {
        let (event, buffer_id, follow_up) = match delivery {
            Delivery::Inbound(inbound) => (Arc::from(inbound.event), inbound.buffer_id, None),
            Delivery::Passthrough(passthrough) => {
                let (forward, buffer_id) = (passthrough.forward, passthrough.buffer_id);
                let Some(event) = interaction_event(&forward) else {
                    self.drop_forward(&forward, buffer_id);
                    return None;
                };
                (Arc::new(event), buffer_id, Some(FOLLOW_UP_KIND.to_owned()))
            }
            Delivery::Unreadable { buffer_id, error } => {
                error!(buffer_id = %buffer_id, error = %error, "a buffered delivery can never be read and is dropped");
                self.outbox.transport().ack(buffer_id);
                return None;
            }
            other => {
                error!(delivery = ?other, "ignoring a delivery of an unknown kind; update the gateway");
                return None;
            }
        };
        let keys = DeliveryKeys::of_event(&event, buffer_id.as_ref());
        let incoming = Incoming { keys, event: &event, follow_up: follow_up.as_deref() };
        let committed = self.inbox.admit(incoming);
        Some(async move { Admitted { event, follow_up, buffer_id, result: committed.await } }.boxed())
    }

    /// Acknowledges what was committed and acts on it.
    pub(crate) fn admitted(self: &Arc<Self>, admitted: Admitted) {
        if let Some((entry, event, follow_up)) = self.acknowledge(admitted) {
            self.act(entry, event, follow_up);
        }
    }

    /// Acknowledges what was committed; answers what of it is new.
    pub(crate) fn acknowledge(&self, admitted: Admitted) -> Option<(EntryId, Arc<Event>, Option<String>)> {
        let Admitted { event, follow_up, buffer_id, result } = admitted;
        let admission = match result {
            Ok(admission) => admission,
            Err(failure) => {
                self.counters.failed_to_take();
                error!(error = %failure, "a message was not taken; it is not acknowledged and comes again");
                return None;
            }
        };
        if let Some(buffer_id) = buffer_id {
            self.outbox.transport().ack(buffer_id);
        }
        match admission {
            Admission::New(entry) => {
                self.counters.took();
                Some((entry, event, follow_up))
            }
            Admission::Duplicate => {
                self.counters.duplicate();
                debug!(message_id = event.message_id.as_deref(), "a redelivered message was taken before");
                None
            }
        }
    }

    /// A forward that nothing here understands is dropped on purpose, and acknowledged so that it does not
    /// come again.
    fn drop_forward(&self, forward: &Forward, buffer_id: Option<BufferId>) {
        info!(
            platform = &*forward.platform,
            method = &*forward.method,
            path = &*forward.path,
            "a forwarded request is of no known kind and is dropped"
        );
        if let Some(buffer_id) = buffer_id {
            self.outbox.transport().ack(buffer_id);
        }
    }
}
