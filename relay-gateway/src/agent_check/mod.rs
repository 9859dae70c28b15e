//! `agent check`: starts the configured agent, or each of several, asks it once, and says what came of it on one screen.

mod trial;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use relay_config::{DotEnv, nearest};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use self::trial::{AgentFailure, Trial};
use crate::agent::{AgentHost, AgentSpec, AgentsSpec, NamedSpec};
use crate::boot::survey::{Surveyed, survey};
use crate::cli::{AgentCheckArgs, Columns, Exit, print, report_error};
use crate::run::agent_host;

/// Everything that was found of an agent, in the order in which it was found.
#[derive(Default)]
struct Findings(Vec<(&'static str, String)>);

impl Findings {
    fn push(&mut self, name: &'static str, found: impl Into<String>) {
        self.0.push((name, found.into()));
    }
}

/// What came of one agent.
struct Checked {
    findings: Findings,
    end: Result<(), AgentFailure>,
}

pub(crate) async fn run(home: Option<&Path>, args: &AgentCheckArgs) -> anyhow::Result<Exit> {
    let surveyed = survey(home)?;
    let agents = match chosen(args.agent.as_ref(), &surveyed) {
        Ok(agents) => agents,
        Err(problems) => return Ok(report_error(Exit::Config, &problems)),
    };
    let wanted: Vec<&NamedSpec> = match &args.name {
        None => agents.iter().collect(),
        Some(name) => match agents.find(name) {
            Some(agent) => vec![agent],
            None => return Ok(report_error(Exit::Config, &no_agent(name, &agents))),
        },
    };
    // Nothing of the check stays: neither sessions nor folders.
    let folders = tempfile::Builder::new()
        .prefix("relay-agent-check-")
        .tempdir()
        .context("no folder can be made for the agent; see to this machine's folder of temporary files")?;
    let host = trial_host(&folders, surveyed.dotenv);
    let mut exit = Exit::Done;
    let mut in_json = Vec::new();
    for (number, agent) in wanted.iter().enumerate() {
        let mut findings = Findings::default();
        findings.push("agent", format!("{agent}, from {}", agent.place));
        let end = check(agent, &host, args, &mut findings).await;
        let checked = Checked { findings, end };
        if exit == Exit::Done {
            exit = checked.exit();
        }
        if args.json {
            in_json.push(checked.json());
        } else {
            let gap = if number > 0 { "\n" } else { "" };
            checked.show(gap)?;
        }
    }
    if args.json {
        let json = match (agents.names().is_empty(), in_json.pop()) {
            (true, Some(one)) => one,
            (_, last) => {
                in_json.extend(last);
                json!({"agents": in_json, "exit_code": exit.code()})
            }
        };
        print(format!("{json:#}\n"))?;
    }
    Ok(exit)
}

impl Checked {
    fn exit(&self) -> Exit {
        self.end.as_ref().err().map_or(Exit::Done, |failure| failure.exit)
    }

    fn json(self) -> Value {
        let code = self.exit().code();
        let found = self.findings.0.iter().map(|(name, found)| json!({"name": name, "found": found}));
        let failure =
            self.end.as_ref().err().map(|failure| json!({"what": failure.what, "remedy": failure.remedy}));
        json!({"findings": found.collect::<Vec<_>>(), "failure": failure, "exit_code": code})
    }

    /// On one screen, behind `gap`.
    fn show(self, gap: &str) -> anyhow::Result<()> {
        let mut columns = Columns::default();
        for (name, found) in self.findings.0 {
            columns.push([name.to_owned(), found]);
        }
        match self.end {
            Ok(()) => print(format!("{gap}{columns}\nThe agent answers.\n"))?,
            Err(failure) => {
                print(format!("{gap}{columns}"))?;
                report_error(failure.exit, &failure);
            }
        }
        Ok(())
    }
}

/// What is said of a name that no agent has.
fn no_agent(name: &str, agents: &AgentsSpec) -> String {
    let names = agents.names();
    let remedy = match (names.is_empty(), nearest(name, names.iter().copied())) {
        (true, _) => "there is one agent alone; leave the name out".to_owned(),
        (false, Some(nearest)) => format!("did you mean `{nearest}`?"),
        (false, None) => format!("write one of {}", names.join(", ")),
    };
    format!("there is no agent `{name}`; {remedy}")
}

async fn check(
    spec: &NamedSpec,
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

/// The agent of the command line, else those of config.yaml, else echo.
pub(crate) fn chosen(
    given: Option<&AgentSpec>,
    surveyed: &Surveyed,
) -> Result<AgentsSpec, relay_config::Problems> {
    match given {
        Some(spec) => Ok(AgentsSpec::one(spec.clone(), "--agent")),
        None => surveyed.agents.clone(),
    }
}

/// What an agent finds that is tried: its files go away with `folders`. Another account may pass through these to its own.
pub(crate) fn trial_host(folders: &TempDir, dotenv: DotEnv) -> AgentHost {
    // Where that fails, an agent of another account says so itself.
    let _ = std::fs::set_permissions(folders.path(), Permissions::from_mode(0o711));
    AgentHost { is_trial: true, ..agent_host(folders.path().to_owned(), dotenv, Duration::ZERO) }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
