//! Which chats belong to which tenant, as an operator says.

use std::io::{self, Write};

use anyhow::{Context as _, bail};
use relay_connector::{Binding, GatewayStore as _};
use relay_connector_setup::DataFolder;
use serde_json::{Value, json};

use crate::cli::{AddBindingArgs, BindingsCommand, DataArgs, PlaceArgs};
use crate::commands::STDOUT;
use crate::exit::Refusal;
use crate::table;

/// Lists bindings, or changes one. A serving connector looks them up for each message, so that it need not be told.
pub(crate) async fn run(command: &BindingsCommand) -> anyhow::Result<()> {
    match command {
        BindingsCommand::List(data) => list(data).await,
        BindingsCommand::Add(args) => add(args).await,
        BindingsCommand::Remove(args) => remove(args).await,
    }
}

async fn list(data: &DataArgs) -> anyhow::Result<()> {
    let store = DataFolder::existing(&data.data)?.store_for_a_command()?;
    let bindings = store.bindings().await?;
    let mut out = io::stdout().lock();
    if data.json {
        let all: Vec<Value> = bindings.iter().map(binding_json).collect();
        return writeln!(out, "{}", Value::from(all)).context(STDOUT);
    }
    if bindings.is_empty() {
        return writeln!(out, "no chat is given to a tenant").context(STDOUT);
    }
    let row = |binding: Binding| vec![binding.platform, binding.place, binding.tenant.to_string()];
    let rows: Vec<_> = bindings.into_iter().map(row).collect();
    table::write(&mut out, &["PLATFORM", "CHAT", "TENANT"], &rows).context(STDOUT)
}

async fn add(args: &AddBindingArgs) -> anyhow::Result<()> {
    let AddBindingArgs { place: PlaceArgs { platform, place, data }, tenant } = args;
    for (what, text) in [("platform", platform), ("chat", place)] {
        if text.trim().is_empty() {
            bail!("the {what} has no name; give the id that the platform has for it");
        }
    }
    let store = DataFolder::existing(&data.data)?.store_for_a_command()?;
    let binding = Binding::new(platform.clone(), place.clone(), tenant.clone());
    store.bind(binding.clone()).await?;
    let mut out = io::stdout().lock();
    if data.json {
        return writeln!(out, "{}", binding_json(&binding)).context(STDOUT);
    }
    writeln!(out, "{place} on {platform} belongs to {tenant}").context(STDOUT)
}

async fn remove(args: &PlaceArgs) -> anyhow::Result<()> {
    let PlaceArgs { platform, place, data } = args;
    let store = DataFolder::existing(&data.data)?.store_for_a_command()?;
    if !store.unbind(platform, place).await? {
        bail!(Refusal::NotFound(format!(
            "{place} on {platform} is given to no tenant; `bindings list` shows those that are"
        )));
    }
    let mut out = io::stdout().lock();
    if data.json {
        return writeln!(out, "{}", json!({ "platform": platform, "chat": place, "tenant": null }))
            .context(STDOUT);
    }
    writeln!(out, "{place} on {platform} is given to no tenant any more").context(STDOUT)
}

fn binding_json(binding: &Binding) -> Value {
    json!({ "platform": binding.platform, "chat": binding.place, "tenant": binding.tenant.as_str() })
}
