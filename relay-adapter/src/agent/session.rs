//! A conversation, as its agent holds it.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_wire::{CapabilityDescriptor, Event, SessionKey};
use ring::digest::{SHA256, digest};

use super::{AgentError, AgentErrorKind, SessionMemory, SessionStatus, Turn, TurnOutput, TurnSummary};

/// The agent's side of one conversation.
pub trait AgentSession: Send + Sync + 'static {
    /// Answers one message. Turns of one session never overlap.
    ///
    /// When [`turn.cancelled`](Turn::cancelled) fires, the agent ends what it started and returns; what it says after
    /// is not shown. One that has not returned after
    /// [`AdapterSettings::cancel_grace`](crate::AdapterSettings::cancel_grace) is dropped.
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>>;

    /// Forgets the conversation: the next turn begins anew (`/new`). Never called during a turn.
    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>>;

    /// Frees what the session holds: it is idle, or the gateway stops. What it remembers through its
    /// [`SessionMemory`] stays for the next [`open`](super::Agent::open). Never called during a turn.
    fn close(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }

    /// What `/status` says of it.
    fn status(&self) -> SessionStatus {
        SessionStatus::default()
    }

    /// The commands that the agent itself understands, for `/help`.
    fn commands(&self) -> Vec<AgentCommand> {
        Vec::new()
    }

    /// Chooses a mode or a model out of those that [`status`](Self::status) lists (`/mode`, `/model`).
    fn select(&self, setting: SessionSetting, id: &str) -> BoxFuture<'_, Result<(), AgentError>> {
        let detail = format!("this agent has no {} to choose: {id}", setting.as_str());
        ready(Err(AgentError::new(AgentErrorKind::Other, detail))).boxed()
    }
}

/// What a session lets its people choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionSetting {
    /// How the agent works: asking, planning, ….
    Mode,
    /// Which model answers.
    Model,
}

impl SessionSetting {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mode => "mode",
            Self::Model => "model",
        }
    }
}

/// A command that an agent understands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentCommand {
    /// Its name, without the slash.
    pub name: String,
    /// What it does, in one line.
    pub description: String,
}

impl AgentCommand {
    /// A command of this name, without its slash.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self { name: name.into(), description: description.into() }
    }
}

/// What an agent gets to open a session with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionContext {
    /// The conversation.
    pub key: SessionKey,
    /// The same as a name for files and folders.
    pub conversation: ConversationId,
    /// What the chat's platform can show.
    pub descriptor: Arc<CapabilityDescriptor>,
    /// The chat.
    pub chat: ChatInfo,
    /// What the agent remembers of the conversation over restarts.
    pub memory: SessionMemory,
}

impl SessionContext {
    /// The context of a conversation.
    pub fn new(
        key: SessionKey,
        descriptor: Arc<CapabilityDescriptor>,
        chat: ChatInfo,
        memory: SessionMemory,
    ) -> Self {
        Self { conversation: ConversationId::of(&key), key, descriptor, chat, memory }
    }
}

/// Where a conversation takes place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatInfo {
    /// The platform's name, such as `discord`.
    pub platform: String,
    /// The platform's id of the chat.
    pub chat_id: String,
    /// `dm`, `group`, `channel`, `thread`, `forum` or a later contract's word.
    pub chat_type: String,
    /// The chat's name.
    pub name: Option<String>,
    /// The thread within it.
    pub thread_id: Option<String>,
}

impl ChatInfo {
    /// The chat that a message came from.
    pub fn of(event: &Event) -> Self {
        let source = &event.source;
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        Self {
            platform: source.platform.clone(),
            chat_id: source.chat_id.clone(),
            chat_type: source.chat_type.as_str().to_owned(),
            name: given(source.chat_name.as_deref()),
            thread_id: given(source.thread_id.as_deref()),
        }
    }
}

/// A conversation's name for files and folders: readable, of `a-z`, `0-9`, `_` and `-`, at most 73 characters.
///
/// Two keys never share one, whatever the file system makes of upper and lower case: it ends with 128 bits of the
/// key's SHA-256.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(String);

/// How much of the key can be read in it, in characters.
const READABLE: usize = 40;

/// How much of the key's digest it ends with, in bytes.
const TOLD_APART_BY: usize = 16;

impl ConversationId {
    /// The name of a conversation.
    pub fn of(key: &SessionKey) -> Self {
        let mut name = String::with_capacity(READABLE + 1 + 2 * TOLD_APART_BY);
        let key = key.as_str();
        for character in key.strip_prefix("agent:").unwrap_or(key).chars().take(READABLE) {
            name.push(match character.to_ascii_lowercase() {
                plain @ ('a'..='z' | '0'..='9' | '_') => plain,
                _ => '-',
            });
        }
        name.push('-');
        for byte in &digest(&SHA256, key.as_bytes()).as_ref()[..TOLD_APART_BY] {
            let _ = write!(name, "{byte:02x}");
        }
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::ConversationId;

    #[test]
    fn a_conversation_has_a_name_that_any_file_system_keeps_apart() {
        let long = format!("agent:main:discord:channel:{}", "9".repeat(400));
        let keys =
            ["agent:main:x:dm:A", "agent:main:x:dm:a", "agent:main:x:dm:../a", "agent:main:x:dm:.. a", &long];
        let names: BTreeSet<_> =
            keys.iter().map(|key| ConversationId::of(&(*key).parse().unwrap()).as_str().to_owned()).collect();
        assert_eq!(names.len(), keys.len());
        for name in &names {
            assert!(name.len() <= 73, "{name}");
            let fits =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
            assert!(name.bytes().all(fits), "{name}");
        }
        assert_eq!(
            ConversationId::of(&"agent:main:x:dm:A".parse().unwrap()).as_str(),
            "main-x-dm-a-3d1acf39bb62b1cc0e737fcc903e074a",
            "it names folders on disk, so it never changes"
        );
    }
}
