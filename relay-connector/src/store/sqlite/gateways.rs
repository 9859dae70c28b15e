//! Gateways, tokens and policies in SQL.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds, VerifyList};
use relay_wire::{CommandSpec, GatewayId, Identity};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;

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
use crate::store::routing::{Binding, GatewayCommands};

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
        commands: Option<Vec<CommandSpec>>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        let id = gateway_id.as_str().to_owned();
        let commands = commands.map(|commands| json(&commands));
        async move {
            let (of_read, asked, offered) = (id.clone(), identity.clone(), commands.clone());
            // Nearly every handshake announces what is known, and then nothing has to be written.
            let known = self.read("look an identity up", move |db| {
                is_announced(db, &of_read, &asked, offered.as_deref())
            });
            if known.await? {
                return Ok(false);
            }
            let announce = self.write("store a gateway's identity", move |db| {
                announce(db, &id, &identity, commands.as_deref())
            });
            announce.await
        }
        .boxed()
    }

    fn commands<'a>(&'a self, platform: &'a str) -> BoxFuture<'a, Result<Vec<GatewayCommands>, StoreError>> {
        let platform = platform.to_owned();
        self.read("list the gateways' commands", move |db| commands(db, &platform)).boxed()
    }

    fn bind(&self, binding: Binding) -> BoxFuture<'_, Result<(), StoreError>> {
        self.write_or_refuse("bind a chat", move |db| {
            db.prepare_cached(
                "INSERT INTO bindings VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET tenant = ?3",
            )?
            .execute([&*binding.platform, &*binding.place, binding.tenant.as_str()])?;
            Ok(())
        })
        .boxed()
    }

    fn unbind<'a>(&'a self, platform: &'a str, place: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let names = [platform.to_owned(), place.to_owned()];
        self.write_or_refuse("unbind a chat", move |db| {
            let unbound = db
                .prepare_cached("DELETE FROM bindings WHERE platform = ?1 AND place = ?2")?
                .execute(names.each_ref())?;
            Ok(unbound > 0)
        })
        .boxed()
    }

    fn bindings(&self) -> BoxFuture<'_, Result<Vec<Binding>, StoreError>> {
        self.read("list the bindings", |db| {
            let mut statement =
                db.prepare_cached("SELECT platform, place, tenant FROM bindings ORDER BY platform, place")?;
            let binding = |row: &Row<'_>| {
                Ok(Binding { platform: row.get(0)?, place: row.get(1)?, tenant: tenant(row, 2)? })
            };
            statement.query_map([], binding)?.collect()
        })
        .boxed()
    }

    fn route<'a>(
        &'a self,
        platform: &'a str,
        places: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Option<Tenant>, StoreError>> {
        let platform = platform.to_owned();
        let places: Vec<String> = places.iter().map(|place| (*place).to_owned()).collect();
        self.read("find whose a chat is", move |db| route(db, &platform, &places)).boxed()
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
                json(free_response_scopes),
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
        gateway_id: GatewayId::new(row.get::<_, String>(0)?).map_err(|error| damaged(0, error))?,
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
        json(&provisioning.route_keys),
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

/// Whether the identity is new.
fn fronts(db: &Connection, id: &str, identity: &Identity) -> rusqlite::Result<bool> {
    let added = db
        .prepare_cached(
            "INSERT OR IGNORE INTO identities (gateway, platform, bot) SELECT id, ?2, ?3 FROM gateways WHERE id = ?1",
        )?
        .execute(params![id, identity.platform, identity.bot_id])?;
    Ok(added > 0)
}

/// Whether an identity is known, with these commands where there are some.
fn is_announced(
    db: &Connection,
    id: &str,
    identity: &Identity,
    commands: Option<&str>,
) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT 1 FROM identities WHERE gateway = ?1 AND platform = ?2 AND bot = ?3 AND (?4 IS NULL OR commands IS ?4)",
    )?
    .exists(params![id, identity.platform, identity.bot_id, commands])
}

fn announce(
    db: &Connection,
    id: &str,
    identity: &Identity,
    commands: Option<&str>,
) -> rusqlite::Result<bool> {
    let is_new = fronts(db, id, identity)?;
    let Some(commands) = commands else { return Ok(is_new) };
    let changed = db
        .prepare_cached(
            "UPDATE identities SET commands = ?4 WHERE gateway = ?1 AND platform = ?2 AND bot = ?3 AND \
             commands IS NOT ?4",
        )?
        .execute(params![id, identity.platform, identity.bot_id, commands])?;
    Ok(is_new || changed > 0)
}

fn commands(db: &Connection, platform: &str) -> rusqlite::Result<Vec<GatewayCommands>> {
    let mut statement = db.prepare_cached(
        "SELECT g.id, g.tenant, i.bot, i.commands FROM gateways g JOIN identities i ON i.gateway = g.id \
         WHERE i.platform = ?1 AND i.commands IS NOT NULL AND g.revoked IS NULL ORDER BY g.id, i.bot",
    )?;
    let offered = statement.query_map([platform], |row| {
        let text: String = row.get(3)?;
        Ok(GatewayCommands {
            gateway_id: GatewayId::new(row.get::<_, String>(0)?).map_err(|error| damaged(0, error))?,
            tenant: tenant(row, 1)?,
            identity: Identity { platform: platform.to_owned(), bot_id: row.get(2)? },
            commands: serde_json::from_str(&text).map_err(|error| damaged(3, error))?,
        })
    })?;
    offered.collect()
}

fn route(db: &Connection, platform: &str, places: &[String]) -> rusqlite::Result<Option<Tenant>> {
    for sql in [
        "SELECT tenant FROM bindings WHERE platform = ?1 AND place = ?2",
        "SELECT g.tenant FROM gateways g WHERE g.revoked IS NULL AND EXISTS (SELECT 1 FROM identities i WHERE \
         i.gateway = g.id AND i.platform = ?1) AND EXISTS (SELECT 1 FROM json_each(g.route_keys) k WHERE \
         k.value = ?2) ORDER BY g.created, g.id LIMIT 1",
    ] {
        let mut statement = db.prepare_cached(sql)?;
        for place in places {
            let found = statement.query_row([platform, place], |row| tenant(row, 0)).optional()?;
            if found.is_some() {
                return Ok(found);
            }
        }
    }
    Ok(None)
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

/// Several things as one column.
fn json<T: Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).expect("plain data")
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
