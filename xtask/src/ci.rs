//! `cargo xtask ci`: everything a change must pass, in one table.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::check;
use crate::step::Step;

/// The steps in the order they run: what is quick and what others rest on comes first.
const STEPS: &[Step] = &[
    Step::cargo("fmt --all -- --check"),
    Step::Check(&check::LAYERS),
    Step::Check(&check::STUB),
    Step::Check(&check::CRYPTO),
    Step::Check(&check::CONTRACT),
    Step::Check(&check::WORDS),
    Step::Check(&check::SUPPLY),
    Step::Check(&check::PACKAGES),
    Step::Check(&check::LINKS),
    Step::cargo("clippy --workspace --all-targets --all-features --locked -- -D warnings"),
    Step::cargo("clippy --package relay-gateway --no-default-features --all-targets --locked -- -D warnings"),
    // Without its store in a file, its issuers, its wake calls and its scripted front.
    Step::cargo(
        "clippy --package relay-connector --no-default-features --all-targets --locked -- -D warnings",
    ),
    Step::cargo("test --workspace --locked"),
    // With its own guards: that a seed replays exactly, and that deliberate breaks are seen.
    Step::Cargo {
        arguments: "test --package relay-gateway --test simulation --profile simulation --locked -- --nocapture --test-threads 1",
        environment: &[("RUSTFLAGS", "--cfg tokio_unstable"), ("RELAY_SIMULATE_SEEDS", "200")],
    },
    Step::cargo("xtask oldest"),
    Step::cargo("xtask interop"),
    // Two real agents against a model on loopback.
    Step::cargo("xtask agents gemini hermes --no-write"),
    // One of each crate, and what docs/embedding.md shows; each to its end.
    Step::cargo("xtask examples"),
    // The fuzz targets are checked, not linked: libFuzzer wants a C++ compiler. Their corpora run as tests.
    Step::cargo("fmt --manifest-path fuzz/Cargo.toml -- --check"),
    Step::Cargo {
        arguments: "clippy --manifest-path fuzz/Cargo.toml --no-default-features --all-targets --locked -- -D warnings",
        environment: &[("RUSTFLAGS", "--cfg fuzzing")],
    },
    Step::cargo("test --manifest-path fuzz/Cargo.toml --locked"),
    // What would be published is what is there; nothing of it asks a registry.
    Step::cargo(
        "package --workspace --exclude xtask --exclude relay-examples --no-verify --allow-dirty --locked --offline",
    ),
    Step::Cargo {
        arguments: "doc --workspace --no-deps --locked",
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
];

/// Runs all steps on the tree below `root`.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let start = Instant::now();
    run_steps(STEPS, |step| {
        let start = Instant::now();
        step.run(root)?;
        Ok(start.elapsed())
    })?;
    println!("\nci: all {} steps passed in {:.1} s", STEPS.len(), start.elapsed().as_secs_f64());
    Ok(())
}

/// Runs steps up to the first that fails; `run` gives the time that one took.
fn run_steps(steps: &[Step], mut run: impl FnMut(&Step) -> anyhow::Result<Duration>) -> anyhow::Result<()> {
    for (position, step) in (1..).zip(steps) {
        println!("\n[{position}/{}] {step}", steps.len());
        let took = run(step).with_context(|| {
            format!("ci: step {position} of {} failed; to run it alone: {step}", steps.len())
        })?;
        println!("[{position}/{}] passed in {:.1} s", steps.len(), took.as_secs_f64());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    #[test]
    fn the_steps_run_in_order_and_stop_at_the_first_failure() {
        let steps = [Step::cargo("one"), Step::cargo("two"), Step::cargo("three")];
        let mut ran = Vec::new();
        let result = run_steps(&steps, |step| {
            ran.push(step.to_string());
            if ran.len() == 2 {
                bail!("exit status: 1");
            }
            Ok(Duration::ZERO)
        });
        assert_eq!(ran, ["cargo one", "cargo two"]);
        assert_eq!(
            format!("{:#}", result.unwrap_err()),
            "ci: step 2 of 3 failed; to run it alone: cargo two: exit status: 1"
        );
    }

    #[test]
    fn every_check_is_a_step_and_none_waits_for_a_build_of_the_workspace() {
        let names: Vec<_> = STEPS.iter().map(ToString::to_string).collect();
        let position = |wanted: &str| names.iter().position(|name| name.contains(wanted));
        for check in check::ALL {
            let place = position(check.name).unwrap_or_else(|| panic!("{} is not a step", check.name));
            assert!(place < position("clippy").unwrap(), "{}", check.name);
        }
    }

    #[test]
    fn every_cargo_step_that_builds_keeps_to_the_lock_file() {
        for step in STEPS {
            let line = step.to_string();
            let builds = !line.contains("cargo fmt") && !line.contains("xtask");
            assert!(!builds || line.contains("--locked"), "{line}");
        }
    }
}
