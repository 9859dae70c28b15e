//! What fronts keep, in memory.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds};
use relay_wire::SessionKey;

use super::MemoryStore;
use super::gateways::done;
use crate::Tenant;
use crate::store::FrontStore;
use crate::store::error::StoreError;
use crate::store::storage_changes::StorageChanges;

#[derive(Debug, Default)]
pub(super) struct FrontRecords {
    /// By platform and key.
    values: BTreeMap<(String, String), Bytes>,
    /// By platform, tenant and session.
    credentials: BTreeMap<(String, Tenant, SessionKey), (Secret, UnixSeconds)>,
}

impl FrontRecords {
    pub(super) fn change(&mut self, platform: &str, changes: &StorageChanges, now: UnixSeconds) {
        for (key, value) in changes.values() {
            let key = (platform.to_owned(), key.to_owned());
            match value {
                Some(value) => drop(self.values.insert(key, value.clone())),
                None => drop(self.values.remove(&key)),
            }
        }
        for (tenant, session) in changes.forgotten() {
            self.credentials.remove(&(platform.to_owned(), tenant.clone(), session.clone()));
        }
        if changes.credentials().is_empty() {
            return;
        }
        self.credentials.retain(|_, (_, expires)| *expires > now);
        for credential in changes.credentials().iter().filter(|credential| credential.expires > now) {
            for session in &credential.sessions {
                let key = (platform.to_owned(), credential.tenant.clone(), session.clone());
                self.credentials.insert(key, (credential.secret.clone(), credential.expires));
            }
        }
    }
}

impl FrontStore for MemoryStore {
    fn front_value<'a>(
        &'a self,
        platform: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        done(self.fronts_now().values.get(&(platform.to_owned(), key.to_owned())).cloned())
    }

    fn front_values<'a>(
        &'a self,
        platform: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, StoreError>> {
        let fronts = self.fronts_now();
        let from = (platform.to_owned(), prefix.to_owned());
        let within = fronts
            .values
            .range(from..)
            .take_while(|((of, key), _)| of == platform && key.starts_with(prefix));
        done(within.map(|((_, key), value)| (key.clone(), value.clone())).collect())
    }

    fn change_front<'a>(
        &'a self,
        platform: &'a str,
        changes: StorageChanges,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.fronts_now().change(platform, &changes, now);
        done(())
    }

    fn credential<'a>(
        &'a self,
        platform: &'a str,
        tenant: &'a Tenant,
        session: &'a SessionKey,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<Option<Secret>, StoreError>> {
        let fronts = self.fronts_now();
        let found = fronts.credentials.get(&(platform.to_owned(), tenant.clone(), session.clone()));
        done(found.filter(|(_, expires)| *expires > now).map(|(secret, _)| secret.clone()))
    }
}
