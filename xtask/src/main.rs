//! Developer commands and checks of the relay workspace: `cargo xtask ci` runs all of them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a developer command talks to its terminal")]

mod agents;
mod bench;
mod binaries;
mod chaos;
mod check;
mod ci;
mod contract;
mod crypto;
mod demo_gate;
mod diet;
mod examples;
mod floor;
mod interop;
mod layers;
mod links;
mod manifest;
mod mention;
mod mutants;
mod oldest;
mod packages;
mod platform_crypto;
mod simulate;
mod source;
mod step;
mod stub;
mod supply;
mod surface;
mod tree;
mod violation;
mod words;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Developer commands of the relay workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run everything a change must pass, and stop at the first failure
    Ci,
    /// The crates depend on each other, and on other people's crates, only as the layers allow
    CheckLayers,
    /// The in-memory stub connector exists in test code only
    CheckStub,
    /// The gateway side re-validates nothing of a platform: no signatures, no platform crypto
    CheckCrypto,
    /// The contract document and the code agree, field by field and in both directions
    CheckContract,
    /// Each published crate has its metadata, a README and an example
    CheckPackages,
    /// Licenses, sources and banned packages are as deny.toml says
    CheckSupply,
    /// Every link between the documents leads somewhere
    CheckLinks,
    /// Every word means one thing: names of types, texts and the glossary
    CheckWords,
    /// Run both programs against each other while links are cut and processes killed: nothing may be lost
    Chaos(chaos::ChaosOptions),
    /// Try real agents of the Agent Client Protocol behind the gateway, and write docs/agents.md's table
    Agents(agents::AgentsOptions),
    /// Run every example of the workspace to its end
    Examples,
    /// Build the crates with a low `rust-version` by that very compiler, where it is installed
    Oldest,
    /// Run the public Python client against our connector
    Interop,
    /// Measure what the project promises, and write docs/benchmarks.md
    Bench(bench::BenchOptions),
    /// The bare client of `bench`
    #[command(hide = true)]
    BenchClient {
        /// Where the load generator listens
        address: String,
        /// Write what belongs together at once
        #[arg(long)]
        gather: bool,
    },
    /// The agent of `chaos`
    #[command(hide = true)]
    ChaosAgent {
        /// Where it tells what it sees
        socket: PathBuf,
    },
    /// Bugs on purpose, one at a time: which check catches each
    Mutants(mutants::MutantChoice),
    /// Both halves in a simulated network, under faults that follow from a seed
    Simulate(simulate::Arguments),
}

fn main() -> ExitCode {
    match run(&Arguments::parse().command, root()) {
        Ok(()) => ExitCode::SUCCESS,
        // Without the backtrace that `Debug` would add: what failed and what to run is all that helps.
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command, root: &Path) -> anyhow::Result<()> {
    match command {
        Command::Ci => ci::run(root),
        Command::CheckLayers => check::LAYERS.verify(root),
        Command::CheckStub => check::STUB.verify(root),
        Command::CheckCrypto => check::CRYPTO.verify(root),
        Command::CheckContract => check::CONTRACT.verify(root),
        Command::CheckPackages => check::PACKAGES.verify(root),
        Command::CheckSupply => check::SUPPLY.verify(root),
        Command::CheckLinks => check::LINKS.verify(root),
        Command::CheckWords => check::WORDS.verify(root),
        Command::Chaos(options) => chaos::run(root, options),
        Command::Agents(options) => agents::run(root, options),
        Command::Examples => examples::run(root),
        Command::Oldest => oldest::run(root),
        Command::Interop => interop::run(root),
        Command::Bench(options) => bench::run(root, options),
        Command::BenchClient { address, gather } => bench::run_client(address, *gather),
        Command::ChaosAgent { socket } => chaos::run_agent(socket),
        Command::Mutants(arguments) => mutants::run(arguments, root),
        Command::Simulate(arguments) => simulate::run(arguments, root),
    }
}

/// The folder of the workspace this binary was built in.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies one folder below the workspace root")
}
