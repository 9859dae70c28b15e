//! Can the agent be started?

use std::time::Duration;

use super::outcome::{CheckOutcome, Finding};
use crate::agent_check::{Trial, chosen};
use crate::boot::survey::Surveyed;
use crate::cli::DoctorArgs;
use crate::cli::Exit;
use crate::run::agent_host;

/// How long an agent may take to start: as long as a gateway waits for it.
const START: Duration = Duration::from_mins(2);

/// Looks at the agent of the command line, else of config.yaml, and starts it, as `agent check` does, unless a gateway
/// runs that has it already. It is asked nothing: its model may cost money.
pub(crate) async fn outcome(args: &DoctorArgs, surveyed: &Surveyed, is_running: bool) -> CheckOutcome {
    let (spec, place) = match chosen(args.agent.as_ref(), surveyed) {
        Ok(chosen) => chosen,
        Err(problems) => {
            let remedy = "correct what is named; docs/agents.md lists every setting of an agent";
            return CheckOutcome::Failed(Finding::new(problems.to_string(), remedy), Exit::Config);
        }
    };
    let failed = |what: String, remedy: String, exit| {
        CheckOutcome::Failed(Finding::new(format!("{what}, named by {place}"), remedy), exit)
    };
    let Ok(folders) = tempfile::Builder::new().prefix("relay-doctor-").tempdir() else {
        return CheckOutcome::Skipped("no folder of temporary files can be made for it".to_owned());
    };
    let host = agent_host(folders.path().to_owned(), surveyed.dotenv.clone(), Duration::ZERO);
    let found = match spec.check(&host) {
        Ok(found) => found,
        Err(problem) => return failed(problem.what, problem.remedy, Exit::Config),
    };
    if is_running {
        return CheckOutcome::Passed(format!("{found}, from {place}; the gateway that runs has it"));
    }
    match Trial::start(&spec, &host, START).await {
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
        Err(failure) => failed(failure.what, failure.remedy, failure.exit),
    }
}
