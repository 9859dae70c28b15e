//! What an operator decides about one agent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use getset::{CopyGetters, WithSetters};
use relay_runtime::Clock;

use crate::limits::Limits;
use crate::mcp::McpServer;
use crate::process::{Account, Environment};

/// One agent that speaks the Agent Client Protocol.
#[derive(Clone, Debug, CopyGetters, WithSetters)]
#[getset(set_with = "pub")]
pub struct AcpSettings {
    /// What tells it from the other agents of its gateway, for logs.
    pub(crate) name: String,
    /// What it is, such as `gemini`, for `/status`; its name unless told otherwise.
    pub(crate) label: String,
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// The folder that all sessions work in. `None` gives each session a folder of its own below `folders`.
    pub(crate) cwd: Option<PathBuf>,
    /// Where sessions get their own folders. An absolute path.
    pub(crate) folders: PathBuf,
    /// The whole environment of its processes.
    pub(crate) environment: Environment,
    /// The account that it runs under; `None` for the gateway's own.
    pub(crate) account: Option<Account>,
    /// The mode that every session is set to, after it was begun or taken up.
    pub(crate) mode: Mode,
    /// The model that every session is set to; `None` leaves it to the agent.
    pub(crate) model: Option<String>,
    /// The sign-in method of the agent to use before the first session, one that asks nobody anything.
    pub(crate) sign_in: Option<String>,
    /// Who decides what the agent may do.
    #[getset(get_copy = "pub")]
    pub(crate) permissions: Permissions,
    /// Whether conversations are taken up again.
    #[getset(get_copy = "pub")]
    pub(crate) resume: Resume,
    /// A session is not taken up within the span of so long of the clock, counted from 1970, in which it was begun or
    /// taken up last: this agent names its record by that time and would overwrite it. See [`Preset`](crate::Preset).
    #[getset(get_copy = "pub")]
    pub(crate) record_time: Option<Duration>,
    /// How sessions share processes.
    #[getset(get_copy = "pub")]
    pub(crate) processes: Processes,
    /// A process without a turn for this long is ended; the next message starts it again. `None` for never.
    #[getset(get_copy = "pub")]
    pub(crate) idle_after: Option<Duration>,
    /// Servers of tools that the agent is told of.
    pub(crate) mcp_servers: Vec<McpServer>,
    /// Whether the agent's stderr goes to the log, masked. It often repeats what people wrote.
    #[getset(get_copy = "pub")]
    pub(crate) log_stderr: bool,
    /// Tells it when something was, and says so where people read it.
    pub(crate) clock: Clock,
    /// Its limits.
    #[getset(get_copy = "pub")]
    pub(crate) limits: Limits,
}

impl AcpSettings {
    /// An agent that is started by this command, with a folder for each session below `folders`; it asks before it
    /// acts, as far as its own mode does.
    pub fn new(name: impl Into<String>, command: Vec<String>, folders: impl Into<PathBuf>) -> Self {
        let name = name.into();
        Self {
            label: name.clone(),
            name,
            command,
            cwd: None,
            folders: folders.into(),
            environment: Environment::default(),
            account: None,
            mode: Mode::default(),
            model: None,
            sign_in: None,
            permissions: Permissions::default(),
            resume: Resume::default(),
            record_time: None,
            processes: Processes::default(),
            idle_after: None,
            mcp_servers: Vec::new(),
            log_stderr: false,
            clock: Clock::system(),
            limits: Limits::default(),
        }
    }

    /// What tells it from the other agents of its gateway.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, for `/status`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The program and its arguments.
    pub fn command(&self) -> &[String] {
        &self.command
    }

    /// The folder that all sessions work in; `None` where each has its own.
    pub fn cwd(&self) -> Option<&Path> {
        self.cwd.as_deref()
    }

    /// Where sessions get their own folders.
    pub fn folders(&self) -> &Path {
        &self.folders
    }

    /// The whole environment of its processes.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The account that it runs under; `None` for the gateway's own.
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// The mode that every session is set to.
    pub fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The model that every session is set to; `None` leaves it to the agent.
    pub fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }

    /// The sign-in method to use before the first session.
    pub fn sign_in(&self) -> Option<&str> {
        self.sign_in.as_deref()
    }

    /// Servers of tools that the agent is told of.
    pub fn mcp_servers(&self) -> &[McpServer] {
        &self.mcp_servers
    }

    /// Names this agent for what it remembers: what is begun by one is never taken up by another.
    pub(crate) fn fingerprint(&self) -> String {
        // Arguments may hold secrets, so what is stored is a digest. FNV-1a, whose values never change.
        let mut digest: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
        let cwd = self.cwd.as_ref().map(|cwd| cwd.to_string_lossy().into_owned()).unwrap_or_default();
        let account = self.account.as_ref().map_or("", Account::name);
        let parts =
            self.command.iter().map(String::as_str).chain([&*cwd, self.mode.wanted().unwrap_or(""), account]);
        for part in parts {
            for byte in part.bytes().chain([0]) {
                digest = (digest ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
            }
        }
        format!("acp:{digest:032x}")
    }
}

/// The mode that sessions are set to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Whatever the agent's own default is.
    #[default]
    Agents,
    /// The mode of a preset in which the agent asks before it acts. A session that does not have it fails.
    Asking(&'static str),
    /// The mode that the operator chose. The start fails where the agent does not have it.
    Chosen(String),
}

impl Mode {
    /// The mode's id.
    pub fn wanted(&self) -> Option<&str> {
        match self {
            Self::Agents => None,
            Self::Asking(mode) => Some(mode),
            Self::Chosen(mode) => Some(mode),
        }
    }
}

/// Who decides what the agent may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Permissions {
    /// The people of the chat, each time.
    #[default]
    Ask,
    /// The same, except for reading and searching files, which is allowed.
    AllowReads,
    /// Nobody: everything is allowed.
    AllowAll,
}

/// Whether conversations are taken up again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resume {
    /// A start of the gateway begins each of them anew.
    Off,
    /// They are taken up where the agent can; one that is lost begins anew, and its chat is told.
    #[default]
    Auto,
    /// They are taken up; one that is lost fails until somebody begins a new one.
    Required,
}

/// How sessions share processes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Processes {
    /// All in one, started with the gateway.
    #[default]
    Shared,
    /// One for each, started with its first message.
    PerSession,
}

#[cfg(test)]
mod tests {
    use super::{AcpSettings, Mode};

    #[test]
    fn what_makes_another_agent_makes_another_fingerprint() {
        let settings = |command: &[&str]| {
            AcpSettings::new("a", command.iter().map(|&word| word.to_owned()).collect(), "/srv")
        };
        let one = settings(&["agent", "--acp"]);
        assert_eq!(one.fingerprint(), "acp:5df65fdc2320d7ff61a7c1f72cac5640");
        let mut others =
            vec![settings(&["agent"]), settings(&["agent--acp"]), settings(&["agent", "--ac", "p"])];
        others.push(AcpSettings { cwd: Some("/work".into()), ..one.clone() });
        others.push(AcpSettings { mode: Mode::Chosen("plan".into()), ..one.clone() });
        for other in others {
            assert_ne!(one.fingerprint(), other.fingerprint(), "{other:?}");
        }
        let renamed = AcpSettings { name: "b".into(), log_stderr: true, ..one.clone() };
        assert_eq!(one.fingerprint(), renamed.fingerprint());
    }
}
