//! `cargo xtask chaos`: both programs, real folders, faults in between; nothing may be lost and nothing said twice.

mod agent;
mod connector;
mod faults;
mod gateway;
mod ledger;
pub(crate) mod program;
mod proxy;
mod random;
mod report;
mod schedule;
mod trial;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::agent::Sightings;
pub(crate) use self::agent::run as run_agent;
use self::connector::Connector;
use self::proxy::Proxy;
use self::random::Random;
use self::report::Report;
use self::trial::Trial;
use crate::binaries::{self, Profile};

/// Lines of the connector that may wait.
const SAID: usize = 4096;

/// How a run is to be.
#[derive(Debug, clap::Args)]
pub(crate) struct ChaosOptions {
    /// How many messages come in
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    messages: u64,
    /// Over how many chats
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1000))]
    chats: u64,
    /// Decides the messages, the faults and where bytes are cut [default: chosen at random, and told]
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// How often either side is killed; there are as many cuts and half as many stalls
    #[arg(long, value_name = "N", default_value_t = 20)]
    kills: u64,
    /// The run fails when it takes longer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 900)]
    time_limit: u64,
    /// Keep the folder with the logs and the data
    #[arg(long)]
    keep: bool,
    /// Which build of the programs to run
    #[arg(long, value_enum, default_value_t, hide = true)]
    profile: Profile,
}

/// Builds both programs and runs them against each other.
pub(crate) fn run(root: &Path, options: &ChaosOptions) -> anyhow::Result<()> {
    let binaries = binaries::build(root, options.profile)?;
    let seed = options.seed.unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos().into()
    });
    println!(
        "chaos: {} messages over {} chats, {} kills, seed {seed}",
        options.messages, options.chats, options.kills
    );
    let mut folder = tempfile::Builder::new().prefix("relay-chaos-").tempdir()?;
    if options.keep {
        folder.disable_cleanup(true);
        println!("chaos: logs and data stay in {}", folder.path().display());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let trial = async {
        tokio::select! {
            report = attempt(&binaries, folder.path(), options, seed) => report,
            _ = tokio::signal::ctrl_c() => bail!("chaos: interrupted"),
        }
    };
    let report = runtime.block_on(trial).with_context(|| format!("chaos: seed {seed}"))?;
    println!("{report}");
    if !report.account.violations.is_empty() {
        bail!(
            "chaos: {} violations; again with --seed {seed} --keep for the logs",
            report.account.violations.len()
        );
    }
    Ok(())
}

async fn attempt(
    binaries: &binaries::Binaries,
    folder: &Path,
    options: &ChaosOptions,
    seed: u64,
) -> anyhow::Result<Report> {
    let random = Random::new(seed);
    let (home, connector_folder) = (folder.join("gateway"), folder.join("connector"));
    for folder in [&home, &connector_folder] {
        std::fs::create_dir_all(folder)?;
    }
    let sightings = Sightings::open(folder.join("agent.sock"))?;
    let mut connector_place = connector::ConnectorPlace {
        binary: binaries.connector.clone(),
        folder: connector_folder,
        listen: ([127, 0, 0, 1], 0).into(),
    };
    let gateway_place =
        gateway::GatewayPlace { binary: binaries.gateway.clone(), home, agent: agent_line(&sightings.path)? };

    let (say, said) = mpsc::channel(SAID);
    let (connector, invitation) = Connector::start(&connector_place, say.clone()).await?;
    connector_place.listen = invitation.address;
    let proxy = Proxy::start(invitation.address, random.fork(1)).await?;
    gateway_place.enroll(proxy.address, &invitation.token).await?;
    let gateway = gateway_place.start()?;

    let messages = trial::messages(&mut random.fork(2), options.messages, options.chats);
    let plan = schedule::plan(&mut random.fork(3), options.messages, options.kills);
    let started = Instant::now();
    let mut trial = Trial::new(
        (&connector_place, &gateway_place),
        (&proxy, &sightings),
        (connector, gateway),
        (say, said),
        messages,
        plan,
    );
    let account = trial.run(started + Duration::from_secs(options.time_limit)).await?;
    Ok(Report {
        seed,
        account,
        faults: trial.faults.clone(),
        offered_again: trial.offered_again,
        orphans: trial.orphans,
        redelivered: gateway_place.redeliveries()?,
        connections: proxy.connections(),
        slices: proxy.slices(),
        worked: trial.last_heard - started,
        took: started.elapsed(),
    })
}

/// This program in its part of the agent.
fn agent_line(socket: &Path) -> anyhow::Result<String> {
    let own: PathBuf = std::env::current_exe().context("this program does not know where it is")?;
    let (own, socket) = (own.to_str().context("an odd path")?, socket.to_str().context("an odd path")?);
    Ok(format!("'{own}' chaos-agent '{socket}'"))
}
