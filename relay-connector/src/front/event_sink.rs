//! The way of events from a front to the gateways, as the front sees it.

use std::fmt;
use std::sync::{Arc, Weak};

use relay_wire::{ConnectorFrame, Event, Forward, Inbound, PassthroughForward};

use super::arrival::{Arrival, ArrivalContent};
use crate::delivery::dispatcher::Dispatcher;
use crate::delivery::relevance;
use crate::{GatewayRecord, StoreError, Subscriber, Tenant};

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Delivery {
    /// So many instances are connected, and it is on its way to them. Instances that are not have it kept for
    /// them besides.
    Delivered(usize),
    /// It is kept for so many instances, none of which is connected and awake. They get it when they are.
    Buffered(usize),
    /// No instance of the tenant fronts the platform, or none wants it by its policy. It is not kept.
    Unwanted,
}

/// Why an event was not taken. The front should have its platform send it again (a webhook by answering 503, a poller by
/// not going on), or say that it is lost.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeliverError {
    /// The connector is gone.
    #[error("the connector has ended, so it takes no event any more; start it again")]
    Gone,
    /// No gateway would read so long a line.
    #[error("the event is {bytes} bytes long as a line and gateways read {max}; leave something out of it")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest that is taken.
        max: usize,
    },
    /// The buffers of all instances that are to get it are full. Nothing is kept of it; there is room again once a gateway
    /// acknowledges, or what waits is too old.
    #[error(
        "the buffers of all gateways that are to get it are full; offer it again in a moment, or start a gateway"
    )]
    Full,
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes a front's events. What it has taken survives the connector, if the connector's store does.
#[derive(Clone)]
pub struct EventSink {
    /// Weak, since the connector owns its fronts and a front owns its sink.
    dispatcher: Weak<Dispatcher>,
    platform: Arc<str>,
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSink").field("platform", &self.platform).finish_non_exhaustive()
    }
}

impl EventSink {
    pub(crate) fn new(dispatcher: &Arc<Dispatcher>, platform: &str) -> Self {
        Self { dispatcher: Arc::downgrade(dispatcher), platform: platform.into() }
    }

    /// Takes an event for every instance of the tenant that fronts the front's platform and whose policy admits
    /// it. Once this answers, the event is stored: the platform may be told that it arrived.
    ///
    /// Events of one chat come in the order in which they were stored: a front waits for the first before it
    /// gives the second. It never waits for a gateway.
    pub async fn deliver(&self, tenant: &Tenant, event: Event) -> Result<Delivery, DeliverError> {
        self.take(Arrival::event(tenant.clone(), event)).await
    }

    /// Takes a provider's request, whose signature the front has verified and which it has freed of every
    /// credential, for every instance of the tenant that fronts the front's platform by the bot that was called.
    pub async fn forward(&self, tenant: &Tenant, forward: Forward) -> Result<Delivery, DeliverError> {
        self.take(Arrival::forward(tenant.clone(), forward)).await
    }

    /// The same with changes to what the front keeps. They are stored with the event in one step, and also where
    /// nobody wants it; where it is too long they are not, since it is the front that knows what then becomes of it.
    ///
    /// Where the connector sends past its buffer (see
    /// [`ConnectorBuilder::always_buffer`](crate::ConnectorBuilder::always_buffer)) the changes are stored after the
    /// event is on its way: an end between the two has the platform send it again, and nothing is lost.
    pub async fn take(&self, arrival: Arrival) -> Result<Delivery, DeliverError> {
        let dispatcher = self.dispatcher.upgrade().ok_or(DeliverError::Gone)?;
        let taken = self.offer(&dispatcher, arrival).await;
        dispatcher.metrics.event(&self.platform, &taken);
        taken
    }

    async fn offer(&self, dispatcher: &Dispatcher, arrival: Arrival) -> Result<Delivery, DeliverError> {
        let Arrival { tenant, content, changes } = arrival;
        let admits = |taker: &Subscriber| match &content {
            ArrivalContent::Event(event) => relevance::admits(taker, event),
            ArrivalContent::Forward(forward) => relevance::admits_forward(taker, forward),
        };
        let takers = dispatcher.takers(&tenant, &self.platform, admits).await?;
        let frame = match content {
            ArrivalContent::Event(event) => ConnectorFrame::Inbound(Inbound { event, buffer_id: None }),
            ArrivalContent::Forward(forward) => {
                ConnectorFrame::PassthroughForward(PassthroughForward { forward, buffer_id: None })
            }
        };
        dispatcher.take(takers, &self.platform, &frame, changes).await
    }

    /// Completes once an event of the tenant would be taken, whether or not a gateway is there: an instance fronts
    /// the platform. Never, when the connector is gone.
    pub async fn wanted(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let Some(mut changes) = self.dispatcher.upgrade().map(|dispatcher| dispatcher.registry.changes())
        else {
            return std::future::pending().await;
        };
        loop {
            let Some(dispatcher) = self.dispatcher.upgrade() else { return std::future::pending().await };
            if !dispatcher.store.subscribers(tenant, &self.platform).await?.is_empty() {
                return Ok(());
            }
            drop(dispatcher);
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// The same for the events of whichever tenant.
    pub async fn wanted_by_anyone(&self) -> Result<(), StoreError> {
        let Some(mut changes) = self.dispatcher.upgrade().map(|dispatcher| dispatcher.registry.changes())
        else {
            return std::future::pending().await;
        };
        loop {
            let Some(dispatcher) = self.dispatcher.upgrade() else { return std::future::pending().await };
            let gateways = dispatcher.store.gateways().await?;
            drop(dispatcher);
            let fronts = |record: &GatewayRecord| {
                record.revoked.is_none()
                    && record.identities.iter().any(|identity| *identity.platform == *self.platform)
            };
            if gateways.iter().any(fronts) {
                return Ok(());
            }
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }

    /// Completes once an event of the tenant would reach a gateway: at once, if it would now. Never, when the
    /// connector is gone.
    pub async fn reachable(&self, tenant: &Tenant) {
        let Some(mut changes) = self.dispatcher.upgrade().map(|dispatcher| dispatcher.registry.changes())
        else {
            return std::future::pending().await;
        };
        loop {
            let dispatcher = self.dispatcher.upgrade();
            if dispatcher.is_some_and(|dispatcher| dispatcher.registry.is_reachable(tenant, &self.platform)) {
                return;
            }
            if changes.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}
