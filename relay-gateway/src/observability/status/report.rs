//! How gateways stand, for people and for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::StatusReply;
use crate::cli::{Columns, Exit};
use crate::observability::agent_status::AgentStatus;
use crate::observability::health::GatewayStatus;

/// 0 where every gateway is live or sleeps on purpose.
pub(crate) fn exit(answers: &[StatusReply]) -> Exit {
    let stands_well = |answer: &StatusReply| match answer {
        StatusReply::Running(status) => status.is_well(),
        StatusReply::Mute { .. } => false,
    };
    match answers {
        [] => Exit::NotRunning,
        answers if answers.iter().all(stands_well) => Exit::Done,
        _ => Exit::Unavailable,
    }
}

pub(crate) fn json(answers: &[StatusReply]) -> Value {
    let gateways = answers.iter().map(|answer| match answer {
        StatusReply::Running(status) => json!(status),
        StatusReply::Mute { socket, why } => json!({"socket": socket.display().to_string(), "error": why}),
    });
    json!({"gateways": gateways.collect::<Vec<_>>(), "exit_code": exit(answers).code()})
}

pub(crate) fn text(answers: &[StatusReply], now: u64) -> String {
    let mut parts: Vec<String> = answers.iter().map(|answer| one(answer, now)).collect();
    if answers.len() > 1 {
        parts.push(format!(
            "{} gateways run from this home; with one name they take each other's connection. Stop all but one, or \
             give each a home of its own.\n",
            answers.len()
        ));
    }
    parts.join("\n")
}

fn one(answer: &StatusReply, now: u64) -> String {
    match answer {
        StatusReply::Running(status) => block(status, now),
        StatusReply::Mute { socket, why } => format!(
            "The gateway at {} does not say how it stands: {why}. If it hangs, restart it.\n",
            socket.display()
        ),
    }
}

fn block(status: &GatewayStatus, now: u64) -> String {
    let GatewayStatus { info, state: _, detail, since, last_error, fronts, agents, counts } = status;
    let mut lines = Columns::default();
    let mut line = |name: &str, text: String| lines.push([name.to_owned(), text]);
    let (name, pid, version) = (&info.gateway_id, info.pid, &info.version);
    line("gateway", format!("{name}, process {pid}, version {version}"));
    line("state", format!("{detail}, for {}", span(now.saturating_sub(*since))));
    line("running", format!("for {}", span(now.saturating_sub(info.started_at))));
    line("connector", info.connector.clone());
    if agents.is_empty() {
        line("agent", info.agent.clone());
    }
    for agent in agents {
        line("agent", one_agent(agent, now));
    }
    for front in fronts {
        line(&front.platform, format!("{}: {}", front.state, front.detail));
    }
    if let Some(error) = last_error {
        let ago = span(now.saturating_sub(error.at));
        line("last error", format!("{ago} ago: {}", error.message));
    }
    let dials = counts.dials_total;
    line("connections", format!("{} of {dials} dials went live", counts.connections_total));
    line(
        "events",
        format!(
            "{} came, {} of them buffered, {} acknowledged, {} not yet",
            counts.events_total, counts.buffered_events_total, counts.acks_total, counts.unacknowledged
        ),
    );
    line(
        "messages",
        format!(
            "{} taken, {} taken before, {} not taken",
            counts.messages_taken_total, counts.messages_duplicate_total, counts.messages_not_taken_total
        ),
    );
    line(
        "turns",
        format!(
            "{} running in {} sessions, {} messages wait; {} answered, {} failed",
            counts.running_turns,
            counts.active_sessions,
            counts.waiting_messages,
            counts.turns_answered_total,
            counts.turns_agent_failed_total + counts.turns_not_delivered_total
        ),
    );
    line(
        "actions",
        format!(
            "{} delivered, {} declined, {} failed, {} not sent, {} unknown",
            counts.actions_delivered_total,
            counts.actions_declined_total,
            counts.actions_failed_total,
            counts.actions_not_sent_total,
            counts.actions_unknown_total
        ),
    );
    lines.to_string()
}

/// An agent on one line: what it is, and whether it can answer.
fn one_agent(agent: &AgentStatus, now: u64) -> String {
    let AgentStatus { name, agent, state, since, reason, .. } = agent;
    let mut text = if name.is_empty() { agent.clone() } else { format!("{name}, {agent}") };
    text.push_str(", ");
    text.push_str(state);
    if let Some(reason) = reason.as_ref().filter(|reason| *reason != state) {
        let _ = write!(text, " ({reason})");
    }
    if let Some(since) = since {
        let _ = write!(text, " for {}", span(now.saturating_sub(*since)));
    }
    text
}

/// A time span in its two largest units.
pub(crate) fn span(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    if days > 0 {
        format!("{days} d {} h", hours % 24)
    } else if hours > 0 {
        format!("{hours} h {} min", minutes % 60)
    } else if minutes > 0 {
        format!("{minutes} min {} s", seconds % 60)
    } else {
        format!("{seconds} s")
    }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_span_has_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min 0 s"),
            (3_599, "59 min 59 s"),
            (3_600, "1 h 0 min"),
            (90_061, "1 d 1 h"),
        ] {
            assert_eq!(span(seconds), text);
        }
    }
}
