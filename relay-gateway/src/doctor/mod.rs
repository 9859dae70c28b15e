//! `doctor`: why the gateway is not connected, and what to do about it.
//!
//! What has to be looked up is looked up here and in [`dialing`]; each check is a pure judgement on that, in a
//! file of its own.

mod address;
mod agent;
mod authentication;
mod clock;
mod configuration;
mod dialed;
mod dialing;
mod dns;
mod dotenv;
#[cfg(feature = "up")]
mod fronts;
mod handshake;
mod identity;
mod inbox;
mod outcome;
mod policy;
mod report;
mod running;
mod tcp;
mod tls;
mod upgrade;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use relay_config::{Home, Settings};
use relay_net::HttpClient;
use relay_runtime::Clock;

use self::clock::PeerClock;
use self::dialed::Dialed;
use self::outcome::{Check, CheckOutcome, Finding};
use crate::agent::AgentsSpec;
use crate::boot;
use crate::boot::network::Network;
use crate::boot::survey::{Surveyed, survey};
use crate::cli::{DoctorArgs, Exit, print};
use crate::inbox::InboxChoice;
use crate::observability::connector_address;
use crate::observability::status::{self, StatusReply};
use crate::run::link;

pub(crate) async fn run(home: Option<&Path>, args: &DoctorArgs) -> anyhow::Result<Exit> {
    let surveyed = survey(home)?;
    #[cfg(feature = "up")]
    let (surveyed, fronts) = fronts::of_home(home, surveyed).await?;
    #[cfg(not(feature = "up"))]
    let fronts = None;
    let checks = check(&surveyed, args, fronts).await;
    let text = if args.json {
        format!("{:#}\n", report::json(&surveyed, &checks))
    } else {
        report::text(&surveyed, &checks)
    };
    print(&text)?;
    Ok(outcome::exit(&checks))
}

/// Every check, in the order in which the gateway needs them.
///
/// Where fronts run in the gateway's process, their checks take the place of those of a connection.
async fn check(surveyed: &Surveyed, args: &DoctorArgs, fronts: Option<Vec<Check>>) -> Vec<Check> {
    let configuration = configuration::outcome(surveyed);
    let mode = surveyed.home.dotenv().metadata().ok().map(|metadata| metadata.permissions().mode());
    let mut checks = vec![
        Check { name: "configuration", outcome: configuration.clone() },
        Check { name: ".env", outcome: dotenv::outcome(surveyed, mode) },
    ];
    let usable = surveyed.settings.as_ref().filter(|_| !matches!(configuration, CheckOutcome::Failed(..)));
    let answers = status::ask(&status::folder(&surveyed.home)).await;
    checks.push(Check { name: "gateway", outcome: running::outcome(&answers, Clock::system().now().0) });
    let gateway_id = usable.map(|settings| boot::gateway_id_of(settings).to_string()).unwrap_or_default();
    let connector = usable.and_then(connector_address).unwrap_or_default();
    let is_up = fronts.is_some();
    match (fronts, running::connected(&answers, &connector, &gateway_id)) {
        (Some(fronts), _) => checks.extend(fronts),
        (None, Some(status)) => checks.extend(running::vouched(status)),
        (None, None) => checks.extend(network(usable, &surveyed.home, args).await),
    }
    let settings = surveyed.settings.as_ref();
    let or_skipped = |outcome: Option<CheckOutcome>| {
        outcome.unwrap_or_else(|| CheckOutcome::Skipped("configuration failed".to_owned()))
    };
    checks.push(Check { name: "policy", outcome: or_skipped(settings.map(policy::outcome)) });
    let running = answers.iter().find_map(|answer| match answer {
        StatusReply::Running(status) => Some(status.info.pid),
        StatusReply::Mute { .. } => None,
    });
    let names_none = args.agent.is_none() && surveyed.agents.as_ref().is_ok_and(AgentsSpec::is_default);
    let agents = match settings {
        Some(_) if is_up && names_none => vec![CheckOutcome::Failed(
            Finding::new(
                "no agent is named",
                "run `relay-gateway init`, or write `relay: {agent: …}` into config.yaml",
            ),
            Exit::Config,
        )],
        Some(_) => agent::outcomes(args, surveyed, running.is_some()).await,
        None => vec![or_skipped(None)],
    };
    checks.extend(agents.into_iter().map(|outcome| Check { name: "agent", outcome }));
    let choice = args.inbox.clone().unwrap_or_else(|| InboxChoice::of_home(surveyed.home.path()));
    checks.push(Check { name: "inbox", outcome: inbox::outcome(&inbox::look(&choice, running)) });
    checks
}

/// The checks of the connection, from one dial.
async fn network(settings: Option<&Settings>, home: &Home, args: &DoctorArgs) -> Vec<Check> {
    let mut identity = None;
    let (dialed, clock) = match settings.and_then(|settings| Some((settings, settings.relay_url.as_ref()?))) {
        Some((settings, url)) => {
            match (link(settings, args.allow_plaintext), Network::of(settings, &Clock::system())) {
                (Some(config), Ok(network)) => {
                    let http =
                        HttpClient::new(Arc::new(network.dialer())).allow_plaintext(args.allow_plaintext);
                    let found = identity::look(settings, home, &http, config.clock()).await;
                    let provisions = found.provisions();
                    identity = Some(found);
                    let (dialed, clock) =
                        dialing::dial(config, provisions, url, network.dialer(), args.timeout).await;
                    (Some(dialed), Some(clock))
                }
                _ => (None, None),
            }
        }
        None => (None, None),
    };
    let on_dial = |outcome: fn(&Dialed) -> CheckOutcome| match &dialed {
        Some(dialed) => outcome(dialed),
        None => CheckOutcome::Skipped("configuration failed".to_owned()),
    };
    let clock = clock.unwrap_or_else(|| PeerClock::Unasked("configuration failed".to_owned()));
    let clock = clock::outcome(&clock);
    let clock_is_wrong = matches!(clock, CheckOutcome::Failed(..));
    let authentication = match &dialed {
        Some(dialed) => authentication::outcome(dialed, clock_is_wrong),
        None => CheckOutcome::Skipped("configuration failed".to_owned()),
    };
    let identity = identity
        .as_ref()
        .map_or_else(|| CheckOutcome::Skipped("configuration failed".to_owned()), identity::outcome);
    vec![
        Check { name: "identity", outcome: identity },
        Check { name: "address", outcome: on_dial(address::outcome) },
        Check { name: "dns", outcome: on_dial(dns::outcome) },
        Check { name: "tcp", outcome: on_dial(tcp::outcome) },
        Check { name: "tls", outcome: on_dial(tls::outcome) },
        Check { name: "clock", outcome: clock },
        Check { name: "upgrade", outcome: on_dial(upgrade::outcome) },
        Check { name: "authentication", outcome: authentication },
        Check { name: "handshake", outcome: on_dial(handshake::outcome) },
    ]
}
