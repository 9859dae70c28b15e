//! What holds for every text.

mod any_text;
mod hostile;
mod placement;
mod source;
mod telegram_rules;

use relay_markdown::{EntityKind, EntityText, Limit, telegram_messages};
use telegram_rules::{Sent, broken_rule};

/// The messages, each held against Telegram's rules.
fn accepted(markdown: &str, limit: usize) -> Vec<EntityText> {
    let messages = telegram_messages(markdown, &Limit::utf16(limit));
    for message in &messages {
        let sent: Vec<Sent<'_>> = message.entities.iter().map(sent).collect();
        if let Some(rule) = broken_rule(&message.text, &sent, limit) {
            panic!("{rule}\nin {message:?}\nof {markdown:?}");
        }
    }
    messages
}

fn sent(entity: &relay_markdown::Entity) -> Sent<'_> {
    Sent {
        kind: entity.kind.name(),
        offset: i64::try_from(entity.offset).expect("a small number"),
        length: i64::try_from(entity.length).expect("a small number"),
        url: match &entity.kind {
            EntityKind::TextLink { url } => Some(url),
            _ => None,
        },
    }
}

/// The text of all messages without anything blank.
fn visible(messages: &[EntityText]) -> String {
    messages.iter().flat_map(|message| message.text.chars()).filter(|c| !c.is_whitespace()).collect()
}
