//! The commands that the gateway itself understands.

use std::borrow::Cow;

/// A command of a chat to the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChatCommand {
    /// Stop the running turn.
    Stop,
    /// Begin a new conversation.
    New,
    /// Say how things are.
    Status,
    /// Choose which agent answers.
    Agent,
    /// Choose how the agent works.
    Mode,
    /// Choose which model answers.
    Model,
    /// Allow what the agent asks for, this time.
    Approve,
    /// Do not allow it.
    Deny,
    /// Say what can be said.
    Help,
}

impl ChatCommand {
    /// Every command, in the order in which help lists them.
    pub(crate) const ALL: [Self; 9] = [
        Self::Stop,
        Self::New,
        Self::Status,
        Self::Agent,
        Self::Mode,
        Self::Model,
        Self::Approve,
        Self::Deny,
        Self::Help,
    ];

    /// Its name, without the slash.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::New => "new",
            Self::Status => "status",
            Self::Agent => "agent",
            Self::Mode => "mode",
            Self::Model => "model",
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Help => "help",
        }
    }

    /// What it does, in one line.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Self::Stop => "Stop the answer that is being given",
            Self::New => "Begin a new conversation",
            Self::Status => "Show how the agent and this conversation are",
            Self::Agent => "Show which agent answers here, or choose one: /agent NAME",
            Self::Mode => "Show the agent's modes, or choose one: /mode NAME",
            Self::Model => "Show the agent's models, or choose one: /model NAME",
            Self::Approve => "Allow what the agent asks for, this time",
            Self::Deny => "Do not allow it",
            Self::Help => "Show this list",
        }
    }

    /// What a command says after its name.
    pub(crate) fn argument(text: &str) -> &str {
        text.trim().split_once(char::is_whitespace).map_or("", |(_, argument)| argument.trim())
    }

    /// The command that a message is: alone or followed by anything, or addressed to a bot as `/stop@name`.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let word = text.split_whitespace().next()?.strip_prefix('/')?;
        let name = word.split_once('@').map_or(word, |(name, _)| name);
        Self::ALL.into_iter().find(|command| command.name().eq_ignore_ascii_case(name))
    }
}

/// The commands that the gateway itself understands, for platforms that show them: name, without the slash, and what it
/// does.
pub fn chat_commands() -> impl Iterator<Item = (&'static str, &'static str)> {
    ChatCommand::ALL.into_iter().map(|command| (command.name(), command.description()))
}

/// A message for the agent that begins with two slashes loses one: `//stop` reaches the agent as `/stop`.
pub(crate) fn for_agent(text: &str) -> Cow<'_, str> {
    match text.trim_start().strip_prefix("//") {
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_alphanumeric()) => {
            format!("/{rest}").into()
        }
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{ChatCommand, for_agent};

    #[test]
    fn a_command_is_told_from_what_only_looks_like_it() {
        for text in ["/stop", " /stop\n", "/Stop now", "/stop@agent_bot", "/stop 5"] {
            assert_eq!(ChatCommand::of(text), Some(ChatCommand::Stop), "{text:?}");
        }
        for text in ["", "stop", "/stopwatch", "please /stop", "//stop", "/ stop", "/compact"] {
            assert_eq!(ChatCommand::of(text), None, "{text:?}");
        }
        assert_eq!(ChatCommand::of("/NEW"), Some(ChatCommand::New));
        assert_eq!(ChatCommand::argument(" /mode@bot  plan first "), "plan first");
        assert_eq!(ChatCommand::argument("/mode"), "");
    }

    #[test]
    fn two_slashes_reach_the_agent_as_one() {
        assert_eq!(for_agent("//stop it"), "/stop it");
        for text in ["/compact", "// a comment", "///x", "see //stop"] {
            assert_eq!(for_agent(text), text);
        }
    }
}
