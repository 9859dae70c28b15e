//! The limits of an agent of the Agent Client Protocol: the block `limits`.

use std::time::Duration;

use relay_acp::Limits;
use relay_config::{Block, shown_size};

/// The shortest time that any of them can be.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest.
const LONGEST: Duration = Duration::from_hours(24);

/// The least and the most that a limit of bytes can be.
const BYTES: std::ops::RangeInclusive<u64> = (64 << 10)..=(1 << 30);

/// Reads the block; what it does not say stays as it is.
pub(super) fn limits(block: &mut Block) -> Limits {
    let limits = Limits::default();
    let mut own = block.block("limits");
    let limits = limits
        .with_initialize(time(&mut own, "initialize", limits.initialize()))
        .with_open(time(&mut own, "open", limits.open()))
        .with_setting(time(&mut own, "setting", limits.setting()))
        .with_notice(time(&mut own, "notice", limits.notice()))
        .with_stop(time(&mut own, "stop", limits.stop()))
        .with_backoff(time(&mut own, "backoff", limits.backoff()))
        .with_backoff_most(time(&mut own, "backoff_most", limits.backoff_most()))
        .with_failures(failures(&mut own, limits.failures()))
        .with_failures_within(time(&mut own, "failures_within", limits.failures_within()))
        .with_line(bytes(&mut own, "line", limits.line()))
        .with_unseen(bytes(&mut own, "unseen", limits.unseen()));
    block.absorb(own, "the limits of an agent");
    limits
}

fn time(block: &mut Block, key: &'static str, default: Duration) -> Duration {
    let found = block.duration(key, SHORTEST..=LONGEST);
    block.otherwise(&humantime::format_duration(default).to_string());
    found.map_or(default, |found| found.value)
}

fn failures(block: &mut Block, default: usize) -> usize {
    let found = block.number("failures", 1..=100);
    block.otherwise(&default.to_string());
    found.and_then(|found| usize::try_from(found.value).ok()).unwrap_or(default)
}

fn bytes(block: &mut Block, key: &'static str, default: usize) -> usize {
    let found = block.size(key, BYTES);
    block.otherwise(&shown_size(default as u64));
    found.and_then(|found| usize::try_from(found.value).ok()).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relay_acp::Limits;

    use super::limits;
    use crate::agent::rig;

    fn read(yaml: &str) -> Result<Limits, String> {
        let mut block = rig::block(&format!("agent: {{kind: acp, {yaml}}}"));
        let limits = limits(&mut block);
        block.text("kind");
        let problems = block.finish("an agent").0;
        if problems.0.is_empty() { Ok(limits) } else { Err(problems.to_string()) }
    }

    #[test]
    fn each_limit_can_be_set_and_keeps_its_default_otherwise() {
        assert_eq!(read(""), Ok(Limits::default()));
        let limits = read(
            "limits: {initialize: 3m, open: 90s, setting: 10s, notice: 8s, stop: 2s, backoff: 2s, backoff_most: 5m, \
             failures: 7, failures_within: 10m, line: 16MiB, unseen: 512KiB}",
        )
        .expect("good");
        let seconds = Duration::from_secs;
        assert_eq!(
            (limits.initialize(), limits.open(), limits.setting()),
            (seconds(180), seconds(90), seconds(10))
        );
        assert_eq!((limits.notice(), limits.stop(), limits.backoff()), (seconds(8), seconds(2), seconds(2)));
        assert_eq!((limits.backoff_most(), limits.failures()), (seconds(300), 7));
        assert_eq!(limits.failures_within(), seconds(600));
        assert_eq!((limits.line(), limits.unseen()), (16 << 20, 512 << 10));
    }

    #[test]
    fn what_is_wrong_names_its_line_and_what_to_write() {
        for (yaml, told) in [
            (
                "limits: {initialize: 120}",
                "(agent.limits.initialize): the value must be a time with its unit",
            ),
            ("limits: {open: 0s}", "(agent.limits.open): the value must be between 100ms and 1day"),
            (
                "limits: {line: 8MB}",
                "(agent.limits.line): the value must be an amount of bytes with its unit, such as",
            ),
            ("limits: {line: 1KiB}", "(agent.limits.line): the value must be between 64KiB and 1GiB"),
            (
                "limits: {failures: 0}",
                "(agent.limits.failures): the value must be a whole number between 1 and 100",
            ),
            ("limits: {init: 1m}", "(agent.limits.init): `init` is no setting of the limits of an agent; "),
            ("limits: fast", "(agent.limits): the value must be keys and values"),
        ] {
            let refused = read(yaml).expect_err(yaml);
            assert!(refused.contains(told), "{yaml}: {refused}");
        }
    }

    #[test]
    fn the_document_has_a_row_for_every_limit() {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        let document = std::fs::read_to_string(document).expect("docs/configuration.md is there");
        let mut block = rig::block("agent: {kind: acp}");
        limits(&mut block);
        for lookup in block.finish("an agent").1 {
            let key = lookup.name().strip_prefix("agent.").expect("a key of the block");
            assert!(document.contains(&format!("| `{key}` |")), "docs/configuration.md has no row {key}");
        }
    }
}
