//! Where events go.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_connector::{DeliverError, Delivery, EventSink, StoreError, Tenant};
use relay_wire::Event;

/// Takes events for good; an [`EventSink`] of the connector does.
pub trait Events: Send + Sync + 'static {
    /// Completes once somebody wants the tenant's events.
    fn wanted<'a>(&'a self, tenant: &'a Tenant) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Stores an event; what this has answered is not lost.
    fn deliver<'a>(
        &'a self,
        tenant: &'a Tenant,
        event: Event,
    ) -> BoxFuture<'a, Result<Delivery, DeliverError>>;
}

impl Events for EventSink {
    fn wanted<'a>(&'a self, tenant: &'a Tenant) -> BoxFuture<'a, Result<(), StoreError>> {
        Self::wanted(self, tenant).boxed()
    }

    fn deliver<'a>(
        &'a self,
        tenant: &'a Tenant,
        event: Event,
    ) -> BoxFuture<'a, Result<Delivery, DeliverError>> {
        Self::deliver(self, tenant, event).boxed()
    }
}
