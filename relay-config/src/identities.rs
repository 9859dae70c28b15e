//! The identities that a gateway fronts.

use relay_wire::Identity;
use serde_json::{Map, Value};

use crate::Setting;
use crate::reader::Reader;

/// What is announced when nothing else is configured.
const GENERIC: &str = "relay";

/// What the bots of the platforms look like.
const EXAMPLE: &str = r#"write {"discord": {"botId": "…"}}"#;

/// `…_PLATFORMS` with `…_BOT_IDS`, else the older pair `…_PLATFORM` and `…_BOT_ID`, else the generic one.
pub(crate) fn read(reader: &mut Reader<'_>) -> Setting<Vec<Identity>> {
    let bots = bot_ids(reader);
    if let Some(platforms) = reader.text("PLATFORMS", None) {
        let names: Vec<_> = platforms
            .value
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        if !names.is_empty() {
            let identity = |platform: String| {
                let bot_id = bots.get(&platform).and_then(|bot| bot.get("botId")).and_then(id);
                Identity { platform, bot_id: bot_id.unwrap_or_default() }
            };
            return Setting { value: names.into_iter().map(identity).collect(), origin: platforms.origin };
        }
    }
    let bot_id = reader.text("BOT_ID", None).map(|bot| bot.value).unwrap_or_default();
    let platform = reader.text("PLATFORM", None);
    reader.otherwise(GENERIC);
    match platform {
        Some(platform) => platform.map(|platform| vec![Identity { platform, bot_id }]),
        None => {
            Setting { value: vec![Identity { platform: GENERIC.to_owned(), bot_id }], ..Setting::default() }
        }
    }
}

/// `{platform: {botId, username?}}`; malformed, it is empty and said so.
fn bot_ids(reader: &mut Reader<'_>) -> Map<String, Value> {
    let Some(text) = reader.text("BOT_IDS", None) else { return Map::new() };
    let Ok(bots) = serde_json::from_str::<Map<String, Value>>(&text.value) else {
        reader.warn(&text.origin, &format!("the value is no JSON object and is ignored; {EXAMPLE}"));
        return Map::new();
    };
    if bots.values().any(|bot| !bot.is_object()) {
        reader.warn(&text.origin, &format!("a bot is no object and is ignored; {EXAMPLE}"));
    }
    let is_unusable = |bot: &Value| bot.get("botId").is_some_and(|bot_id| id(bot_id).is_none());
    for platform in bots.iter().filter(|(_, bot)| is_unusable(bot)).map(|(platform, _)| platform) {
        let message = format!("the `botId` of {platform} is no id and is ignored; {EXAMPLE}");
        reader.warn(&text.origin, &message);
    }
    bots
}

/// An id as text; digits count without quotes too. Beyond 64 bits a number has lost digits, so that it must be quoted.
fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}
