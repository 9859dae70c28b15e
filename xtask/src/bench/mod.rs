//! `cargo xtask bench`: the budgets, measured as ratios in one run.

mod against;
mod bare;
mod frames;
mod load;
mod machine;
mod measure;
mod peer;
mod process;
mod stats;
mod subject;
mod table;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};

pub(crate) use self::bare::run as run_client;
use self::machine::Machine;
use self::measure::Bench;
use self::table::{BudgetResult, document, render, render_comparisons};
use crate::binaries::{self, Profile};

/// Where the table goes.
const DOCUMENT: &str = "docs/benchmarks.md";

/// How to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchOptions {
    /// Fail when a budget is missed
    #[arg(long)]
    check: bool,
    /// Measure the Python client too: an interpreter that has hermes-agent and websockets
    #[arg(long, value_name = "PYTHON")]
    with_python: Option<PathBuf>,
    /// Compare with an older build of relay-gateway instead, figure by figure; --check then fails when one is
    /// worse by more than 5 %
    #[arg(long, value_name = "PROGRAM")]
    against: Option<PathBuf>,
    /// How long each throughput is measured, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 4)]
    seconds: u64,
    /// How often each throughput is measured
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Leave docs/benchmarks.md as it is
    #[arg(long)]
    dry_run: bool,
    /// Which build of the programs to measure
    #[arg(long, value_enum, default_value_t, hide = true)]
    profile: Profile,
    /// Measure in this process, which is a release build
    #[arg(long, hide = true)]
    here: bool,
}

/// Measures in a release build of this program, since the load generator and the bare client are part of it.
pub(crate) fn run(root: &Path, options: &BenchOptions) -> anyhow::Result<()> {
    if options.here || options.profile == Profile::Dev {
        return measure(root, options);
    }
    let status = Command::new("cargo")
        .args(["run", "--quiet", "--locked", "--release", "--package", "xtask", "--"])
        .args(std::env::args_os().skip(1))
        .arg("--here")
        .current_dir(root)
        .status()
        .context("cannot start cargo; is it in PATH?")?;
    if !status.success() {
        bail!("bench: {status}");
    }
    Ok(())
}

fn measure(root: &Path, options: &BenchOptions) -> anyhow::Result<()> {
    // Comparing looks at the whole program alone.
    let alone = match options.against {
        None => Some(binaries::build_gateway_alone(root, options.profile)?),
        Some(_) => None,
    };
    let binaries = binaries::build(root, options.profile)?;
    let bench = Bench {
        gateway: &binaries.gateway,
        gateway_alone: alone.as_deref(),
        python: options.with_python.as_deref(),
        measured: Duration::from_secs(options.seconds.max(1)),
        rounds: options.rounds.max(1),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if let Some(older) = &options.against {
        let rows = runtime.block_on(against::compare(&bench, older)).context("bench")?;
        println!("\n{}\n\n{}", Machine::here(), render_comparisons(&rows));
        let worse = rows.iter().filter(|row| row.is_worse()).count();
        if options.check && worse > 0 {
            bail!("bench: {worse} figures are worse by more than 5 %; look for what made them so");
        }
        return Ok(());
    }
    let rows = runtime.block_on(bench.all()).context("bench")?;
    let machine = Machine::here();
    println!("\n{machine}\n\n{}", render(&rows));
    if !options.dry_run {
        std::fs::write(root.join(DOCUMENT), document(&rows, &machine))?;
        println!("bench: written to {DOCUMENT}");
    }
    let missed = rows.iter().filter(|row| row.verdict == BudgetResult::Missed).count();
    if options.check && missed > 0 {
        bail!("bench: {missed} budgets are missed");
    }
    Ok(())
}
