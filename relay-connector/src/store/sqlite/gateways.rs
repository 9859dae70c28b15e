//! Gateways, tokens and policies in SQL.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds, VerifyList};
use relay_wire::{GatewayId, Identity};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::SqliteStore;
use crate::Tenant;
use crate::store::GatewayStore;
use crate::store::error::StoreError;
use crate::store::gateway::{
    EnrollOutcome, Enrollment, GatewayRecord, ProvisionOutcome, Provisioning, RevokeOutcome, RotateOutcome,
    Subscriber,
};
use crate::store::instance::Instance;
use crate::store::policy::Policy;

const GATEWAY: &str = "SELECT id, tenant, instance, endpoint, route_keys, wake_url, newest, former, created, \
                       revoked FROM gateways";

impl GatewayStore for SqliteStore {
    fn gateway<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
    ) -> BoxFuture<'a, Result<Option<GatewayRecord>, StoreError>> {
        let id = gateway_id.as_str().to_owned();
        self.read("look a gateway up", move |db| gateway(db, &id)).boxed()
    }

    fn gateways(&self) -> BoxFuture<'_, Result<Vec<GatewayRecord>, StoreError>> {
        self.read("list the gateways", |db| {
            let mut statement = db.prepare_cached(&format!("{GATEWAY} ORDER BY id"))?;
            let records = statement.query_map([], record)?.collect::<rusqlite::Result<Vec<_>>>()?;
            records.into_iter().map(|record| with_identities(db, record)).collect()
        })
        .boxed()
    }

    fn enroll(&self, enrollment: Enrollment) -> BoxFuture<'_, Result<EnrollOutcome, StoreError>> {
        self.write_or_refuse("store an enrollment", move |db| enroll(db, &enrollment)).boxed()
    }

    fn provision(&self, provisioning: Provisioning) -> BoxFuture<'_, Result<ProvisionOutcome, StoreError>> {
        self.write_or_refuse("store a provisioned gateway", move |db| provision(db, &provisioning)).boxed()
    }

    fn rotate<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        secret: Secret,
    ) -> BoxFuture<'a, Result<RotateOutcome, StoreError>> {
        let id = gateway_id.as_str().to_owned();
        self.write_or_refuse("rotate a gateway's secret", move |db| {
            let Some(known) = gateway(db, &id)? else { return Ok(RotateOutcome::Unknown) };
            if known.revoked.is_some() {
                return Ok(RotateOutcome::Revoked);
            }
            renew(db, &id, &secret)?;
            Ok(RotateOutcome::Rotated)
        })
        .boxed()
    }

    fn revoke<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<RevokeOutcome, StoreError>> {
        let id = gateway_id.as_str().to_owned();
        self.write_or_refuse("revoke a gateway", move |db| {
            let Some(known) = gateway(db, &id)? else { return Ok(RevokeOutcome::Unknown) };
            if known.revoked.is_some() {
                return Ok(RevokeOutcome::Already);
            }
            db.prepare_cached(
                "UPDATE gateways SET newest = NULL, former = NULL, revoked = ?2 WHERE id = ?1",
            )?
            .execute(params![id, seconds(now)])?;
            Ok(RevokeOutcome::Revoked)
        })
        .boxed()
    }

    fn announce<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        identity: Identity,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let id = gateway_id.as_str().to_owned();
        async move {
            let (of_read, asked) = (id.clone(), identity.clone());
            // Nearly every handshake announces what is known, and then nothing has to be written.
            let known = self.read("look an identity up", move |db| {
                db.prepare_cached(
                    "SELECT 1 FROM identities WHERE gateway = ?1 AND platform = ?2 AND bot = ?3",
                )?
                .exists(params![of_read, asked.platform, asked.bot_id])
            });
            if known.await? {
                return Ok(());
            }
            self.write("store a gateway's identity", move |db| fronts(db, &id, &identity)).await
        }
        .boxed()
    }

    fn subscribers<'a>(
        &'a self,
        tenant: &'a Tenant,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Subscriber>, StoreError>> {
        let (tenant, platform) = (tenant.clone(), platform.to_owned());
        self.read("find who is to get an event", move |db| subscribers(db, &tenant, &platform)).boxed()
    }

    fn set_policy<'a>(
        &'a self,
        instance: &'a Instance,
        platform: &'a str,
        policy: Policy,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        let (instance, platform) = (instance.clone(), platform.to_owned());
        self.write_or_refuse("store a policy", move |db| {
            let Policy { require_address, free_response_scopes, allow_other_bots } = &policy;
            db.prepare_cached(
                "INSERT INTO policies VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET \
                 require_address = ?4, free_scopes = ?5, other_bots = ?6",
            )?
            .execute(params![
                instance.tenant().as_str(),
                instance.key(),
                platform,
                require_address,
                list(free_response_scopes),
                allow_other_bots,
            ])?;
            Ok(())
        })
        .boxed()
    }

    fn policy<'a>(
        &'a self,
        instance: &'a Instance,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Option<Policy>, StoreError>> {
        let (instance, platform) = (instance.clone(), platform.to_owned());
        self.read("look a policy up", move |db| policy(db, &instance, &platform)).boxed()
    }
}

fn gateway(db: &Connection, id: &str) -> rusqlite::Result<Option<GatewayRecord>> {
    let mut statement = db.prepare_cached(&format!("{GATEWAY} WHERE id = ?1"))?;
    let record = statement.query_row([id], record).optional()?;
    record.map(|record| with_identities(db, record)).transpose()
}

fn record(row: &Row<'_>) -> rusqlite::Result<GatewayRecord> {
    let tenant = tenant(row, 1)?;
    let secrets = [row.get::<_, Option<String>>(6)?, row.get(7)?];
    Ok(GatewayRecord {
        gateway_id: GatewayId::new(row.get::<_, String>(0)?),
        instance: Instance::from_key(tenant.clone(), &row.get::<_, String>(2)?),
        tenant,
        verify: secrets.into_iter().flatten().map(Secret::new).collect::<VerifyList>(),
        endpoint: row.get(3)?,
        route_keys: unlisted(row, 4)?,
        wake_url: row.get(5)?,
        identities: Vec::new(),
        created: time(row.get(8)?),
        revoked: row.get::<_, Option<i64>>(9)?.map(time),
    })
}

fn with_identities(db: &Connection, record: GatewayRecord) -> rusqlite::Result<GatewayRecord> {
    let mut statement =
        db.prepare_cached("SELECT platform, bot FROM identities WHERE gateway = ?1 ORDER BY platform, bot")?;
    let identities = statement
        .query_map([record.gateway_id.as_str()], |row| {
            Ok(Identity { platform: row.get(0)?, bot_id: row.get(1)? })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(GatewayRecord { identities, ..record })
}

fn enroll(db: &Connection, enrollment: &Enrollment) -> rusqlite::Result<EnrollOutcome> {
    let Enrollment { gateway_id, tenant, secret, nonce, expires, now } = enrollment;
    db.prepare_cached("DELETE FROM nonces WHERE expires < ?1")?.execute([seconds(*now)])?;
    if db.prepare_cached("SELECT 1 FROM nonces WHERE nonce = ?1")?.exists([nonce])? {
        return Ok(EnrollOutcome::TokenUsed);
    }
    let known = gateway(db, gateway_id.as_str())?;
    if known.as_ref().is_some_and(|known| known.tenant != *tenant) {
        return Ok(EnrollOutcome::ForeignGateway);
    }
    db.prepare_cached("INSERT INTO nonces VALUES (?1, ?2)")?.execute(params![nonce, seconds(*expires)])?;
    let Some(known) = known else {
        let instance = Instance::of_gateway(tenant.clone(), gateway_id);
        insert(db, gateway_id, tenant, &instance.key(), secret, *now)?;
        return Ok(EnrollOutcome::Enrolled);
    };
    renew(db, gateway_id.as_str(), secret)?;
    Ok(if known.revoked.is_some() { EnrollOutcome::Enrolled } else { EnrollOutcome::Rotated })
}

fn provision(db: &Connection, provisioning: &Provisioning) -> rusqlite::Result<ProvisionOutcome> {
    let Provisioning { gateway_id, tenant, secret, identity, instance_id, .. } = provisioning;
    let instance = match instance_id {
        Some(id) => Instance::named(tenant.clone(), id),
        None => Instance::of_gateway(tenant.clone(), gateway_id),
    };
    let outcome = match gateway(db, gateway_id.as_str())? {
        Some(known) if known.tenant != *tenant => return Ok(ProvisionOutcome::ForeignGateway),
        Some(known) if known.revoked.is_some() => return Ok(ProvisionOutcome::Revoked),
        Some(known) => {
            if instance.takes_over(&known.instance) {
                take_over(db, &known.instance, &instance)?;
            }
            ProvisionOutcome::Known
        }
        None => {
            insert(db, gateway_id, tenant, &instance.key(), secret, provisioning.now)?;
            ProvisionOutcome::Issued
        }
    };
    db.prepare_cached(
        "UPDATE gateways SET instance = ?2, endpoint = ?3, route_keys = ?4, wake_url = ?5 WHERE id = ?1",
    )?
    .execute(params![
        gateway_id.as_str(),
        instance.key(),
        provisioning.endpoint,
        list(&provisioning.route_keys),
        provisioning.wake_url,
    ])?;
    fronts(db, gateway_id.as_str(), identity)?;
    Ok(outcome)
}

/// What waits for the old instance waits for the new one from here on, unless that has something of its own.
fn take_over(db: &Connection, old: &Instance, new: &Instance) -> rusqlite::Result<()> {
    let names = params![new.key(), old.tenant().as_str(), old.key()];
    db.prepare_cached("UPDATE OR IGNORE instances SET name = ?1 WHERE tenant = ?2 AND name = ?3")?
        .execute(names)?;
    db.prepare_cached("UPDATE OR IGNORE policies SET instance = ?1 WHERE tenant = ?2 AND instance = ?3")?
        .execute(names)?;
    Ok(())
}

fn insert(
    db: &Connection,
    gateway_id: &GatewayId,
    tenant: &Tenant,
    instance: &str,
    secret: &Secret,
    now: UnixSeconds,
) -> rusqlite::Result<()> {
    db.prepare_cached(
        "INSERT INTO gateways (id, tenant, instance, newest, created) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![gateway_id.as_str(), tenant.as_str(), instance, secret.expose(), seconds(now)])?;
    Ok(())
}

/// A revoked gateway has no newest secret, so none becomes its former one.
fn renew(db: &Connection, id: &str, secret: &Secret) -> rusqlite::Result<()> {
    db.prepare_cached("UPDATE gateways SET former = newest, newest = ?2, revoked = NULL WHERE id = ?1")?
        .execute(params![id, secret.expose()])?;
    Ok(())
}

fn fronts(db: &Connection, id: &str, identity: &Identity) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO identities SELECT id, ?2, ?3 FROM gateways WHERE id = ?1")?
        .execute(params![id, identity.platform, identity.bot_id])?;
    Ok(())
}

fn subscribers(db: &Connection, tenant: &Tenant, platform: &str) -> rusqlite::Result<Vec<Subscriber>> {
    let mut statement = db.prepare_cached(
        "SELECT g.instance, i.bot, g.wake_url FROM gateways g JOIN identities i ON i.gateway = g.id \
         WHERE g.tenant = ?1 AND g.revoked IS NULL AND i.platform = ?2 ORDER BY g.instance, i.bot, g.wake_url",
    )?;
    let rows = statement.query_map(params![tenant.as_str(), platform], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, Option<String>>(2)?))
    })?;
    let mut subscribers: Vec<Subscriber> = Vec::new();
    for row in rows {
        let (key, bot_id, wake_url) = row?;
        if subscribers.last().is_none_or(|last| last.instance.key() != key) {
            let instance = Instance::from_key(tenant.clone(), &key);
            let policy = policy(db, &instance, platform)?.unwrap_or_default();
            subscribers.push(Subscriber { instance, bot_ids: Vec::new(), policy, wake_urls: Vec::new() });
        }
        let subscriber = subscribers.last_mut().expect("one was just there or put there");
        subscriber.add(bot_id, wake_url);
    }
    Ok(subscribers)
}

fn policy(db: &Connection, instance: &Instance, platform: &str) -> rusqlite::Result<Option<Policy>> {
    db.prepare_cached(
        "SELECT require_address, free_scopes, other_bots FROM policies WHERE tenant = ?1 AND instance = ?2 AND \
         platform = ?3",
    )?
    .query_row(params![instance.tenant().as_str(), instance.key(), platform], |row| {
        Ok(Policy {
            require_address: row.get(0)?,
            free_response_scopes: unlisted(row, 1)?,
            allow_other_bots: row.get(2)?,
        })
    })
    .optional()
}

/// Texts as one column.
fn list(texts: &[String]) -> String {
    serde_json::to_string(texts).expect("texts are plain data")
}

fn unlisted(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<String>> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| damaged(column, error))
}

pub(super) fn tenant(row: &Row<'_>, column: usize) -> rusqlite::Result<Tenant> {
    Tenant::new(row.get::<_, String>(column)?).map_err(|error| damaged(column, error))
}

fn damaged(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(error))
}

/// SQLite's numbers have a sign; a time beyond theirs is as good as never.
pub(super) fn seconds(time: UnixSeconds) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

pub(super) fn time(seconds: i64) -> UnixSeconds {
    UnixSeconds(u64::try_from(seconds).unwrap_or_default())
}
