//! Discord interactions, forwarded as they came, as events (contract, Passthrough).

use relay_wire::{ChatType, Event, Forward, MessageType, PromptResponse, PromptToken, Source};
use serde_json::Value;

/// The credential by which an interaction is answered; the connector holds it.
pub(super) const FOLLOW_UP_KIND: &str = "discord.interaction_token";

/// Interaction types, as Discord numbers them.
const APPLICATION_COMMAND: i64 = 2;
const MESSAGE_COMPONENT: i64 = 3;
const MODAL_SUBMIT: i64 = 5;

/// Channel types that are threads: of announcements, public, private.
const THREADS: [i64; 3] = [10, 11, 12];

/// The event of a Discord interaction; `None` for any other forward.
///
/// A slash command becomes a command message, a press on one of our buttons a prompt response, any other
/// press its `custom_id` as text, a filled form the values of its fields, a line each. Interactions of other types carry
/// no text. What is used in a thread belongs to the conversation of that thread.
pub fn interaction_event(forward: &Forward) -> Option<Event> {
    if forward.platform != "discord" {
        return None;
    }
    let interaction = forward.json_body().filter(Value::is_object)?;
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
        MODAL_SUBMIT => event.text = form_text(data),
        _ => {}
    }
    Some(event)
}

fn source(interaction: &Value, forward: &Forward) -> Source {
    let guild = text(interaction.get("guild_id"));
    let chat_id = text(interaction.get("channel_id")).unwrap_or_default();
    let member = interaction.get("member");
    // In a direct message there is no member, or one without a user.
    let user = member.and_then(|member| member.get("user")).filter(|user| user.is_object());
    let user = user.or_else(|| interaction.get("user"));
    let name = |of: Option<&Value>, key| of.and_then(|of| text(of.get(key)));
    let channel = interaction.get("channel").filter(|channel| {
        channel.get("type").and_then(Value::as_i64).is_some_and(|kind| THREADS.contains(&kind))
    });
    Source {
        platform: "discord".into(),
        chat_type: match channel {
            Some(_) => ChatType::Thread,
            None if guild.is_some() => ChatType::Group,
            None => ChatType::Dm,
        },
        thread_id: channel.map(|_| chat_id.clone()),
        parent_chat_id: name(channel, "parent_id"),
        chat_id,
        user_id: name(user, "id"),
        user_name: name(member, "nick")
            .or_else(|| name(user, "global_name"))
            .or_else(|| name(user, "username")),
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

/// What was typed into a form, a line for each field that is not empty.
fn form_text(data: Option<&Value>) -> String {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut lines = Vec::new();
    for row in list(data.and_then(|data| data.get("components"))) {
        // A field stands in a row, or in a label around it.
        let fields = match row.get("component") {
            Some(field) => vec![field.clone()],
            None => list(row.get("components")),
        };
        lines.extend(fields.iter().filter_map(|field| text(field.get("value"))));
    }
    lines.join("\n")
}

/// Text that is there and not empty; an id that is written as a number counts too.
fn text(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
