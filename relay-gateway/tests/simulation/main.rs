//! Both halves of the protocol in a simulated network, under faults that follow from a seed.
//!
//! Real: the connector's library, the link, the adapter, the inbox and their files. Scripted: the platforms, the
//! people, the agent. Simulated: the network, the time, and everything that goes wrong. A [`model`] in plain data
//! is told what happens and says what must not.
//!
//! `cargo xtask simulate` builds this with `--cfg tokio_unstable`, since only then tokio takes its own choices from
//! a seed. Without it a run could not be repeated, so that nothing is run.

#![allow(unreachable_pub, reason = "a test binary exports nothing")]

mod agent;
mod batch;
mod breaks;
mod clock;
mod connector;
mod dice;
mod disks;
mod gateway;
mod happening;
mod inbox;
mod model;
mod names;
mod orders;
mod plan;
mod platform;
mod power;
mod run;
mod store;
mod transport;
mod trouble;
mod wire;
mod world;

use std::time::Instant;

use breaks::Break;
use plan::Plan;

/// A number from the environment, as `cargo xtask simulate` sets it.
fn setting(name: &str, otherwise: u64) -> u64 {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")),
        Err(_) => otherwise,
    }
}

#[test]
#[cfg_attr(not(tokio_unstable), ignore = "run it by `cargo xtask simulate`")]
#[allow(clippy::print_stderr, reason = "the figures are for whoever ran it")]
fn no_fault_loses_a_message_or_says_one_twice() {
    let (from, seeds) = (setting("RELAY_SIMULATE_FROM", 1), setting("RELAY_SIMULATE_SEEDS", 20));
    let whole = setting("RELAY_SIMULATE_TRACE", 0) > 0;
    let start = Instant::now();
    let figures = batch::run_all(from, seeds, 3, None);
    for report in &figures.failed {
        eprintln!("{}", report.failure(whole));
    }
    eprintln!("{}", figures.summary(start));
    assert!(figures.failed.is_empty(), "{} seeds failed, see above", figures.failed.len());
}

#[test]
#[cfg_attr(not(tokio_unstable), ignore = "run it by `cargo xtask simulate`")]
fn a_seed_replays_exactly() {
    for seed in 1..=12 {
        let (first, second) = (run::run(Plan::of(seed), None), run::run(Plan::of(seed), None));
        let differs = first.trace.iter().zip(&second.trace).find(|(first, second)| first != second);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.trace.len(), second.trace.len(), "seed {seed}");
    }
}

#[test]
#[cfg_attr(not(tokio_unstable), ignore = "run it by `cargo xtask simulate`")]
fn every_deliberate_break_is_seen() {
    for broken in Break::ALL {
        let figures = batch::run_all(1, Break::SEEDS, 1, Some(broken));
        let Some(report) = figures.failed.first() else {
            panic!("{broken:?} went through {} seeds unseen", Break::SEEDS);
        };
        let violation = report.violation.as_deref().unwrap_or_default();
        let seen = broken.seen_as().iter().any(|seen_as| violation.contains(seen_as));
        assert!(seen, "{broken:?} was seen as something else: {violation}");
    }
}
