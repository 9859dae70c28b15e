//! What kind of message an event is.

use serde::{Deserialize, Deserializer, Serialize};

use crate::tolerant;

/// The kind of an inbound message; a kind that this version does not know reads as [`MessageType::Text`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each variant is the wire's own word for it")]
#[non_exhaustive]
pub enum MessageType {
    #[default]
    Text,
    Location,
    Photo,
    Video,
    Audio,
    Voice,
    Document,
    Sticker,
    Command,
}

impl MessageType {
    /// Reads the wire's word.
    pub fn from_wire(word: &str) -> Self {
        match word {
            "location" => Self::Location,
            // Two words for one thing: some connectors write the second.
            "photo" | "image" => Self::Photo,
            "video" => Self::Video,
            "audio" => Self::Audio,
            "voice" => Self::Voice,
            "document" => Self::Document,
            "sticker" => Self::Sticker,
            "command" => Self::Command,
            _ => Self::Text,
        }
    }
}

impl<'de> Deserialize<'de> for MessageType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_wire(&tolerant::word(deserializer)?))
    }
}
