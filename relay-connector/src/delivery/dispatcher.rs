//! The way of events from the fronts into the buffers.

use std::sync::Arc;

use bytes::Bytes;
use relay_wire::ConnectorFrame;

use crate::delivery::buffer_ids::{plain, unlabelled};
use crate::delivery::registry::Registry;
use crate::delivery::wake::Waker;
use crate::metrics::Metrics;
use crate::{
    Appended, Clock, DeliverError, Delivery, Limits, NewDelivery, StorageChanges, Store, StoreError,
    Subscriber, Tenant,
};

/// Takes events of all fronts.
pub(crate) struct Dispatcher {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    /// Whether also what can be sent at once goes through the buffer, so that it is acknowledged.
    pub(crate) always_buffer: bool,
    pub(crate) waker: Waker,
    pub(crate) metrics: Metrics,
}

impl Dispatcher {
    /// The instances of the tenant that front the platform and are to get an event.
    pub(crate) async fn takers(
        &self,
        tenant: &Tenant,
        platform: &str,
        admits: impl Fn(&Subscriber) -> bool,
    ) -> Result<Vec<Subscriber>, StoreError> {
        let mut takers = self.store.subscribers(tenant, platform).await?;
        takers.retain(|subscriber| admits(subscriber));
        Ok(takers)
    }

    /// Takes a frame for these instances. Once this is answered, the frame is stored, or queued for a live
    /// connection where that is enough.
    pub(crate) async fn take(
        &self,
        mut takers: Vec<Subscriber>,
        platform: &str,
        frame: &ConnectorFrame,
        changes: StorageChanges,
    ) -> Result<Delivery, DeliverError> {
        if takers.is_empty() {
            self.keep(platform, changes).await?;
            return Ok(Delivery::Unwanted);
        }
        let text = unlabelled(frame);
        if text.len() > self.limits.line {
            return Err(DeliverError::TooLong { bytes: text.len(), max: self.limits.line });
        }
        let mut live = 0;
        if !self.always_buffer {
            takers.retain(|taker| {
                let sent = self.registry.send_past(&taker.instance, platform, |connection| {
                    connection.send_past(plain(&text), &self.limits)
                });
                live += usize::from(sent);
                !sent
            });
        }
        if takers.is_empty() {
            self.keep(platform, changes).await?;
        } else {
            self.append(&takers, platform, text, changes).await?;
            for taker in &takers {
                if self.registry.is_live(&taker.instance, platform) {
                    live += 1;
                } else {
                    self.waker.poke(taker);
                }
            }
        }
        Ok(if live > 0 { Delivery::Delivered(live) } else { Delivery::Buffered(takers.len()) })
    }

    /// Stores what a front keeps where there is no event to store it with.
    async fn keep(&self, platform: &str, changes: StorageChanges) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.store.change_front(platform, changes, self.clock.now()).await
    }

    async fn append(
        &self,
        takers: &[Subscriber],
        platform: &str,
        line: Bytes,
        changes: StorageChanges,
    ) -> Result<(), StoreError> {
        let instances: Vec<_> = takers.iter().map(|taker| taker.instance.clone()).collect();
        // Dropped at the end, which wakes the connections of these instances.
        let _on_their_way: Vec<_> =
            instances.iter().map(|instance| self.registry.appending(instance)).collect();
        let delivery = NewDelivery {
            instances,
            platform: platform.to_owned(),
            line,
            now: self.clock.now(),
            limits: self.limits.buffer,
            changes,
        };
        for appended in self.store.append(delivery).await? {
            self.metrics.dead_for_room(appended.dead_letters);
            log_dead_letters(&appended);
        }
        Ok(())
    }
}

/// Logs what had to make room. It happens for every event while a buffer is full, and the operator may want to
/// know each time: something of theirs is not delivered.
fn log_dead_letters(appended: &Appended) {
    let Appended { instance, dead_letters, gone, .. } = appended;
    if *dead_letters > 0 {
        tracing::warn!(%instance, dead_letters, "deliveries waited for too long, or too many waited; the oldest become dead letters");
    }
    if *gone > 0 {
        tracing::error!(%instance, gone, "there are too many dead letters; the oldest of them are gone");
    }
}
