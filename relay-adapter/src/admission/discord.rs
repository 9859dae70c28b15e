//! Discord interactions, forwarded as they came, as events (contract, Passthrough).

use relay_wire::{ChatType, Event, Forward, MessageType, PromptResponse, PromptToken, Source};
use serde_json::{Map, Value};

/// The credential by which an interaction is answered; the connector holds it.
pub(super) const FOLLOW_UP_KIND: &str = "discord.interaction_token";

/// Interaction types, as Discord numbers them.
const APPLICATION_COMMAND: i64 = 2;
const MESSAGE_COMPONENT: i64 = 3;

/// The event of a Discord interaction; `None` for any other forward.
///
/// A slash command becomes a command message, a press on one of our buttons a prompt response, any other
/// press its `custom_id` as text. Interactions of other types carry no text.
pub fn interaction_event(forward: &Forward) -> Option<Event> {
    if forward.platform != "discord" {
        return None;
    }
    let interaction: Map<String, Value> = serde_json::from_slice(&forward.body()).ok()?;
    let kind = interaction.get("type")?.as_i64()?;
    let mut event = Event { source: source(&interaction, forward), ..Event::default() };
    event.message_id = event.source.message_id.clone();
    let data = interaction.get("data");
    match kind {
        APPLICATION_COMMAND => {
            event.text = command_text(data);
            event.message_type = MessageType::Command;
        }
        MESSAGE_COMPONENT => press(&mut event, data, interaction.get("message")),
        _ => {}
    }
    Some(event)
}

fn source(interaction: &Map<String, Value>, forward: &Forward) -> Source {
    let guild = text(interaction.get("guild_id"));
    let member = interaction.get("member").and_then(|member| member.get("user"));
    let user = member.or_else(|| interaction.get("user"));
    Source {
        platform: "discord".into(),
        chat_id: text(interaction.get("channel_id")).unwrap_or_default(),
        chat_type: if guild.is_some() { ChatType::Group } else { ChatType::Dm },
        user_id: user.and_then(|user| text(user.get("id"))),
        user_name: user.and_then(|user| text(user.get("username"))),
        scope_id: guild,
        message_id: text(interaction.get("id")),
        profile: forward.profile.as_deref().map(ToOwned::to_owned),
        ..Source::default()
    }
}

/// `/name`, then the names of subcommands and the values of options, in order.
fn command_text(data: Option<&Value>) -> String {
    let name = data.and_then(|data| text(data.get("name"))).unwrap_or_default();
    let mut command = format!("/{name}");
    push_options(&mut command, data.and_then(|data| data.get("options")));
    command
}

fn push_options(command: &mut String, options: Option<&Value>) {
    for option in options.and_then(Value::as_array).into_iter().flatten() {
        let word = match option.get("value") {
            Some(value) => scalar(value),
            None => text(option.get("name")),
        };
        if let Some(word) = word.as_deref().map(str::trim).filter(|word| !word.is_empty()) {
            command.push(' ');
            command.push_str(word);
        }
        push_options(command, option.get("options"));
    }
}

fn press(event: &mut Event, data: Option<&Value>, message: Option<&Value>) {
    let custom_id = data.and_then(|data| text(data.get("custom_id"))).unwrap_or_default();
    let Some(token) = PromptToken::parse(&custom_id) else {
        event.text = custom_id;
        return;
    };
    event.text = format!("/{}", token.option_id);
    event.message_type = MessageType::Command;
    event.prompt_response = Some(PromptResponse {
        prompt_id: token.prompt_id.to_string(),
        option_id: token.option_id.to_string(),
        label: None,
        prompt_message_id: message.and_then(|message| text(message.get("id"))),
    });
}

/// Text that is there and not empty.
fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
