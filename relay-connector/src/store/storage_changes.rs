//! What a front keeps: its own small state, and the credentials by which it may answer later.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use relay_auth::{Secret, UnixSeconds};
use relay_wire::SessionKey;

use crate::Tenant;

/// Changes to what a front keeps, made whole or not at all: with the event that they belong to
/// ([`Arrival::with_changes`](crate::Arrival::with_changes)), or by themselves.
#[derive(Clone, Default)]
pub struct StorageChanges {
    values: BTreeMap<String, Option<Bytes>>,
    credentials: Vec<FollowUpCredential>,
    forgotten: Vec<(Tenant, SessionKey)>,
}

impl StorageChanges {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a value under a key, in the place of what is there.
    #[must_use]
    pub fn put(mut self, key: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.values.insert(key.into(), Some(value.into()));
        self
    }

    /// Keeps nothing under a key any more.
    #[must_use]
    pub fn remove(mut self, key: impl Into<String>) -> Self {
        self.values.insert(key.into(), None);
        self
    }

    /// Puts a credential into the front's vault.
    #[must_use]
    pub fn keep(mut self, credential: FollowUpCredential) -> Self {
        self.credentials.push(credential);
        self
    }

    /// Takes the credential of a conversation out of the vault.
    #[must_use]
    pub fn forget(mut self, tenant: Tenant, session: SessionKey) -> Self {
        self.forgotten.push((tenant, session));
        self
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.credentials.is_empty() && self.forgotten.is_empty()
    }

    /// Each key with its new value, or with none; in the order of the keys.
    pub fn values(&self) -> impl Iterator<Item = (&str, Option<&Bytes>)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value.as_ref()))
    }

    /// What comes into the vault.
    pub fn credentials(&self) -> &[FollowUpCredential] {
        &self.credentials
    }

    /// What leaves it, before anything comes in.
    pub fn forgotten(&self) -> &[(Tenant, SessionKey)] {
        &self.forgotten
    }
}

impl fmt::Debug for StorageChanges {
    /// Shows keys and no values: those may be secrets of the platform.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StorageChanges")
            .field("keys", &self.values.keys().collect::<Vec<_>>())
            .field("credentials", &self.credentials)
            .field("forgotten", &self.forgotten.len())
            .finish()
    }
}

/// What lets a front answer in one conversation for a while, such as the token of an interaction.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FollowUpCredential {
    /// Whose conversation it is. No other tenant's gateway can use it.
    pub tenant: Tenant,
    /// The keys that the conversation may have: one for each way in which a gateway may spell it.
    pub sessions: Vec<SessionKey>,
    /// The credential, which neither a gateway nor a log gets to see.
    pub secret: Secret,
    /// From this time on it is gone.
    pub expires: UnixSeconds,
}

impl FollowUpCredential {
    /// A credential for these spellings of a conversation's key, until it expires.
    pub fn new(tenant: Tenant, sessions: Vec<SessionKey>, secret: Secret, expires: UnixSeconds) -> Self {
        Self { tenant, sessions, secret, expires }
    }
}

#[cfg(test)]
mod tests {
    use relay_auth::{Secret, UnixSeconds};

    use super::{FollowUpCredential, StorageChanges};
    use crate::Tenant;

    #[test]
    fn nothing_that_is_kept_shows() {
        let credential = FollowUpCredential {
            tenant: Tenant::default(),
            sessions: vec!["agent:main:discord:dm:c1".parse().unwrap()],
            secret: Secret::new("hush"),
            expires: UnixSeconds(9),
        };
        let changes = StorageChanges::new().put("resume", "session-id").remove("old").keep(credential);
        let shown = format!("{changes:?}");
        assert!(shown.contains("resume") && shown.contains("old"), "{shown}");
        assert!(!shown.contains("hush") && !shown.contains("session-id"), "{shown}");
    }
}
