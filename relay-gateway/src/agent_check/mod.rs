//! `agent check`: starts the configured agent, asks it once, and says what came of it on one screen.

mod trial;

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

pub(crate) use self::trial::{AgentFailure, Trial};
use crate::agent::{AgentHost, AgentSpec};
use crate::boot::survey::{Surveyed, survey};
use crate::cli::AgentCheckArgs;
use crate::cli::Columns;
use crate::cli::Exit;
use crate::cli::{print, report_error};
use crate::run::agent_host;

/// Everything that was found of an agent, in the order in which it was found.
#[derive(Default)]
struct Findings(Vec<(&'static str, String)>);

impl Findings {
    fn push(&mut self, name: &'static str, found: impl Into<String>) {
        self.0.push((name, found.into()));
    }
}

pub(crate) async fn run(home: Option<&Path>, args: &AgentCheckArgs) -> anyhow::Result<Exit> {
    let surveyed = survey(home)?;
    let (spec, place) = match chosen(args.agent.as_ref(), &surveyed) {
        Ok(chosen) => chosen,
        Err(problems) => return Ok(report_error(Exit::Config, &problems)),
    };
    // Nothing of the check stays: neither sessions nor folders.
    let folders = tempfile::Builder::new()
        .prefix("relay-agent-check-")
        .tempdir()
        .context("no folder can be made for the agent; see to this machine's folder of temporary files")?;
    let host = agent_host(folders.path().to_owned(), surveyed.dotenv, Duration::ZERO);
    let mut findings = Findings::default();
    findings.push("agent", format!("{spec}, from {place}"));
    let end = check(&spec, &host, args, &mut findings).await;
    if args.json {
        let found: Vec<_> =
            findings.0.iter().map(|(name, found)| json!({"name": name, "found": found})).collect();
        let failure =
            end.as_ref().err().map(|failure| json!({"what": failure.what, "remedy": failure.remedy}));
        let exit = end.as_ref().err().map_or(Exit::Done, |failure| failure.exit);
        print(format!("{:#}\n", json!({"findings": found, "failure": failure, "exit_code": exit.code()})))?;
        return Ok(exit);
    }
    let mut columns = Columns::default();
    for (name, found) in findings.0 {
        columns.push([name.to_owned(), found]);
    }
    match end {
        Ok(()) => {
            print(format!("{columns}\nThe agent answers.\n"))?;
            Ok(Exit::Done)
        }
        Err(failure) => {
            print(columns.to_string())?;
            Ok(report_error(failure.exit, &failure))
        }
    }
}

async fn check(
    spec: &AgentSpec,
    host: &AgentHost,
    args: &AgentCheckArgs,
    findings: &mut Findings,
) -> Result<(), AgentFailure> {
    findings.push("program", spec.check(host)?);
    let trial = Trial::start(spec, host, args.timeout).await?;
    findings.push("started", format!("in {}", seconds(trial.started_in())));
    for (name, told) in trial.described() {
        findings.push(name, told);
    }
    let answered = trial.ask(&args.prompt, args.timeout).await;
    let status = trial.status().await;
    if let Some(bytes) = status.process_memory {
        findings.push("memory", format!("{} MiB, with what it started", bytes >> 20));
    }
    for (name, current, there) in
        [("mode", &status.mode, &status.modes), ("model", &status.model, &status.models)]
    {
        if let Some(current) = current {
            let others: Vec<&str> = there.iter().map(|option| option.id.as_str()).take(12).collect();
            findings.push(name, format!("{current}, of {}", others.join(", ")));
        }
    }
    let answered = match answered {
        Ok(answered) => {
            findings.push("login", "not asked for");
            findings.push(
                "answer",
                format!(
                    "after {}, whole after {}: {}",
                    seconds(answered.first),
                    seconds(answered.whole),
                    answered.text
                ),
            );
            Ok(())
        }
        Err(failure) => {
            if failure.exit == Exit::Refused {
                findings.push("login", "needed");
            }
            Err(failure)
        }
    };
    let ended = trial.end().await;
    findings.push(
        "ended",
        ended.map_or_else(|| "not in time".to_owned(), |took| format!("in {}", seconds(took))),
    );
    answered
}

/// The agent of the command line, else of config.yaml, else echo; and where it is named.
pub(crate) fn chosen(
    given: Option<&AgentSpec>,
    surveyed: &Surveyed,
) -> Result<(AgentSpec, String), relay_config::Problems> {
    match (given, &surveyed.agent) {
        (Some(spec), _) => Ok((spec.clone(), "--agent".to_owned())),
        (None, Some(agent)) => agent.spec.clone().map(|spec| (spec, agent.origin.to_string())),
        (None, None) => Ok((AgentSpec::default(), "default".to_owned())),
    }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
