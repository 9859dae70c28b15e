//! What an operator does with a data folder, whether or not a connector serves it.

use std::io::{self, Write};
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use relay_auth::UnixSeconds;
use relay_connector::{
    BufferStore as _, DeadLetter, GatewayRecord, GatewayStore as _, Random, RevokeOutcome, RotateOutcome,
    Seq, mint_enrollment_token,
};
use relay_connector_setup::{DataFolder, StoreChange};
use relay_wire::GatewayId;
use serde_json::{Value, json};

use crate::cli::{DataArgs, DeadLettersArgs, GatewayArgs, Items, TokenArgs};
use crate::exit::Refusal;
use crate::moment::rfc3339;
use crate::table;

pub(crate) const STDOUT: &str = "stdout cannot be written to";

/// Mints an enrollment token.
pub(crate) fn token(args: &TokenArgs) -> anyhow::Result<()> {
    let folder = DataFolder::existing(&args.data.data)?;
    let secret = folder.enrollment_secret()?;
    let token = mint_enrollment_token(&secret, &args.tenant, args.ttl, now(), &Random::system())?;
    let mut out = io::stdout().lock();
    if args.data.json {
        let seconds = args.ttl.as_secs();
        let answer =
            json!({ "enrollment_token": token.expose(), "tenant": args.tenant.as_str(), "ttl": seconds });
        writeln!(out, "{answer}").context(STDOUT)
    } else {
        writeln!(out, "{}", token.expose()).context(STDOUT)
    }
}

/// Lists the gateways.
pub(crate) async fn gateways(args: &DataArgs) -> anyhow::Result<()> {
    let folder = DataFolder::existing(&args.data)?;
    let store = folder.store_for_a_command()?;
    let mut found = Vec::new();
    for record in store.gateways().await? {
        let waiting = store.backlog(&record.instance).await?.items;
        found.push((record, waiting));
    }
    let mut out = io::stdout().lock();
    if args.json {
        let all: Vec<Value> = found.iter().map(|(record, waiting)| gateway_json(record, *waiting)).collect();
        return writeln!(out, "{}", Value::from(all)).context(STDOUT);
    }
    if found.is_empty() {
        return writeln!(out, "no gateway is enrolled or provisioned yet").context(STDOUT);
    }
    let rows: Vec<_> = found.iter().map(|(record, waiting)| gateway_row(record, *waiting)).collect();
    let heading = ["GATEWAY", "TENANT", "INSTANCE", "FRONTS", "STATE", "SINCE", "WAITING"];
    table::write(&mut out, &heading, &rows).context(STDOUT)
}

fn gateway_row(record: &GatewayRecord, waiting: usize) -> Vec<String> {
    let (state, since) = match record.revoked {
        Some(revoked) => ("revoked", revoked),
        None if record.verify.secrets().len() > 1 => ("rotating", record.created),
        None => ("good", record.created),
    };
    let fronts: Vec<_> = record.identities.iter().map(|identity| identity.platform.as_str()).collect();
    vec![
        record.gateway_id.to_string(),
        record.tenant.to_string(),
        record.instance.name().to_owned(),
        if fronts.is_empty() { "-".to_owned() } else { fronts.join(",") },
        state.to_owned(),
        rfc3339(since),
        waiting.to_string(),
    ]
}

fn gateway_json(record: &GatewayRecord, waiting: usize) -> Value {
    let fronts: Vec<Value> = record
        .identities
        .iter()
        .map(|identity| json!({ "platform": identity.platform, "bot_id": identity.bot_id }))
        .collect();
    json!({
        "gateway_id": record.gateway_id.as_str(),
        "tenant": record.tenant.as_str(),
        "instance": record.instance.name(),
        "fronts": fronts,
        "route_keys": record.route_keys,
        "endpoint": record.endpoint,
        "wake_url": record.wake_url.as_deref().map(without_query),
        "secrets": record.verify.secrets().len(),
        "created": rfc3339(record.created),
        "revoked": record.revoked.map(rfc3339),
        "waiting": waiting,
    })
}

/// A query may hold a credential.
fn without_query(url: &str) -> &str {
    url.split_once(['?', '#']).map_or(url, |(before, _)| before)
}

/// Gives a gateway a new secret.
pub(crate) async fn rotate(args: &GatewayArgs) -> anyhow::Result<()> {
    let folder = DataFolder::existing(&args.data.data)?;
    let store = folder.store_for_a_command()?;
    let (id, secret) = (args.gateway.clone(), Random::system().secret()?);
    match store.rotate(&id, secret.clone()).await? {
        RotateOutcome::Rotated => {}
        RotateOutcome::Unknown => return Err(unknown(&id)),
        RotateOutcome::Revoked => {
            bail!("the gateway {id} is revoked; mint a token with `token` and let it enroll again")
        }
        other => {
            bail!("the secret of {id} was not changed ({other:?}); run a connector of the store's version")
        }
    }
    let mut out = io::stdout().lock();
    if args.data.json {
        return writeln!(out, "{}", json!({ "gateway_id": id.as_str(), "secret": secret.expose() }))
            .context(STDOUT);
    }
    writeln!(
        out,
        "GATEWAY_RELAY_SECRET={}\n\n\
         This is the new secret of {id}. The one before it is good until the next rotation, older ones are not:\n\
         write this one into the gateway's .env and start it again.",
        secret.expose()
    )
    .context(STDOUT)
}

/// Takes all secrets from a gateway, and has a serving connector close its connection.
pub(crate) async fn revoke(args: &GatewayArgs) -> anyhow::Result<()> {
    let folder = DataFolder::existing(&args.data.data)?;
    let store = folder.store_for_a_command()?;
    let id = args.gateway.clone();
    let outcome = store.revoke(&id, now()).await?;
    if outcome == RevokeOutcome::Unknown {
        return Err(unknown(&id));
    }
    let served = StoreChange::Revoked(id.clone()).notify(&folder.control_socket())?;
    let mut out = io::stdout().lock();
    if args.data.json {
        let already = outcome == RevokeOutcome::Already;
        return writeln!(
            out,
            "{}",
            json!({ "gateway_id": id.as_str(), "already": already, "served": served })
        )
        .context(STDOUT);
    }
    let had = if outcome == RevokeOutcome::Already { "had been" } else { "is" };
    let closed = if served { "; a connection it had is closed" } else { "" };
    writeln!(out, "{id} {had} revoked{closed}").context(STDOUT)
}

fn unknown(id: &GatewayId) -> anyhow::Error {
    Refusal::NotFound(format!("there is no gateway {id}; `gateways` lists those there are")).into()
}

/// Lists dead letters, or has some delivered again, or drops them.
pub(crate) async fn dead_letters(args: &DeadLettersArgs) -> anyhow::Result<()> {
    let folder = DataFolder::existing(&args.data.data)?;
    let store = folder.store_for_a_command()?;
    let all = store.dead_letters().await?;
    let mut out = io::stdout().lock();
    let (items, retry) = match (&args.retry, &args.drop) {
        (Some(items), _) => (items, true),
        (None, Some(items)) => (items, false),
        (None, None) => return list(&mut out, &all, args.data.json),
    };
    let chosen = choose(items, &all)?;
    let count = if retry { store.retry(chosen).await? } else { store.discard(chosen).await? };
    let served =
        if retry && count > 0 { StoreChange::Buffers.notify(&folder.control_socket())? } else { false };
    if args.data.json {
        let (retried, dropped) = if retry { (count, 0) } else { (0, count) };
        return writeln!(out, "{}", json!({ "retried": retried, "dropped": dropped, "served": served }))
            .context(STDOUT);
    }
    let done = if retry { "are delivered again" } else { "are dropped for good" };
    writeln!(out, "{count} {done}").context(STDOUT)
}

/// The numbers that were named, all of which must be there.
fn choose(items: &Items, all: &[DeadLetter]) -> anyhow::Result<Vec<Seq>> {
    let Items::These(numbers) = items else { return Ok(all.iter().map(|item| item.seq).collect()) };
    if let Some(missing) = numbers.iter().find(|number| !all.iter().any(|item| item.seq.0 == **number)) {
        bail!(Refusal::NotFound(format!("no dead letter has the number {missing}; nothing was done")));
    }
    Ok(numbers.iter().copied().map(Seq).collect())
}

fn list(out: &mut impl Write, all: &[DeadLetter], as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let all: Vec<Value> = all.iter().map(dead_letter_json).collect();
        return writeln!(out, "{}", Value::from(all)).context(STDOUT);
    }
    if all.is_empty() {
        return writeln!(out, "there are no dead letters").context(STDOUT);
    }
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|item| {
            vec![
                item.seq.to_string(),
                item.instance.to_string(),
                item.platform.clone(),
                item.reason.as_str().to_owned(),
                item.nacks.to_string(),
                rfc3339(item.arrived),
                rfc3339(item.at),
                item.line.len().to_string(),
            ]
        })
        .collect();
    let heading = ["NUMBER", "INSTANCE", "PLATFORM", "REASON", "TRIES", "ARRIVED", "DEAD SINCE", "BYTES"];
    table::write(out, &heading, &rows).context(STDOUT)
}

fn dead_letter_json(item: &DeadLetter) -> Value {
    json!({
        "number": item.seq.0,
        "tenant": item.instance.tenant().as_str(),
        "instance": item.instance.name(),
        "platform": item.platform,
        "reason": item.reason.as_str(),
        "tries": item.nacks,
        "arrived": rfc3339(item.arrived),
        "dead_since": rfc3339(item.at),
        // Its older name, which scripts may read.
        "set_aside": rfc3339(item.at),
        "frame": serde_json::from_slice::<Value>(&item.line).unwrap_or_default(),
    })
}

fn now() -> UnixSeconds {
    UnixSeconds::from_system(SystemTime::now())
}
