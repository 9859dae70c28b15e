//! Can each agent be started?

use std::time::Duration;

use super::outcome::{CheckOutcome, Finding};
use crate::agent::{AgentHost, NamedSpec};
use crate::agent_check::trial_host;
use crate::agent_check::{Trial, chosen};
use crate::boot::survey::Surveyed;
use crate::cli::{DoctorArgs, Exit};

/// How long an agent may take to start: as long as a gateway waits for it.
const START: Duration = Duration::from_mins(2);

/// Looks at the agent of the command line, else at those of config.yaml, and starts each, as `agent check` does, unless a
/// gateway runs that has it already. It is asked nothing: its model may cost money.
pub(crate) async fn outcomes(args: &DoctorArgs, surveyed: &Surveyed, is_running: bool) -> Vec<CheckOutcome> {
    let agents = match chosen(args.agent.as_ref(), surveyed) {
        Ok(agents) => agents,
        Err(problems) => {
            let remedy = "correct what is named; docs/agents.md lists every setting of an agent";
            let finding = Finding::new(problems.to_string(), remedy);
            return vec![CheckOutcome::Failed(finding, Exit::Config)];
        }
    };
    let Ok(folders) = tempfile::Builder::new().prefix("relay-doctor-").tempdir() else {
        return vec![CheckOutcome::Skipped("no folder of temporary files can be made for it".to_owned())];
    };
    let host = trial_host(&folders, surveyed.dotenv.clone());
    let mut outcomes = Vec::new();
    for agent in agents.iter() {
        outcomes.push(outcome(agent, &host, is_running).await);
    }
    outcomes
}

async fn outcome(agent: &NamedSpec, host: &AgentHost, is_running: bool) -> CheckOutcome {
    let place = &agent.place;
    let failed = |what: String, remedy: String, exit| {
        CheckOutcome::Failed(Finding::new(format!("{what}, named by {place}"), remedy), exit)
    };
    let found = match agent.check(host) {
        Ok(found) => found,
        Err(problem) => return failed(problem.what, problem.remedy, Exit::Config),
    };
    let named = agent.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    let found = format!("{named}{found}");
    if is_running {
        return CheckOutcome::Passed(format!("{found}, from {place}; the gateway that runs has it"));
    }
    match Trial::start(agent, host, START).await {
        Ok(trial) => {
            let described = trial.described();
            let started_in = trial.started_in();
            trial.end().await;
            let started = match described.first() {
                Some((_, told)) => format!("; it started in {:.1} s and is {told}", started_in.as_secs_f64()),
                None => String::new(),
            };
            CheckOutcome::Passed(format!("{found}, from {place}{started}"))
        }
        Err(failure) => failed(format!("{named}{}", failure.what), failure.remedy, failure.exit),
    }
}
