//! What the chat platform behind a connector can do.

use serde::{Deserialize, Deserializer, Serialize};

use crate::{CONTRACT_VERSION, Op, tolerant};

/// The emoji of a platform that names none: U+1F50C, an electric plug.
pub const DEFAULT_EMOJI: &str = "\u{1F50C}";

/// The message length of a platform that states none, in its [`LenUnit`].
pub const DEFAULT_MAX_MESSAGE_LENGTH: usize = 4096;

/// What a platform counts when it limits the length of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LenUnit {
    /// Unicode scalar values.
    #[default]
    Chars,
    /// UTF-16 code units.
    Utf16,
}

impl LenUnit {
    /// The length of a text in this unit.
    pub fn len(self, text: &str) -> usize {
        match self {
            Self::Chars => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
        }
    }
}

impl<'de> Deserialize<'de> for LenUnit {
    /// A unit that this version does not know reads as UTF-16, the longer count of the two: a message cut
    /// too early arrives, one cut too late is refused.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match tolerant::text(deserializer)?.as_deref() {
            None | Some("" | "chars") => Self::Chars,
            Some(_) => Self::Utf16,
        })
    }
}

/// What the gateway learns of a platform at the handshake (contract, Descriptor).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CapabilityDescriptor {
    /// The contract version that the connector speaks.
    #[serde(deserialize_with = "version")]
    pub contract_version: i64,
    /// The platform's name, such as `discord`; what [`Source::platform`](crate::Source) says in its events.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub platform: String,
    /// The platform's name for people.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub label: String,
    /// The longest message, in `len_unit`. Zero, negative and unreadable values read as 4096.
    #[serde(deserialize_with = "length")]
    pub max_message_length: usize,
    /// Drafts can be shown while they grow (`draft`).
    #[serde(deserialize_with = "tolerant::flag_or_false")]
    pub supports_draft_streaming: bool,
    /// Sent messages can be edited.
    #[serde(deserialize_with = "tolerant::flag_or_false")]
    pub supports_edit: bool,
    /// Chats can have threads.
    #[serde(deserialize_with = "tolerant::flag_or_false")]
    pub supports_threads: bool,
    /// `plain`, `discord`, `markdown_v2`, …; see [`shows_code_blocks`](Self::shows_code_blocks).
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub markdown_dialect: String,
    /// What `max_message_length` counts.
    pub len_unit: LenUnit,
    /// A symbol for the platform; the empty string is a choice, a missing one is [`DEFAULT_EMOJI`].
    #[serde(deserialize_with = "emoji")]
    pub emoji: String,
    /// Advice for the agent on how to write there.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub platform_hint: String,
    /// Personal data may be shown there.
    #[serde(deserialize_with = "tolerant::flag_or_false")]
    pub pii_safe: bool,
    /// Events can carry surrounding messages.
    #[serde(deserialize_with = "tolerant::flag_or_false")]
    pub supports_context: bool,
    /// A conversation can go on inside its channel.
    #[serde(deserialize_with = "tolerant::flag_or_false")]
    pub supports_inchannel_continuable: bool,
    /// Block formatting is shown.
    #[serde(deserialize_with = "tolerant::flag_or_false")]
    pub supports_block_formatting: bool,
    /// The sign of work stays until it is cleared, instead of expiring by itself; see
    /// [`typing_persists`](Self::typing_persists).
    #[serde(deserialize_with = "tolerant::flag", skip_serializing_if = "Option::is_none")]
    pub typing_persists: Option<bool>,
    /// The ops that the connector performs there; see [`supports`](Self::supports).
    #[serde(deserialize_with = "tolerant::texts", skip_serializing_if = "Vec::is_empty")]
    pub supported_ops: Vec<String>,
}

impl Default for CapabilityDescriptor {
    /// A platform of which nothing is known: plain text of at most 4096 characters, no edits.
    fn default() -> Self {
        Self {
            contract_version: CONTRACT_VERSION,
            platform: String::new(),
            label: String::new(),
            max_message_length: DEFAULT_MAX_MESSAGE_LENGTH,
            supports_draft_streaming: false,
            supports_edit: false,
            supports_threads: false,
            markdown_dialect: String::new(),
            len_unit: LenUnit::default(),
            emoji: DEFAULT_EMOJI.to_owned(),
            platform_hint: String::new(),
            pii_safe: false,
            supports_context: false,
            supports_inchannel_continuable: false,
            supports_block_formatting: false,
            typing_persists: None,
            supported_ops: Vec::new(),
        }
    }
}

impl CapabilityDescriptor {
    /// Whether the connector performs an op on this platform. A descriptor without a list means the ops
    /// that every connector has had from the start: send, edit, typing, `follow_up`.
    pub fn supports(&self, op: Op) -> bool {
        if self.supported_ops.is_empty() {
            return op.is_legacy();
        }
        self.supported_ops.iter().any(|listed| listed == op.as_str())
    }

    /// Whether the sign of work (`typing`) stays until it is cleared. A descriptor that does not say is one of the
    /// contract's start, where that was so on Slack alone.
    pub fn typing_persists(&self) -> bool {
        self.typing_persists.unwrap_or(self.platform == "slack")
    }

    /// Whether a fenced code block is shown as one.
    pub fn shows_code_blocks(&self) -> bool {
        !matches!(self.markdown_dialect.as_ref(), "" | "plain")
    }
}

fn version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(tolerant::integer(deserializer)?.unwrap_or(CONTRACT_VERSION))
}

fn length<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    Ok(stated_length(tolerant::integer(deserializer)?))
}

/// A stated length, where nothing, zero and below mean [`DEFAULT_MAX_MESSAGE_LENGTH`].
pub(crate) fn stated_length(stated: Option<i64>) -> usize {
    stated
        .filter(|length| *length > 0)
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(DEFAULT_MAX_MESSAGE_LENGTH)
}

fn emoji<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(tolerant::text(deserializer)?.unwrap_or(DEFAULT_EMOJI.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{CapabilityDescriptor, LenUnit};
    use crate::Op;

    fn read(json: &str) -> CapabilityDescriptor {
        serde_json::from_str(json).expect("a descriptor tolerates everything")
    }

    fn supported(json: &str) -> Vec<Op> {
        let descriptor = read(json);
        Op::ALL.into_iter().filter(|op| descriptor.supports(*op)).collect()
    }

    #[test]
    fn a_sign_of_work_stays_where_the_descriptor_says_so_and_else_where_it_always_did() {
        let persists = |json| read(json).typing_persists();
        assert!(persists(r#"{"platform":"matrix","typing_persists":true}"#));
        assert!(!persists(r#"{"platform":"slack","typing_persists":false}"#));
        assert!(persists(r#"{"platform":"slack"}"#));
        assert!(!persists(r#"{"platform":"matrix"}"#));
    }

    #[test]
    fn without_a_usable_list_the_ops_are_those_of_the_start() {
        for json in [
            "{}",
            r#"{"supported_ops":[]}"#,
            r#"{"supported_ops":null}"#,
            r#"{"supported_ops":"react"}"#,
            r#"{"supported_ops":[{},null]}"#,
        ] {
            assert_eq!(supported(json), [Op::Send, Op::Edit, Op::Typing, Op::FollowUp], "{json}");
        }
    }

    #[test]
    fn a_list_names_exactly_the_ops_that_are_performed() {
        let json = r#"{"supported_ops":["react",7,"a_later_one","send"]}"#;
        assert_eq!(supported(json), [Op::Send, Op::React]);
        assert_eq!(supported(r#"{"supported_ops":["a_later_one"]}"#), []);
    }

    #[test]
    fn a_unit_of_a_later_contract_counts_the_longer_way() {
        let unit = |word: &str| read(&format!(r#"{{"len_unit":"{word}"}}"#)).len_unit;
        assert_eq!((unit(""), unit("chars")), (LenUnit::Chars, LenUnit::Chars));
        assert_eq!((unit("utf16"), unit("graphemes")), (LenUnit::Utf16, LenUnit::Utf16));
        assert_eq!(LenUnit::Chars.len("aé🔌"), 3);
        assert_eq!(LenUnit::Utf16.len("aé🔌"), 4);
    }

    #[test]
    fn every_dialect_but_none_and_plain_shows_code_blocks() {
        let shows =
            |dialect: &str| read(&format!(r#"{{"markdown_dialect":"{dialect}"}}"#)).shows_code_blocks();
        assert_eq!((shows(""), shows("plain")), (false, false));
        assert_eq!((shows("discord"), shows("a_later_one")), (true, true));
    }
}
