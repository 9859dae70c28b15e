//! The buffers as a connection uses them: what waits, what was acknowledged, and what was not.

use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::delivery::buffer_ids::BufferIds;
use crate::metrics::Metrics;
use crate::store::BufferStore;
use crate::{Backlog, Buffered, Clock, Cursor, Instance, Limits, Random, RedeliveryPolicy, Seq, StoreError};

/// Every instance's buffer, with the bounds that hold for all of them.
pub(crate) struct DeliveryBuffers {
    store: Arc<dyn BufferStore>,
    clock: Clock,
    random: Random,
    limits: Arc<Limits>,
    metrics: Metrics,
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
        Self { store, clock, random, limits, metrics, ids: OnceCell::new() }
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

    /// Counts deliveries that were not acknowledged; those that have had their last one become dead letters.
    pub(crate) async fn nack(&self, instance: &Instance, items: Vec<Seq>) -> Result<(), StoreError> {
        let limits = &self.limits;
        let policy =
            RedeliveryPolicy { max: limits.deliveries, now: self.clock.now(), limits: limits.buffer };
        self.metrics.unacknowledged(items.len());
        let dead = self.store.nack(instance, items, policy).await?;
        self.metrics.dead_unacknowledged(dead.len());
        for seq in dead {
            tracing::warn!(
                %instance,
                delivery = %seq,
                deliveries = limits.deliveries,
                "a delivery was never acknowledged; it becomes a dead letter, and those behind it go on"
            );
        }
        Ok(())
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
