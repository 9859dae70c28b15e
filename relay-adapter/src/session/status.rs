//! What a chat reads of its agent and its conversation.

use std::fmt::Write as _;
use std::time::Duration;

use crate::admission::ChatCommand;
use crate::agent::one_line_of;
use crate::{AgentCommand, AgentInfo, AgentName, AgentState, SessionStatus};

/// What `/status` speaks of.
pub(crate) struct StatusOf<'s> {
    /// The agent that answers here.
    pub(crate) name: Option<&'s AgentName>,
    pub(crate) info: &'s AgentInfo,
    pub(crate) state: &'s AgentState,
    /// Those that could answer here, in words.
    pub(crate) others: &'s [String],
    pub(crate) running: bool,
    pub(crate) waiting: usize,
    pub(crate) session: &'s SessionStatus,
    pub(crate) age: Option<Duration>,
}

/// `/status`, line by line.
pub(crate) fn status_text(of: &StatusOf<'_>) -> String {
    let StatusOf { name, info, state, others, running, waiting, session, age } = *of;
    let mut text = match name {
        Some(name) => format!("Agent: {name}, {} ({})", shown(info), state.as_str()),
        None => format!("Agent: {} ({})", shown(info), state.as_str()),
    };
    if let AgentState::Unavailable { reason, .. } = state {
        let _ = write!(text, "\n{}", reason.sentence());
    }
    let conversation = match (running, waiting) {
        (true, _) => "an answer is being given",
        (false, 0) => "at rest",
        (false, _) => "waits for other conversations",
    };
    let _ = write!(text, "\nConversation: {conversation}");
    if waiting > 0 {
        let _ = write!(text, ", {waiting} waiting");
    }
    for (name, value) in [("Mode", &session.mode), ("Model", &session.model)] {
        if let Some(value) = value {
            let _ = write!(text, "\n{name}: {}", one_line_of(value, 90));
        }
    }
    if let Some(usage) = &session.usage {
        match (usage.context_used, usage.context_size) {
            (Some(used), Some(size)) => drop(write!(text, "\nContext: {used} of {size} tokens")),
            (Some(used), None) => drop(write!(text, "\nContext: {used} tokens")),
            (None, _) => {}
        }
        if let Some(cost) = &usage.cost {
            let _ = write!(text, "\nCost: {:.2} {}", cost.amount, cost.currency());
        }
    }
    if let Some(bytes) = session.process_memory {
        let _ = write!(text, "\nMemory of the agent: {} MiB", bytes / (1 << 20));
    }
    if let Some(age) = age {
        let _ = write!(text, "\nOpen for: {}", in_words(age));
    }
    if !others.is_empty() {
        let _ = write!(text, "\nOther agents: {}", others.join(", "));
    }
    text
}

/// What the agent is, such as `acp:gemini`. A program's place on this machine is nothing for a chat.
fn shown(info: &AgentInfo) -> String {
    let is_name = info.label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if is_name { info.to_string() } else { info.kind.to_owned() }
}

/// How long something is, in its two largest units at most.
fn in_words(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes / (24 * 60), minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => format!("{} s", time.as_secs()),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// `/help`: the gateway's commands, then the agent's own.
pub(crate) fn help_text(commands: &[AgentCommand]) -> String {
    let own =
        ChatCommand::ALL.iter().map(|command| (command.name().to_owned(), command.description().to_owned()));
    let agents = commands
        .iter()
        .map(|command| (one_line_of(&command.name, 32), one_line_of(&command.description, 90)));
    let lines: Vec<_> = own
        .chain(agents.filter(|(name, _)| ChatCommand::of(&format!("/{name}")).is_none()))
        .map(|(name, description)| format!("/{name}: {description}"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{StatusOf, help_text, in_words};
    use crate::{AgentCommand, AgentErrorKind, AgentInfo, AgentState, Cost, SessionStatus, Usage};

    fn status_text(
        info: &AgentInfo,
        state: &AgentState,
        running: bool,
        waiting: usize,
        session: &SessionStatus,
        age: Option<Duration>,
    ) -> String {
        let of = StatusOf { name: None, info, state, others: &[], running, waiting, session, age };
        super::status_text(&of)
    }

    #[test]
    fn status_says_which_of_several_agents_answers_here() {
        let info = AgentInfo::new("acp", "gemini");
        let (name, state, session) =
            ("deep".parse().expect("a name"), AgentState::Ready, SessionStatus::default());
        let others = ["fast (ready)".to_owned(), "local (unavailable)".to_owned()];
        let of = StatusOf {
            name: Some(&name),
            info: &info,
            state: &state,
            others: &others,
            running: false,
            waiting: 0,
            session: &session,
            age: None,
        };
        assert_eq!(
            super::status_text(&of),
            "Agent: deep, acp:gemini (ready)\nConversation: at rest\nOther agents: fast (ready), local (unavailable)"
        );
    }

    #[test]
    fn status_says_what_is_known_and_never_where_the_agent_is() {
        let info = AgentInfo::new("command", "/home/ann/secret/agent");
        let empty = SessionStatus::default();
        assert_eq!(
            status_text(&info, &AgentState::Ready, false, 0, &empty, None),
            "Agent: command (ready)\nConversation: at rest"
        );
        let usage = Usage { context_used: Some(5), context_size: Some(10), cost: Cost::new(0.125, "usd") };
        let full = SessionStatus {
            mode: Some("ask\nx".into()),
            usage: Some(usage),
            process_memory: Some(3 << 20),
            ..SessionStatus::default()
        };
        assert_eq!(
            status_text(&info, &AgentState::Starting, true, 2, &full, Some(Duration::from_mins(125))),
            "Agent: command (starting)\nConversation: an answer is being given, 2 waiting\nMode: ask x\nContext: 5 of 10 \
             tokens\nCost: 0.12 USD\nMemory of the agent: 3 MiB\nOpen for: 2 h 5 min"
        );
        let state = AgentState::Unavailable {
            since: relay_auth::UnixSeconds(1),
            reason: AgentErrorKind::LoginNeeded,
            remedy: "/home/ann/agent login".into(),
        };
        assert_eq!(
            status_text(&info, &state, false, 0, &empty, None),
            "Agent: command (unavailable)\nThe agent is not signed in; whoever runs it has to do that.\nConversation: at \
             rest"
        );
    }

    #[test]
    fn a_time_is_said_in_two_units_at_most() {
        let said = [59, 60, 3_600, 90_061].map(|seconds| in_words(Duration::from_secs(seconds)));
        assert_eq!(said, ["59 s", "1 min", "1 h 0 min", "1 d 1 h"]);
    }

    #[test]
    fn help_lists_the_agents_commands_that_reach_it() {
        let command = |name: &str| AgentCommand { name: name.into(), description: "does\nit".into() };
        let text = help_text(&[command("compact"), command("new")]);
        assert!(text.ends_with("/help: Show this list\n/compact: does it"), "{text}");
    }
}
