//! What fronts keep, in SQL.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds};
use relay_wire::SessionKey;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use super::gateways::seconds;
use super::sealing::seal;
use super::vault_key::{Place, VaultKey};
use crate::Tenant;
use crate::store::FrontStore;
use crate::store::error::StoreError;
use crate::store::storage_changes::StorageChanges;

impl FrontStore for SqliteStore {
    fn front_value<'a>(
        &'a self,
        platform: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>> {
        let names = [platform.to_owned(), key.to_owned()];
        self.read("read what a front keeps", move |db| {
            db.prepare_cached("SELECT value FROM front_values WHERE platform = ?1 AND key = ?2")?
                .query_row(names.each_ref(), |row| bytes(row, 0))
                .optional()
        })
        .boxed()
    }

    fn front_values<'a>(
        &'a self,
        platform: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, StoreError>> {
        let names = [platform.to_owned(), prefix.to_owned()];
        self.read("read what a front keeps", move |db| {
            let mut statement = db.prepare_cached(
                "SELECT key, value FROM front_values WHERE platform = ?1 AND key >= ?2 AND \
                 substr(key, 1, length(?2)) = ?2 ORDER BY key",
            )?;
            statement.query_map(names.each_ref(), |row| Ok((row.get(0)?, bytes(row, 1)?)))?.collect()
        })
        .boxed()
    }

    fn change_front<'a>(
        &'a self,
        platform: &'a str,
        changes: StorageChanges,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (platform, key) = (platform.to_owned(), Arc::clone(&self.vault_key));
        self.write("keep something for a front", move |db| change(db, &key, &platform, &changes, now)).boxed()
    }

    fn credential<'a>(
        &'a self,
        platform: &'a str,
        tenant: &'a Tenant,
        session: &'a SessionKey,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<Option<Secret>, StoreError>> {
        let names = (platform.to_owned(), tenant.clone(), session.clone());
        let found = self.read("look a follow-up credential up", move |db| {
            let (platform, tenant, session) = &names;
            db.prepare_cached(
                "SELECT sealed FROM credentials WHERE platform = ?1 AND tenant = ?2 AND session = ?3 AND \
                 expires > ?4",
            )?
            .query_row(params![platform, tenant.as_str(), session.as_str(), seconds(now)], |row| {
                bytes(row, 0)
            })
            .optional()
        });
        async move {
            let Some(sealed) = found.await? else { return Ok(None) };
            let secret = self.vault_key.open(&sealed, Place::new(platform, tenant, session.as_str()));
            if secret.is_none() {
                tracing::warn!(
                    platform,
                    "a follow-up credential is sealed with another key and cannot be used; it expires by itself"
                );
            }
            Ok(secret)
        }
        .boxed()
    }
}

/// Makes a front's changes within the transaction of what they belong to.
pub(super) fn change(
    db: &Connection,
    key: &VaultKey,
    platform: &str,
    changes: &StorageChanges,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    for (name, value) in changes.values() {
        match value {
            Some(value) => db
                .prepare_cached(
                    "INSERT INTO front_values VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = ?3",
                )?
                .execute(params![platform, name, value.as_ref()])?,
            None => db
                .prepare_cached("DELETE FROM front_values WHERE platform = ?1 AND key = ?2")?
                .execute([platform, name])?,
        };
    }
    for (tenant, session) in changes.forgotten() {
        db.prepare_cached("DELETE FROM credentials WHERE platform = ?1 AND tenant = ?2 AND session = ?3")?
            .execute([platform, tenant.as_str(), session.as_str()])?;
    }
    if changes.credentials().is_empty() {
        return Ok(());
    }
    db.prepare_cached("DELETE FROM credentials WHERE expires <= ?1")?.execute([seconds(now)])?;
    for credential in changes.credentials().iter().filter(|credential| credential.expires > now) {
        for session in &credential.sessions {
            let place = Place::new(platform, &credential.tenant, session.as_str());
            db.prepare_cached(
                "INSERT INTO credentials VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET sealed = ?4, \
                 expires = ?5",
            )?
            .execute(params![
                platform,
                credential.tenant.as_str(),
                session.as_str(),
                seal(key, &credential.secret, place)?,
                seconds(credential.expires),
            ])?;
        }
    }
    Ok(())
}

fn bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Bytes> {
    Ok(Bytes::from(row.get::<_, Vec<u8>>(column)?))
}
