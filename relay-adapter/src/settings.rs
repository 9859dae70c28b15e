//! What an operator may choose, and the bounds of everything that grows.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use getset::{CopyGetters, WithSetters};
use relay_wire::{Identity, PromptNonce, SessionKeyOptions};

use crate::{MediaUpload, TurnReport};

/// What happens to a message that comes while its session's turn is running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WhileBusy {
    /// It waits, in order.
    #[default]
    Queue,
    /// It stops the running turn and is answered next.
    Interrupt,
}

/// How much of an agent's work a chat sees: its steps and its plan, in one status message a turn. Never their output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolDisplay {
    /// Nothing.
    Off,
    /// The titles of the last five steps.
    #[default]
    Brief,
    /// The last twenty steps, with what each of them does, such as its command.
    Full,
}

impl ToolDisplay {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Off, Self::Brief, Self::Full];

    /// The word for it in a configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Brief => "brief",
            Self::Full => "full",
        }
    }

    /// Reads the word for it.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|display| display.as_str() == word)
    }
}

/// Who may choose, by `/agent`, which of several agents answers in a chat. It counts for everybody in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChooseAgent {
    /// The [`approvers`](AdapterSettings::approvers). Routes may be what keeps strangers from an agent, so nobody else
    /// may unless the operator says so.
    #[default]
    Approvers,
    /// In a direct message also the person who writes it; elsewhere the approvers.
    Direct,
    /// Everybody.
    Everyone,
    /// Nobody: the routes alone count.
    Off,
}

/// Is told how each message's turn ended.
pub type Observer = Arc<dyn Fn(&TurnReport) + Send + Sync>;

/// Settings of an [`Adapter`](crate::Adapter).
#[derive(Clone, CopyGetters, WithSetters)]
#[getset(set_with = "pub")]
pub struct AdapterSettings {
    /// The identities that the gateway fronts; they give a platform's answers their bot.
    pub(crate) identities: Vec<Identity>,
    /// How chats divide into sessions.
    #[getset(get_copy = "pub")]
    pub(crate) session_keys: SessionKeyOptions,
    /// What a message does to a running turn.
    #[getset(get_copy = "pub")]
    pub(crate) while_busy: WhileBusy,
    /// How many messages may wait in one session; the next one is refused, and its chat told so. Not bounded unless an
    /// operator wants it: what is too much for `open_messages` waits at the connector instead.
    #[getset(get_copy = "pub")]
    pub(crate) session_queue: usize,
    /// How many messages may be taken and not done with; while there are so many, no more are taken, and the connector
    /// keeps them. In memory most of them are a name.
    #[getset(get_copy = "pub")]
    pub(crate) open_messages: usize,
    /// The same in bytes of their events, roughly.
    #[getset(get_copy = "pub")]
    pub(crate) open_bytes: usize,
    /// How many turns of one agent run at once over all sessions; further ones wait their turn, first come first served.
    #[getset(get_copy = "pub")]
    pub(crate) running_turns: usize,
    /// How many chats are remembered for their scope.
    #[getset(get_copy = "pub")]
    pub(crate) remembered_chats: usize,
    /// How long an agent whose turn was cancelled may take to return before it is dropped.
    #[getset(get_copy = "pub")]
    pub(crate) cancel_grace: Duration,
    /// How many of the agent's sessions stay open; beyond that the one that was used longest ago is closed.
    #[getset(get_copy = "pub")]
    pub(crate) open_sessions: usize,
    /// After how long without a message a session is closed.
    #[getset(get_copy = "pub")]
    pub(crate) session_idle: Duration,
    /// How long a question waits for its answer unless the agent says otherwise.
    #[getset(get_copy = "pub")]
    pub(crate) question_timeout: Duration,
    /// Who may answer any question in its chat, each as `platform:user id`; the person whose message is being answered
    /// always may.
    pub(crate) approvers: Vec<String>,
    /// Who may choose which of several agents answers in a chat.
    #[getset(get_copy = "pub")]
    pub(crate) choose_agent: ChooseAgent,
    /// Tells this process's questions from those of other gateways of its tenant.
    #[getset(get_copy = "pub")]
    pub(crate) prompt_nonce: PromptNonce,
    /// How much of the agent's work a chat sees, where messages can be edited.
    #[getset(get_copy = "pub")]
    pub(crate) tools: ToolDisplay,
    /// Whether a chat sees what the agent thinks, as quotations in its answer.
    #[getset(get_copy = "pub")]
    pub(crate) thoughts: bool,
    /// Whether a message that is being answered wears an emoji that says so, and after that how it ended, where the
    /// platform has reactions.
    #[getset(get_copy = "pub")]
    pub(crate) reactions: bool,
    /// How long a turn may take, without the time in which it waits for an answer to a question; then it is stopped, and
    /// its chat told so. `None` for any time.
    #[getset(get_copy = "pub")]
    pub(crate) turn_deadline: Option<Duration>,
    /// After how long without a sign of the agent its chat is told, once a turn, that it still works. `None` for never.
    #[getset(get_copy = "pub")]
    pub(crate) silence_notice: Option<Duration>,
    /// Uploads the files that an agent sends. Without it a chat reads their names.
    pub(crate) media: Option<Arc<dyn MediaUpload>>,
    /// How many deliveries may wait for the inbox at once; beyond that the link waits.
    #[getset(get_copy = "pub")]
    pub(crate) admissions: usize,
    /// Is told of every message's end.
    pub(crate) observer: Option<Observer>,
}

impl AdapterSettings {
    /// The identities that the gateway fronts.
    pub fn identities(&self) -> &[Identity] {
        &self.identities
    }

    /// Who may answer any question in its chat.
    pub fn approvers(&self) -> &[String] {
        &self.approvers
    }

    /// What uploads the files that an agent sends.
    pub fn media(&self) -> Option<&Arc<dyn MediaUpload>> {
        self.media.as_ref()
    }

    /// What is told of every message's end.
    pub fn observer(&self) -> Option<&Observer> {
        self.observer.as_ref()
    }
}

impl fmt::Debug for AdapterSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdapterSettings")
            .field("identities", &self.identities)
            .field("while_busy", &self.while_busy)
            .field("session_queue", &self.session_queue)
            .field("running_turns", &self.running_turns)
            .field("tools", &self.tools)
            .field("thoughts", &self.thoughts)
            .field("reactions", &self.reactions)
            .field("turn_deadline", &self.turn_deadline)
            .field("silence_notice", &self.silence_notice)
            .finish_non_exhaustive()
    }
}

impl Default for AdapterSettings {
    fn default() -> Self {
        Self {
            identities: Vec::new(),
            session_keys: SessionKeyOptions::default(),
            while_busy: WhileBusy::default(),
            session_queue: usize::MAX,
            open_messages: 65_536,
            open_bytes: 128 * 1024 * 1024,
            running_turns: 64,
            remembered_chats: 10_000,
            cancel_grace: Duration::from_secs(3),
            open_sessions: 1_024,
            session_idle: Duration::from_mins(30),
            question_timeout: Duration::from_mins(15),
            approvers: Vec::new(),
            choose_agent: ChooseAgent::default(),
            prompt_nonce: PromptNonce::new(
                u32::try_from(RandomState::new().hash_one(()) >> 40).unwrap_or_default(),
            ),
            tools: ToolDisplay::default(),
            thoughts: false,
            reactions: true,
            turn_deadline: Some(Duration::from_mins(30)),
            silence_notice: Some(Duration::from_mins(5)),
            media: None,
            admissions: 256,
            observer: None,
        }
    }
}
