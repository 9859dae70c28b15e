//! `cargo xtask agents`: real agents of the Agent Client Protocol behind the gateway, against a model on loopback.

mod kit;
mod stage;
mod trials;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::time::timeout;

use self::kit::{KIT, KitAgent};
use self::stage::{Model, Stage};
use self::trials::TRIALS;
use crate::binaries::{self, Binaries, Profile};

/// The document that holds the table.
const DOCUMENT: &str = "docs/agents.md";

/// The lines around the table.
const BEGIN: &str = "<!-- trials -->";
const END: &str = "<!-- end of trials -->";

/// How long the trials of one agent may take.
const LIMIT: Duration = Duration::from_mins(8);

/// What of `agents` can be chosen.
#[derive(clap::Args)]
pub(crate) struct AgentsOptions {
    /// The agents that are tried; all of them where none is named
    agents: Vec<KitAgent>,
    /// Leave docs/agents.md as it is
    #[arg(long)]
    no_write: bool,
}

/// What came of one trial, or why it failed.
type TrialResult = Result<String, String>;

/// Tries the agents and writes the table.
pub(crate) fn run(root: &Path, options: &AgentsOptions) -> anyhow::Result<()> {
    let agents = if options.agents.is_empty() { KIT.to_vec() } else { options.agents.clone() };
    let binaries = binaries::build(root, Profile::Dev)?;
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(root).no_deps().exec()?;
    let cache = metadata.target_directory.into_std_path_buf().join("agents");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut rows = Vec::new();
    for agent in agents {
        let began = Instant::now();
        let installed = agent.install(&cache)?;
        let results = runtime
            .block_on(async { timeout(LIMIT, tried(root, &binaries, agent, &installed)).await })
            .with_context(|| format!("the trials of {} took longer than {LIMIT:?}", agent.name()))??;
        println!("{}: {:.0} s", agent.name(), began.elapsed().as_secs_f64());
        rows.push((agent, results));
    }
    let failed: Vec<String> = rows
        .iter()
        .flat_map(|(agent, results)| {
            TRIALS.iter().zip(results).map(move |(trial, result)| (agent, trial, result))
        })
        .filter_map(|(agent, trial, result)| {
            Some(format!("{}, {trial}: {}", agent.name(), result.as_ref().err()?))
        })
        .collect();
    if !options.no_write {
        write(&root.join(DOCUMENT), &rows)?;
    }
    if !failed.is_empty() {
        bail!("{}", failed.join("\n"));
    }
    Ok(())
}

async fn tried(
    root: &Path,
    binaries: &Binaries,
    agent: KitAgent,
    installed: &kit::Installed,
) -> anyhow::Result<Vec<TrialResult>> {
    let folder = tempfile::Builder::new().prefix(&format!("relay-{}-", agent.name())).tempdir()?;
    let home = folder.path().join("home");
    fs::create_dir_all(&home)?;
    let model = Model::start(root, folder.path()).await?;
    let environment = agent.configure(installed, &home, model.port)?;
    let mut stage =
        Stage::start(binaries, folder.path(), model, agent.name(), &installed.command, environment).await?;
    trials::begin(&mut stage).await.with_context(|| {
        let log = fs::read_to_string(stage.log()).unwrap_or_default();
        format!("{} does not answer; the gateway's log:\n{log}", agent.name())
    })?;
    let mut results = Vec::new();
    for (place, trial) in TRIALS.iter().enumerate() {
        let result = trials::run(place, &mut stage).await.map_err(|error| format!("{error:#}"));
        match &result {
            Ok(found) => println!("{}, {trial}: {found}", agent.name()),
            Err(why) => println!("{}, {trial}: FAILED: {why}", agent.name()),
        }
        results.push(result);
    }
    if results.iter().any(Result::is_err) {
        let log = fs::read_to_string(stage.log()).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        eprintln!("the end of the gateway's log:\n{}", lines[lines.len().saturating_sub(40)..].join("\n"));
    }
    stage.end().await?;
    Ok(results)
}

/// Puts the table between its two lines.
fn write(path: &Path, rows: &[(KitAgent, Vec<TrialResult>)]) -> anyhow::Result<()> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let written = replaced(&text, &table(rows))
        .with_context(|| format!("{} has no lines {BEGIN} and {END}", path.display()))?;
    fs::write(path, written).with_context(|| format!("cannot write {}", path.display()))
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{table}\n{END}{after}"))
}

fn table(rows: &[(KitAgent, Vec<TrialResult>)]) -> String {
    let mut table = format!("| agent | {} |\n| --- |{}\n", TRIALS.join(" | "), " --- |".repeat(TRIALS.len()));
    for (agent, results) in rows {
        let cells: Vec<&str> =
            results.iter().map(|result| if result.is_ok() { "yes" } else { "no" }).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| {} {} | {} |", agent.name(), agent.version(), cells.join(" | "));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::{KitAgent, replaced, table};

    #[test]
    fn the_table_stands_between_its_lines_and_the_rest_stays() {
        let rows = [(KitAgent::Hermes, vec![Ok("1 s".to_owned()), Err("never".to_owned())])];
        let table = table(&rows);
        assert!(table.ends_with("| hermes 0.19.0 | yes | no |\n"), "{table}");
        let text = "before\n<!-- trials -->\nold\n<!-- end of trials -->\nafter\n";
        let written = replaced(text, "new\n").expect("both lines are there");
        assert_eq!(written, "before\n<!-- trials -->\n\nnew\n\n<!-- end of trials -->\nafter\n");
        assert_eq!(replaced("no lines", "new"), None);
    }
}
