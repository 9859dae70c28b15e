//! Credentials by which a front may answer for a while.

use std::fmt;
use std::sync::Arc;

use relay_auth::Secret;
use relay_wire::SessionKey;

use crate::store::FrontStore;
use crate::{Clock, FollowUpCredential, StorageChanges, StoreError, Tenant};

/// The follow-up credentials of one front, by conversation: kept until they expire, also over a restart where the store
/// does so. No gateway gets to see one, and no other tenant's can have it used.
#[derive(Clone)]
pub struct Vault {
    store: Arc<dyn FrontStore>,
    platform: Arc<str>,
    clock: Clock,
}

impl Vault {
    pub(crate) fn new(store: Arc<dyn FrontStore>, platform: &str, clock: Clock) -> Self {
        Self { store, platform: platform.into(), clock }
    }

    /// Keeps a credential, in the place of an earlier one of the same conversation. One that belongs to an event
    /// goes with it: [`StorageChanges::keep`].
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn keep(&self, credential: FollowUpCredential) -> Result<(), StoreError> {
        let changes = StorageChanges::new().keep(credential);
        self.store.change_front(&self.platform, changes, self.clock.now()).await
    }

    /// The credential of a tenant's conversation, by any of the keys that it was kept under; `None` once it has
    /// expired.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn get(&self, tenant: &Tenant, session: &SessionKey) -> Result<Option<Secret>, StoreError> {
        self.store.credential(&self.platform, tenant, session, self.clock.now()).await
    }

    /// Forgets a credential that the platform takes no more.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn forget(&self, tenant: &Tenant, session: &SessionKey) -> Result<(), StoreError> {
        let changes = StorageChanges::new().forget(tenant.clone(), session.clone());
        self.store.change_front(&self.platform, changes, self.clock.now()).await
    }
}

impl fmt::Debug for Vault {
    /// Shows nothing of what is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("platform", &self.platform).finish_non_exhaustive()
    }
}
