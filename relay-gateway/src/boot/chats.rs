//! How chats are answered, whatever answers in them: the block `relay` of config.yaml.

use std::ops::RangeInclusive;
use std::time::Duration;

use relay_adapter::{AdapterSettings, ChooseAgent, ToolDisplay, WhileBusy};
use relay_config::{Block, Lookup, Problems};

/// The shortest time that any of these settings can be.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// Reads the block into settings that otherwise stay as they are.
pub(crate) fn read(mut block: Block, settings: &mut AdapterSettings) -> (Problems, Vec<Lookup>) {
    let mut chats = settings.clone();
    if let Some(while_busy) =
        block.choice("while_busy", &[("queue", WhileBusy::Queue), ("interrupt", WhileBusy::Interrupt)])
    {
        chats = chats.with_while_busy(while_busy.value);
    }
    let waiting = number(&mut block, "session_queue", 1..=10_000, chats.session_queue());
    let running = number(&mut block, "running_turns", 1..=10_000, chats.running_turns());
    let open = number(&mut block, "open_sessions", 1..=100_000, chats.open_sessions());
    chats = chats.with_session_queue(waiting).with_running_turns(running).with_open_sessions(open);
    let idle = time(&mut block, "session_idle", chats.session_idle());
    let timeout = time(&mut block, "question_timeout", chats.question_timeout());
    let grace = time(&mut block, "cancel_grace", chats.cancel_grace());
    chats = chats.with_session_idle(idle).with_question_timeout(timeout).with_cancel_grace(grace);
    let displays = ToolDisplay::ALL.map(|display| (display.as_str(), display));
    let tools = block.choice("tools", &displays);
    block.otherwise(chats.tools().as_str());
    if let Some(tools) = tools {
        chats = chats.with_tools(tools.value);
    }
    let thoughts = flag(&mut block, "thoughts", chats.thoughts());
    let reactions = flag(&mut block, "reactions", chats.reactions());
    chats = chats.with_thoughts(thoughts).with_reactions(reactions);
    let deadline = time_or_off(&mut block, "turn_deadline", chats.turn_deadline());
    let silence = time_or_off(&mut block, "silence_notice", chats.silence_notice());
    chats = chats.with_turn_deadline(deadline).with_silence_notice(silence);
    if let Some(approvers) = approvers(&mut block) {
        chats = chats.with_approvers(approvers);
    }
    let choose_agent = block.choice(
        "choose_agent",
        &[
            ("approvers", ChooseAgent::Approvers),
            ("direct", ChooseAgent::Direct),
            ("everyone", ChooseAgent::Everyone),
            ("off", ChooseAgent::Off),
        ],
    );
    if let Some(choose_agent) = choose_agent {
        chats = chats.with_choose_agent(choose_agent.value);
    }
    *settings = chats;
    for key in ["agent", "agents", "routes", "default_agent"] {
        block.leave(key);
    }
    block.finish("the block `relay`")
}

fn number(block: &mut Block, key: &'static str, range: RangeInclusive<u64>, otherwise: usize) -> usize {
    let found = block.number(key, range);
    block.otherwise(&otherwise.to_string());
    found.and_then(|found| usize::try_from(found.value).ok()).unwrap_or(otherwise)
}

fn time(block: &mut Block, key: &'static str, otherwise: Duration) -> Duration {
    let found = block.duration(key, SHORTEST..=LONGEST);
    block.otherwise(&humantime::format_duration(otherwise).to_string());
    found.map_or(otherwise, |found| found.value)
}

fn time_or_off(block: &mut Block, key: &'static str, otherwise: Option<Duration>) -> Option<Duration> {
    let found = block.duration_or_off(key, SHORTEST..=LONGEST);
    let shown = otherwise.map_or("off".to_owned(), |time| humantime::format_duration(time).to_string());
    block.otherwise(&shown);
    found.map_or(otherwise, |found| found.value)
}

fn flag(block: &mut Block, key: &'static str, otherwise: bool) -> bool {
    let found = block.flag(key);
    block.otherwise(&otherwise.to_string());
    found.map_or(otherwise, |found| found.value)
}

/// People by `platform:user id`.
fn approvers(block: &mut Block) -> Option<Vec<String>> {
    let found = block.words("approvers")?;
    for approver in &found.value {
        let names_somebody =
            approver.split_once(':').is_some_and(|(platform, user)| !platform.is_empty() && !user.is_empty());
        if !names_somebody {
            let message =
                format!("`{approver}` names nobody; write PLATFORM:USER_ID, such as telegram:12345");
            block.problem(&found.origin, message);
        }
    }
    Some(found.value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use relay_adapter::{AdapterSettings, ChooseAgent, ToolDisplay, WhileBusy};
    use relay_config::{ConfigFile, DotEnv, Lookup, Settings, Sources};

    fn read(yaml: &str) -> (AdapterSettings, String, Vec<Lookup>) {
        let config = ConfigFile::parse("home/config.yaml", yaml).expect("YAML");
        let (dotenv, _) = DotEnv::parse("home/.env", "");
        let survey = Settings::survey(&Sources::new(BTreeMap::new(), dotenv, config));
        let mut settings = AdapterSettings::default();
        let (problems, lookups) = super::read(survey.relay.expect("a block"), &mut settings);
        (settings, problems.to_string(), lookups)
    }

    #[test]
    fn every_key_reaches_the_adapter() {
        let (settings, problems, _) = read(
            "relay: {while_busy: interrupt, session_queue: 3, running_turns: 4, open_sessions: 5, session_idle: 6m, \
             question_timeout: 1h, cancel_grace: 5s, approvers: [telegram:1, discord:2], tools: full, thoughts: true, \
             reactions: false, turn_deadline: 1h, silence_notice: off, choose_agent: direct}",
        );
        assert_eq!(problems, "");
        assert_eq!(settings.while_busy(), WhileBusy::Interrupt);
        assert_eq!(settings.choose_agent(), ChooseAgent::Direct);
        assert_eq!((settings.session_queue(), settings.running_turns(), settings.open_sessions()), (3, 4, 5));
        assert_eq!(settings.session_idle(), Duration::from_mins(6));
        assert_eq!(settings.question_timeout(), Duration::from_hours(1));
        assert_eq!(settings.cancel_grace(), Duration::from_secs(5));
        assert_eq!(settings.approvers(), ["telegram:1", "discord:2"]);
        assert_eq!(
            (settings.tools(), settings.thoughts(), settings.reactions()),
            (ToolDisplay::Full, true, false)
        );
        assert_eq!(
            (settings.turn_deadline(), settings.silence_notice()),
            (Some(Duration::from_hours(1)), None)
        );
    }

    #[test]
    fn what_is_wrong_names_its_line_and_what_to_write() {
        let (_, problems, _) = read(
            "relay:\n  approvers: me\n  while_busy: wait\n  running_turns: 0\n  question_timeout: 15\n  idle: 1m\n",
        );
        let mut lines: Vec<_> = problems.lines().collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "home/config.yaml:2 (relay.approvers): `me` names nobody; write PLATFORM:USER_ID, such as \
                 telegram:12345",
                "home/config.yaml:3 (relay.while_busy): `wait` is not known here; write one of queue, interrupt",
                "home/config.yaml:4 (relay.running_turns): the value must be a whole number between 1 and 10000",
                "home/config.yaml:5 (relay.question_timeout): the value must be a time with its unit, such as 30s, \
                 15m or 2h",
                "home/config.yaml:6 (relay.idle): `idle` is no setting of the block `relay`; write one of \
                 while_busy, session_queue, running_turns, open_sessions, session_idle, question_timeout, \
                 cancel_grace, tools, thoughts, reactions, turn_deadline, silence_notice, approvers, choose_agent, agent, agents, routes, \
                 default_agent",
            ]
        );
    }

    #[test]
    fn the_document_has_a_row_for_every_key() {
        let (_, _, lookups) = read("relay: {while_busy: queue}");
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/agents.md");
        let document = std::fs::read_to_string(document).expect("docs/agents.md is there");
        for Lookup { key, .. } in lookups {
            let key = key.expect("a key of config.yaml");
            let key = key.strip_prefix("relay.").expect("a key of the block");
            let row = format!("| `{key}` |");
            assert!(document.contains(&row), "docs/agents.md has no row {row}");
        }
    }
}
