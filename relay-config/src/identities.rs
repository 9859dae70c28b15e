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
                let bot = bots.get(&platform).and_then(|bot| bot.get("botId")).and_then(Value::as_str);
                let bot_id = bot.unwrap_or_default().trim().to_owned();
                Identity { platform, bot_id }
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
    bots
}
