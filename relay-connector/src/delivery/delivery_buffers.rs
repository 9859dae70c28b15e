//! The buffers as a connection uses them: what waits, what was acknowledged, and what was not.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, OnceCell};

use crate::delivery::buffer_ids::BufferIds;
use crate::metrics::Metrics;
use crate::store::BufferStore;
use crate::{
    Backlog, Buffered, Clock, Cursor, Instance, Limits, Random, RedeliveryPolicy, Retried, Seq, StoreError,
};

/// Every instance's buffer, with the bounds that hold for all of them.
pub(crate) struct DeliveryBuffers {
    store: Arc<dyn BufferStore>,
    clock: Clock,
    random: Random,
    limits: Arc<Limits>,
    metrics: Metrics,
    /// A delivery became a dead letter for want of acks.
    dead: Notify,
    /// Known once the store was first asked.
    ids: OnceCell<BufferIds>,
}

impl DeliveryBuffers {
    pub(crate) fn new(
        store: Arc<dyn BufferStore>,
        clock: Clock,
        random: Random,
        limits: Arc<Limits>,
        metrics: Metrics,
    ) -> Self {
        Self { store, clock, random, limits, metrics, dead: Notify::new(), ids: OnceCell::new() }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What this store's buffer ids look like. They begin with a word that is made once for each store, so that
    /// a new store cannot take up the ids of an old one: gateways drop what they have seen.
    pub(crate) async fn ids(&self) -> Result<BufferIds, StoreError> {
        let ids = self.ids.get_or_try_init(|| async {
            let candidate = self.random.hex::<6>().map_err(|error| StoreError {
                doing: "make a word for its buffer ids",
                source: error.into(),
            })?;
            Ok(BufferIds::new(&self.store.lineage(candidate.expose()).await?))
        });
        ids.await.cloned()
    }

    pub(crate) async fn pending(
        &self,
        instance: &Instance,
        cursors: Vec<Cursor>,
        items: usize,
        bytes: usize,
    ) -> Result<Vec<Buffered>, StoreError> {
        self.store.pending(instance, cursors, items, bytes).await
    }

    /// Removes what was acknowledged; those that did not wait.
    pub(crate) async fn remove(&self, instance: &Instance, acked: Vec<Seq>) -> Result<Vec<Seq>, StoreError> {
        self.store.remove(instance, acked).await
    }

    /// So many deliveries were not acknowledged, in time or before their connection ended.
    pub(crate) fn unacknowledged(&self, count: usize) {
        self.metrics.unacknowledged(count);
    }

    /// Notes that a connection was lost with this delivery under way: it is sent alone from now on, so that it becomes
    /// known whether it is why.
    pub(crate) async fn suspect(&self, instance: &Instance, item: Seq) -> Result<(), StoreError> {
        self.store.suspect(instance, item).await
    }

    /// Counts deliveries that were not acknowledged and that the gateway can be blamed for; those that have had their last one become dead letters.
    pub(crate) async fn nack(&self, instance: &Instance, items: Vec<Seq>) -> Result<(), StoreError> {
        let limits = &self.limits;
        let policy =
            RedeliveryPolicy { max: limits.deliveries, now: self.clock.now(), limits: limits.buffer };
        let dead = self.store.nack(instance, items, policy).await?;
        self.metrics.dead_unacknowledged(dead.len());
        if !dead.is_empty() {
            self.dead.notify_one();
        }
        for seq in dead {
            tracing::warn!(
                %instance,
                delivery = %seq,
                "a delivery is never acknowledged; it becomes a dead letter, and those behind it go on. It is tried \
                 again by itself, later and less and less often"
            );
        }
        Ok(())
    }

    /// Puts back the dead letters that are due to be tried again: how many there were, and how long until the next one
    /// is, if there is any.
    pub(crate) async fn retry_due(&self) -> Result<(usize, Option<Duration>), StoreError> {
        let limits = &self.limits;
        let now = self.clock.now();
        let policy = RedeliveryPolicy { max: limits.deliveries, now, limits: limits.buffer };
        let Retried { items, next } = self.store.retry_due(policy).await?;
        Ok((items, next.map(|next| Duration::from_secs(next.0.saturating_sub(now.0)))))
    }

    /// Waits until there is a new dead letter that is to be tried again.
    pub(crate) async fn dead(&self) {
        self.dead.notified().await;
    }

    /// How much waits for these instances together.
    pub(crate) async fn backlog(
        &self,
        instances: impl IntoIterator<Item = Instance>,
    ) -> Result<Backlog, StoreError> {
        let mut all = Backlog::default();
        for instance in instances {
            let backlog = self.store.backlog(&instance).await?;
            all.items += backlog.items;
            all.bytes += backlog.bytes;
        }
        Ok(all)
    }

    /// Puts dead letters back to where they were; how many there were.
    pub(crate) async fn retry(&self, items: Vec<Seq>) -> Result<usize, StoreError> {
        self.store.retry(items).await
    }
}
