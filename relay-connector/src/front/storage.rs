//! The small durable state of one front.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use crate::store::FrontStore;
use crate::{Clock, StorageChanges, StoreError};

/// Values by key, kept for one front in the connector's store: an offset, a session and its sequence number, who was
/// already greeted. Meant for little: it is read key by key, and shares its file with the deliveries.
#[derive(Clone)]
pub struct FrontStorage {
    store: Arc<dyn FrontStore>,
    platform: Arc<str>,
    clock: Clock,
}

impl FrontStorage {
    pub(crate) fn new(store: Arc<dyn FrontStore>, platform: &str, clock: Clock) -> Self {
        Self { store, platform: platform.into(), clock }
    }

    /// What is kept under a key.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        self.store.front_value(&self.platform, key).await
    }

    /// Everything that is kept under keys which begin so, in the order of the keys.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn under(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        self.store.front_values(&self.platform, prefix).await
    }

    /// Makes changes that belong to no event, all of them or none. Those that belong to one go with it:
    /// [`Arrival::with_changes`](crate::Arrival::with_changes).
    ///
    /// # Errors
    /// The store cannot be written, and nothing was changed.
    pub async fn apply(&self, changes: StorageChanges) -> Result<(), StoreError> {
        self.store.change_front(&self.platform, changes, self.clock.now()).await
    }
}

impl fmt::Debug for FrontStorage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrontStorage").field("platform", &self.platform).finish_non_exhaustive()
    }
}
