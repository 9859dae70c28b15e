//! What is kept of people and groups.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use relay_auth::UnixSeconds;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::code::PairingCode;
use crate::store::FrontStore;
use crate::{StorageChanges, StoreError};

/// How long a stranger's code is good.
pub(crate) const CODE_TTL: Duration = Duration::from_hours(1);

/// What somebody may do beside talking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PersonRole {
    /// Let others in.
    Owner,
    /// Nothing more.
    Member,
}

/// Somebody who may talk to the agent because they were let in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AllowedPerson {
    /// Their id on the platform.
    pub id: String,
    /// What they called themselves then, fit to be shown.
    pub name: String,
    /// What they may do.
    pub role: PersonRole,
    /// Since when.
    pub since: UnixSeconds,
}

/// A group or channel where the agent may be talked to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenedGroup {
    /// Its id on the platform.
    pub id: String,
    /// What it was called then, fit to be shown.
    pub name: String,
    /// The id of the person who opened it.
    pub by: String,
    /// Since when.
    pub since: UnixSeconds,
}

/// Somebody who waits to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingPairing {
    /// What they were told to show.
    pub code: PairingCode,
    /// Their id on the platform.
    pub id: String,
    /// What they call themselves, fit to be shown.
    pub name: String,
    /// When they first wrote.
    pub since: UnixSeconds,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) role: PersonRole,
    pub(crate) name: String,
    pub(crate) since: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) by: String,
    pub(crate) since: u64,
}

/// A stranger: the code that they have, and what they did with their tries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Asked {
    pub(crate) code: String,
    pub(crate) chat: String,
    pub(crate) name: String,
    pub(crate) since: u64,
    /// When they were last told the code.
    pub(crate) told: u64,
    /// How often they showed a code that was none.
    pub(crate) tries: u32,
}

impl Asked {
    pub(crate) fn is_good(&self, now: UnixSeconds) -> bool {
        now.0 < self.since.saturating_add(CODE_TTL.as_secs())
    }
}

/// The code that makes whoever shows it the owner.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) code: String,
    pub(crate) expires: u64,
    /// How often a wrong one was shown since it was made.
    pub(crate) wrong: u32,
}

pub(crate) const PERSON: &str = "person/";
pub(crate) const GROUP: &str = "group/";
pub(crate) const ASKED: &str = "asked/";
pub(crate) const CLAIM: &str = "claim";

/// The records of one platform, in a name space of their own beside what its front keeps.
#[derive(Clone)]
pub(crate) struct Records {
    store: Arc<dyn FrontStore>,
    space: Arc<str>,
}

impl Records {
    pub(crate) fn new(store: Arc<dyn FrontStore>, platform: &str) -> Self {
        Self { store, space: format!("access of {platform}").into() }
    }

    pub(crate) async fn one<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StoreError> {
        Ok(self.store.front_value(&self.space, key).await?.and_then(|bytes| read(key, &bytes)))
    }

    /// Those under a prefix, each with the rest of its key.
    pub(crate) async fn all<T: DeserializeOwned>(
        &self,
        prefix: &str,
    ) -> Result<Vec<(String, T)>, StoreError> {
        let found = self.store.front_values(&self.space, prefix).await?;
        let records = found.into_iter().filter_map(|(key, bytes)| {
            let id = key.strip_prefix(prefix)?.to_owned();
            Some((id, read(&key, &bytes)?))
        });
        Ok(records.collect())
    }

    pub(crate) async fn change(&self, changes: StorageChanges, now: UnixSeconds) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.store.change_front(&self.space, changes, now).await
    }
}

pub(crate) fn put(changes: StorageChanges, key: String, record: &impl Serialize) -> StorageChanges {
    let bytes = serde_json::to_vec(record).expect("a record of texts and numbers is JSON");
    changes.put(key, bytes)
}

fn read<T: DeserializeOwned>(key: &str, bytes: &Bytes) -> Option<T> {
    match serde_json::from_slice(bytes) {
        Ok(record) => Some(record),
        Err(error) => {
            tracing::warn!(%key, %error, "ignoring a record of access that cannot be read");
            None
        }
    }
}
