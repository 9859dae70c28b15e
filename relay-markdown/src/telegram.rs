//! Telegram: text with entities.

use std::sync::Arc;

use crate::layout::{Links, lay_out};
use crate::limit::Limit;
use crate::parse::parse;
use crate::piece::{Piece, pieces};
use crate::plain::verbatim;
use crate::split::cuts;
use crate::style::{self, Mark, Style};

/// The most entities that Telegram keeps of one message.
pub const MAX_ENTITIES: usize = 100;

/// The longest address behind a text; a longer one is written.
const LONGEST_URL: usize = 1024;

/// The longest name of a language.
const LONGEST_LANGUAGE: usize = 32;

/// One message as Telegram takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntityText {
    /// The text, without blanks around it.
    pub text: String,
    /// How its parts look: by offset, of those that begin together the longer first. They lie within each
    /// other or beside each other; code holds none and lies in nothing but a quote.
    pub entities: Vec<Entity>,
}

/// The look of a stretch of text; offset and length in UTF-16 code units.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entity {
    /// The look.
    pub kind: EntityKind,
    /// Where it begins.
    pub offset: usize,
    /// How long it is; never 0.
    pub length: usize,
}

/// The looks that Markdown has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntityKind {
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Struck through.
    Strikethrough,
    /// Code within a line.
    Code,
    /// A block of code.
    Pre {
        /// Its language, where one was named: letters, digits and `_+#.-`.
        language: Option<Arc<str>>,
    },
    /// A link behind text.
    TextLink {
        /// Where it leads: `http`, `https` or `tg`.
        url: Arc<str>,
    },
    /// A quotation.
    Blockquote,
}

impl EntityKind {
    /// The Bot API's word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bold => "bold",
            Self::Italic => "italic",
            Self::Strikethrough => "strikethrough",
            Self::Code => "code",
            Self::Pre { .. } => "pre",
            Self::TextLink { .. } => "text_link",
            Self::Blockquote => "blockquote",
        }
    }
}

/// The messages of a Markdown text; none for a text without anything to see.
///
/// Use [`Limit::utf16`]: it is what Telegram counts.
pub fn telegram_messages(markdown: &str, limit: &Limit) -> Vec<EntityText> {
    let laid = lay_out(&parse(markdown), Links::Hidden(can_hide));
    let messages: Vec<_> = pieces(&laid, &cuts(&laid, limit)).into_iter().map(message).collect();
    if !messages.is_empty() {
        return messages;
    }
    let bare = verbatim(markdown, limit).into_iter();
    bare.map(|text| EntityText { text, entities: Vec::new() }).collect()
}

fn message(piece: Piece) -> EntityText {
    let mut entities: Vec<Entity> = Vec::with_capacity(piece.marks.len().min(MAX_ENTITIES));
    let mut marks = piece.marks;
    style::sort(&mut marks);
    let mut count = Utf16Count { text: &piece.text, bytes: 0, units: 0 };
    for Mark { range, style } in marks.into_iter().take(MAX_ENTITIES) {
        let offset = count.up_to(range.start);
        let length = piece.text[range].encode_utf16().count();
        entities.push(Entity { kind: kind(style), offset, length });
    }
    EntityText { text: piece.text, entities }
}

/// Counts forward only, so that a message is walked through once.
struct Utf16Count<'a> {
    text: &'a str,
    bytes: usize,
    units: usize,
}

impl Utf16Count<'_> {
    fn up_to(&mut self, byte: usize) -> usize {
        self.units += self.text[self.bytes..byte].encode_utf16().count();
        self.bytes = byte;
        self.units
    }
}

fn kind(style: Style) -> EntityKind {
    match style {
        Style::Bold => EntityKind::Bold,
        Style::Italic => EntityKind::Italic,
        Style::Strikethrough => EntityKind::Strikethrough,
        Style::Code => EntityKind::Code,
        Style::Pre { language } => EntityKind::Pre { language: language.filter(|name| is_language(name)) },
        Style::Link { url } => EntityKind::TextLink { url },
        Style::Quote => EntityKind::Blockquote,
    }
}

fn is_language(name: &str) -> bool {
    name.len() <= LONGEST_LANGUAGE
        && name.chars().all(|character| character.is_ascii_alphanumeric() || "_+#.-".contains(character))
}

/// Whether Telegram keeps the link; it drops what it takes for no address.
fn can_hide(url: &str) -> bool {
    let lower = url.get(..8).unwrap_or(url).to_ascii_lowercase();
    let Some(scheme) = ["https://", "http://", "tg://"].into_iter().find(|scheme| lower.starts_with(scheme))
    else {
        return false;
    };
    let rest = &url[scheme.len()..];
    let is_text = rest.chars().all(|character| !character.is_whitespace() && !character.is_control());
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let is_host = host.starts_with(|character: char| character.is_alphanumeric())
        && host.chars().all(|character| character.is_alphanumeric() || ".-_".contains(character));
    is_text && is_host && url.len() <= LONGEST_URL
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(markdown: &str) -> EntityText {
        let mut messages = telegram_messages(markdown, &Limit::utf16(4096));
        assert_eq!(messages.len(), 1);
        messages.remove(0)
    }

    fn entity(kind: EntityKind, offset: usize, length: usize) -> Entity {
        Entity { kind, offset, length }
    }

    #[test]
    fn offsets_count_utf16() {
        let message = one("👩‍👩‍👧 **é🦀 x **_y_");
        assert_eq!(message.text, "👩‍👩‍👧 **é🦀 x **y");
        assert_eq!(message.entities, [entity(EntityKind::Italic, 19, 1)]);
        let message = one("🦀 **🦀🦀** `x`");
        assert_eq!(message.entities, [entity(EntityKind::Bold, 3, 4), entity(EntityKind::Code, 8, 1)]);
    }

    #[test]
    fn a_link_that_telegram_would_drop_is_written() {
        for url in ["src/main.rs", "file:///etc", "javascript:x", "http://", "https://a b", "mailto:a@b.c"] {
            assert!(!can_hide(url), "{url}");
        }
        assert_eq!(one("[m](src/main.rs)").text, "m (src/main.rs)");
        let message = one("[m](HTTPS://a.example/x?y=1#z)");
        assert_eq!(message.text, "m");
        let url = "HTTPS://a.example/x?y=1#z".into();
        assert_eq!(message.entities, [entity(EntityKind::TextLink { url }, 0, 1)]);
    }

    #[test]
    fn languages_that_are_none_are_left_out() {
        assert_eq!(one("```c++\nx\n```").entities[0].kind, EntityKind::Pre { language: Some("c++".into()) });
        assert_eq!(one("```ré\nx\n```").entities[0].kind, EntityKind::Pre { language: None });
    }

    #[test]
    fn no_more_entities_than_telegram_keeps() {
        let message = one(&"**a** `b` ".repeat(100));
        assert_eq!(message.entities.len(), MAX_ENTITIES);
    }
}
