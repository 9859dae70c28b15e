//! Can the agent be started?

use std::time::Duration;

use super::outcome::{CheckOutcome, Finding};
use crate::agent::AgentSpec;
use crate::cli::DoctorArgs;
use crate::exit::Exit;
use crate::run::agent_host;
use crate::survey::Surveyed;

/// Looks at the agent of the command line, else of config.yaml. It is not started: what it would do is not known.
pub(crate) fn outcome(args: &DoctorArgs, surveyed: &Surveyed) -> CheckOutcome {
    let (spec, place) = match (&args.agent, &surveyed.agent) {
        (Some(spec), _) => (spec.clone(), "--agent".to_owned()),
        (None, Some(agent)) => match &agent.spec {
            Ok(spec) => (spec.clone(), agent.origin.to_string()),
            Err(problems) => {
                let remedy = "correct what is named; docs/agents.md lists every setting of an agent";
                return CheckOutcome::Failed(Finding::new(problems.to_string(), remedy), Exit::Config);
            }
        },
        (None, None) => (AgentSpec::default(), "default".to_owned()),
    };
    let folders = surveyed.home.agents();
    let host =
        agent_host(std::path::absolute(&folders).unwrap_or(folders), surveyed.dotenv.clone(), Duration::ZERO);
    match spec.check(&host) {
        Ok(found) => CheckOutcome::Passed(format!("{found}, from {place}")),
        Err(problem) => {
            let what = format!("{}, named by {place}", problem.what);
            CheckOutcome::Failed(Finding::new(what, problem.remedy), Exit::Config)
        }
    }
}
