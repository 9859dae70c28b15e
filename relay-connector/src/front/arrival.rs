//! What a front hands over.

use relay_wire::{Event, Forward};

use crate::{StorageChanges, Tenant};

/// Something that came from a platform, for a tenant, and what the front keeps once it is taken.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub(crate) tenant: Tenant,
    pub(crate) content: ArrivalContent,
    pub(crate) changes: StorageChanges,
}

/// What an [`Arrival`] brings.
#[derive(Clone, Debug)]
pub(crate) enum ArrivalContent {
    Event(Box<Event>),
    Forward(Box<Forward>),
}

impl Arrival {
    /// Somebody wrote, pressed or changed something.
    pub fn event(tenant: Tenant, event: Event) -> Self {
        Self::new(tenant, ArrivalContent::Event(Box::new(event)))
    }

    /// The platform called. The front has verified the signature, and freed the request of every credential.
    pub fn forward(tenant: Tenant, forward: Forward) -> Self {
        Self::new(tenant, ArrivalContent::Forward(Box::new(forward)))
    }

    fn new(tenant: Tenant, content: ArrivalContent) -> Self {
        Self { tenant, content, changes: StorageChanges::default() }
    }

    /// Has these changes made in the same step: a position in the platform's stream, a credential for an answer.
    /// They are made also where nobody wants the event.
    #[must_use]
    pub fn with_changes(mut self, changes: StorageChanges) -> Self {
        self.changes = changes;
        self
    }
}
