//! `cargo xtask simulate`: the simulation of both halves, over as many seeds as one likes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

/// What the simulation is built with: only then does tokio take its own choices from the seed.
const SEEDED: &str = "--cfg tokio_unstable";

/// Which seeds run.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 200)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Show all that happened in a run that fails, not only its end
    #[arg(long)]
    trace: bool,
}

/// Runs the seeds; fails when one of them does.
pub(crate) fn run(arguments: &Arguments, root: &Path) -> anyhow::Result<()> {
    let status = command(arguments, std::env::var("RUSTFLAGS").ok().as_deref())
        .current_dir(root)
        .status()
        .context("cannot start cargo; is it in PATH?")?;
    if !status.success() {
        bail!("the simulation failed: {status}");
    }
    Ok(())
}

fn command(arguments: &Arguments, rustflags: Option<&str>) -> Command {
    let mut command = Command::new("cargo");
    command
        .args(["test", "--package", "relay-gateway", "--test", "simulation", "--profile", "simulation"])
        .args(["--locked", "--", "--nocapture", "--exact", "no_fault_loses_a_message_or_says_one_twice"])
        .env("RUSTFLAGS", [rustflags.unwrap_or_default(), SEEDED].join(" ").trim())
        .env("RELAY_SIMULATE_SEEDS", arguments.seeds.to_string())
        .env("RELAY_SIMULATE_FROM", arguments.from.to_string())
        .env("RELAY_SIMULATE_TRACE", u8::from(arguments.trace).to_string());
    command
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn environment(command: &Command) -> BTreeMap<String, String> {
        let text = |text: &std::ffi::OsStr| text.to_string_lossy().into_owned();
        command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?)))).collect()
    }

    #[test]
    fn the_seeds_reach_the_simulation_and_so_do_the_callers_own_flags() {
        let arguments = Arguments { seeds: 1, from: 77, trace: true };
        let environment = environment(&command(&arguments, Some("-Dwarnings")));
        assert_eq!(environment["RUSTFLAGS"], "-Dwarnings --cfg tokio_unstable");
        assert_eq!(environment["RELAY_SIMULATE_SEEDS"], "1");
        assert_eq!(environment["RELAY_SIMULATE_FROM"], "77");
        assert_eq!(environment["RELAY_SIMULATE_TRACE"], "1");
    }

    #[test]
    fn the_simulation_has_the_test_that_is_asked_for() {
        let source = include_str!("../../relay-gateway/tests/simulation/main.rs");
        let command = command(&Arguments { seeds: 1, from: 1, trace: false }, None);
        let name = command.get_args().last().expect("the name of a test").to_string_lossy().into_owned();
        assert!(source.contains(&format!("fn {name}()")), "{name}");
    }
}
