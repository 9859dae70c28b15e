//! The gateways' slash commands, in the bot's menu.

use std::collections::BTreeMap;

use relay_connector::{FrontContext, GatewayCommands};
use serde_json::{Value, json};
use std::time::Duration;

use crate::ApiError;
use crate::api::BotApi;

/// The most commands that a bot's menu holds.
const MOST: usize = 100;

/// The longest name and the longest description, in characters.
const LONGEST_NAME: usize = 32;
const LONGEST_DESCRIPTION: usize = 256;

/// The wait after a failure.
const RETRY: Duration = Duration::from_secs(30);

/// Keeps the menu as the gateways offer it, for as long as the front runs. Where nobody offers any, the menu stays as it
/// is: its owner may have made one.
pub(crate) async fn keep_up_to_date(api: &BotApi, context: &FrontContext) -> ApiError {
    let mut offered = context.commands.clone();
    let mut shown = json!([]);
    loop {
        let menu = menu(&offered.borrow_and_update());
        if menu != shown {
            match api.ask_within("setMyCommands", &json!({"commands": menu}), crate::api::CALL).await {
                Ok(_) => shown = menu,
                Err(error @ ApiError::Unauthorized(_)) => return error,
                Err(error) => {
                    let wait =
                        if let ApiError::TooMany { retry_after } = &error { *retry_after } else { RETRY };
                    tracing::warn!(%error, "the bot's menu does not show the commands yet; trying again");
                    tokio::time::sleep(wait).await;
                    continue;
                }
            }
        }
        if offered.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The commands of all gateways that Telegram can show, each once, in order.
fn menu(offered: &[GatewayCommands]) -> Value {
    let mut menu = BTreeMap::new();
    for command in offered.iter().flat_map(|gateway| &gateway.commands) {
        let name = command.name.to_lowercase().replace('-', "_");
        let fits = (1..=LONGEST_NAME).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let description: String = command
            .description
            .trim()
            .chars()
            .filter(|c| !c.is_control())
            .take(LONGEST_DESCRIPTION)
            .collect();
        if !fits {
            tracing::warn!(command = ?command.name, "a command has a name that Telegram does not take; it is left out");
            continue;
        }
        let description = if description.is_empty() { name.clone() } else { description };
        menu.entry(name).or_insert(description);
    }
    let commands = menu.into_iter().take(MOST);
    commands.map(|(command, description)| json!({"command": command, "description": description})).collect()
}

#[cfg(test)]
mod tests {
    use relay_connector::{GatewayCommands, Tenant};
    use relay_wire::{CommandSpec, GatewayId, Identity};
    use serde_json::json;

    use super::menu;

    #[test]
    fn a_menu_has_what_telegram_takes_each_once_and_in_order() {
        let spec = |name: &str, description: &str| CommandSpec {
            name: name.into(),
            description: description.into(),
            options: None,
        };
        let gateway = |commands| {
            GatewayCommands::new(
                GatewayId::new("gw").unwrap(),
                Tenant::default(),
                Identity { platform: "telegram".into(), bot_id: String::new() },
                commands,
            )
        };
        let long = "x".repeat(33);
        let first = gateway(vec![
            spec("stop", "Stops\nit"),
            spec("New-Chat", ""),
            spec("é", "no"),
            spec(&long, "no"),
        ]);
        let second = gateway(vec![spec("stop", "Another"), spec("ask", &"d".repeat(300))]);
        assert_eq!(
            menu(&[first, second]),
            json!([
                {"command": "ask", "description": "d".repeat(256)},
                {"command": "new_chat", "description": "new_chat"},
                {"command": "stop", "description": "Stopsit"},
            ])
        );
        assert_eq!(menu(&[]), json!([]));
    }
}
