//! How chats are answered, whatever answers in them: the block `relay` of config.yaml.

use std::time::Duration;

use relay_adapter::{AdapterSettings, ToolDisplay, WhileBusy};
use relay_config::{Block, Lookup, Problems};

/// The longest time that any of these settings can be.
const LONGEST: Duration = Duration::from_hours(7 * 24);

/// Reads the block into settings that otherwise stay as they are.
pub(crate) fn read(mut block: Block, settings: &mut AdapterSettings) -> (Problems, Vec<Lookup>) {
    let seconds = Duration::from_secs(1)..=LONGEST;
    if let Some(while_busy) =
        block.choice("while_busy", &[("queue", WhileBusy::Queue), ("interrupt", WhileBusy::Interrupt)])
    {
        settings.while_busy = while_busy.value;
    }
    number(&mut block, "session_queue", 1..=10_000, &mut settings.session_queue);
    number(&mut block, "running_turns", 1..=10_000, &mut settings.running_turns);
    number(&mut block, "open_sessions", 1..=100_000, &mut settings.open_sessions);
    for (key, setting) in [
        ("session_idle", &mut settings.session_idle),
        ("question_timeout", &mut settings.question_timeout),
        ("cancel_grace", &mut settings.cancel_grace),
    ] {
        let found = block.duration(key, seconds.clone());
        block.otherwise(&humantime::format_duration(*setting).to_string());
        if let Some(found) = found {
            *setting = found.value;
        }
    }
    let displays = ToolDisplay::ALL.map(|display| (display.as_str(), display));
    let tools = block.choice("tools", &displays);
    block.otherwise(settings.tools.as_str());
    if let Some(tools) = tools {
        settings.tools = tools.value;
    }
    for (key, setting) in [("thoughts", &mut settings.thoughts), ("reactions", &mut settings.reactions)] {
        let found = block.flag(key);
        block.otherwise(&setting.to_string());
        if let Some(found) = found {
            *setting = found.value;
        }
    }
    for (key, setting) in
        [("turn_deadline", &mut settings.turn_deadline), ("silence_notice", &mut settings.silence_notice)]
    {
        let found = block.duration_or_off(key, seconds.clone());
        let otherwise = setting.map_or("off".to_owned(), |time| humantime::format_duration(time).to_string());
        block.otherwise(&otherwise);
        if let Some(found) = found {
            *setting = found.value;
        }
    }
    approvers(&mut block, &mut settings.approvers);
    block.leave("agent");
    block.finish("the block `relay`")
}

fn number(block: &mut Block, key: &'static str, range: std::ops::RangeInclusive<u64>, setting: &mut usize) {
    let found = block.number(key, range);
    block.otherwise(&setting.to_string());
    if let Some(found) = found.and_then(|found| usize::try_from(found.value).ok()) {
        *setting = found;
    }
}

/// People by `platform:user id`.
fn approvers(block: &mut Block, setting: &mut Vec<String>) {
    let Some(found) = block.words("approvers") else { return };
    for approver in &found.value {
        let names_somebody =
            approver.split_once(':').is_some_and(|(platform, user)| !platform.is_empty() && !user.is_empty());
        if !names_somebody {
            let message =
                format!("`{approver}` names nobody; write PLATFORM:USER_ID, such as telegram:12345");
            block.problem(&found.origin, message);
        }
    }
    *setting = found.value;
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use relay_adapter::{AdapterSettings, ToolDisplay, WhileBusy};
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
             reactions: false, turn_deadline: 1h, silence_notice: off}",
        );
        assert_eq!(problems, "");
        assert_eq!(settings.while_busy, WhileBusy::Interrupt);
        assert_eq!((settings.session_queue, settings.running_turns, settings.open_sessions), (3, 4, 5));
        assert_eq!(settings.session_idle, Duration::from_mins(6));
        assert_eq!(settings.question_timeout, Duration::from_hours(1));
        assert_eq!(settings.cancel_grace, Duration::from_secs(5));
        assert_eq!(settings.approvers, ["telegram:1", "discord:2"]);
        assert_eq!((settings.tools, settings.thoughts, settings.reactions), (ToolDisplay::Full, true, false));
        assert_eq!((settings.turn_deadline, settings.silence_notice), (Some(Duration::from_hours(1)), None));
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
                 cancel_grace, tools, thoughts, reactions, turn_deadline, silence_notice, approvers, agent",
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
