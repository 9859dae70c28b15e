//! Text as the Bot API takes it.

use relay_markdown::{EntityKind, EntityText, Limit, telegram_messages};
use serde_json::{Value, json};

/// The longest message, in UTF-16 code units.
pub(crate) const LONGEST_MESSAGE: usize = 4096;

/// The most messages that one text may become.
pub(crate) const MOST_MESSAGES: usize = 40;

/// The longest caption of a file, in UTF-16 code units.
const LONGEST_CAPTION: usize = 1024;

/// A Markdown text as a caption; `None` where it is too long for one, or nothing to see.
pub(crate) fn caption(markdown: &str) -> Option<EntityText> {
    let mut pieces = telegram_messages(markdown, &Limit::utf16(LONGEST_CAPTION));
    if pieces.len() == 1 { pieces.pop() } else { None }
}

/// The messages of a Markdown text; none where there is nothing to see.
pub(crate) fn messages(markdown: &str) -> Vec<EntityText> {
    telegram_messages(markdown, &Limit::utf16(LONGEST_MESSAGE))
}

/// The entities of a message, as JSON.
pub(crate) fn entities(message: &EntityText) -> Value {
    let entities = message.entities.iter().map(|entity| {
        let mut json = json!({"type": entity.kind.name(), "offset": entity.offset, "length": entity.length});
        match &entity.kind {
            EntityKind::TextLink { url } => json["url"] = json!(**url),
            EntityKind::Pre { language: Some(language) } => json["language"] = json!(**language),
            _ => {}
        }
        json
    });
    Value::Array(entities.collect())
}
