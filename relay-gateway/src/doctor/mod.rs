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
mod handshake;
mod identity;
mod inbox;
mod policy;
mod report;
mod running;
mod tcp;
mod tls;
mod upgrade;
mod verdict;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use relay_config::{Home, Settings};
use relay_net::HttpClient;

use self::clock::PeerClock;
use self::dialed::Dialed;
use self::verdict::{Check, Verdict};
use crate::boot;
use crate::cli::DoctorArgs;
use crate::exit::Exit;
use crate::inbox::InboxChoice;
use crate::network::Network;
use crate::oversight::connector_address;
use crate::run::link;
use crate::status::{self, Answer};
use crate::survey::{Surveyed, survey};
use crate::voice::said;

pub(crate) async fn run(home: Option<&Path>, args: &DoctorArgs) -> anyhow::Result<Exit> {
    let surveyed = survey(home)?;
    let checks = check(&surveyed, args).await;
    let text = if args.json {
        format!("{:#}\n", report::json(&surveyed, &checks))
    } else {
        report::text(&surveyed, &checks)
    };
    said(&text)?;
    Ok(verdict::exit(&checks))
}

/// Every check, in the order in which the gateway needs them.
async fn check(surveyed: &Surveyed, args: &DoctorArgs) -> Vec<Check> {
    let configuration = configuration::verdict(surveyed);
    let mode = surveyed.home.dotenv().metadata().ok().map(|metadata| metadata.permissions().mode());
    let mut checks = vec![
        Check { name: "configuration", verdict: configuration.clone() },
        Check { name: ".env", verdict: dotenv::verdict(surveyed, mode) },
    ];
    let usable = surveyed.settings.as_ref().filter(|_| !matches!(configuration, Verdict::Failed(..)));
    let answers = status::ask(&status::folder(&surveyed.home)).await;
    checks.push(Check { name: "gateway", verdict: running::verdict(&answers) });
    let gateway_id = usable.map(boot::gateway_id_of).unwrap_or_default();
    let connector = usable.and_then(connector_address).unwrap_or_default();
    match running::connected(&answers, &connector, &gateway_id) {
        Some(standing) => checks.extend(running::vouched(standing)),
        None => checks.extend(network(usable, &surveyed.home, args).await),
    }
    let settings = surveyed.settings.as_ref();
    let or_skipped = |verdict: Option<Verdict>| {
        verdict.unwrap_or_else(|| Verdict::Skipped("configuration failed".to_owned()))
    };
    checks.push(Check { name: "policy", verdict: or_skipped(settings.map(policy::verdict)) });
    checks
        .push(Check { name: "agent", verdict: or_skipped(settings.map(|_| agent::verdict(args, surveyed))) });
    let running = answers.iter().find_map(|answer| match answer {
        Answer::Standing(standing) => Some(standing.identity.pid),
        Answer::Mute { .. } => None,
    });
    let choice = args.inbox.clone().unwrap_or_else(|| InboxChoice::of_home(surveyed.home.path()));
    checks.push(Check { name: "inbox", verdict: inbox::verdict(&inbox::look(&choice, running)) });
    checks
}

/// The checks of the connection, from one dial.
async fn network(settings: Option<&Settings>, home: &Home, args: &DoctorArgs) -> Vec<Check> {
    let mut identity = None;
    let (dialed, clock) = match settings.and_then(|settings| Some((settings, settings.relay_url.as_ref()?))) {
        Some((settings, url)) => match (link(settings, args.allow_plaintext), Network::of(settings)) {
            (Some(config), Ok(network)) => {
                let http = HttpClient::new(Arc::new(network.dialer())).allow_plaintext(args.allow_plaintext);
                let found = identity::look(settings, home, &http).await;
                let provisions = found.provisions();
                identity = Some(found);
                let (dialed, clock) =
                    dialing::dial(config, provisions, url, network.dialer(), args.timeout).await;
                (Some(dialed), Some(clock))
            }
            _ => (None, None),
        },
        None => (None, None),
    };
    let on_dial = |verdict: fn(&Dialed) -> Verdict| match &dialed {
        Some(dialed) => verdict(dialed),
        None => Verdict::Skipped("configuration failed".to_owned()),
    };
    let clock = clock.unwrap_or_else(|| PeerClock::Unasked("configuration failed".to_owned()));
    let clock = clock::verdict(&clock);
    let clock_is_wrong = matches!(clock, Verdict::Failed(..));
    let authentication = match &dialed {
        Some(dialed) => authentication::verdict(dialed, clock_is_wrong),
        None => Verdict::Skipped("configuration failed".to_owned()),
    };
    let identity = identity
        .as_ref()
        .map_or_else(|| Verdict::Skipped("configuration failed".to_owned()), identity::verdict);
    vec![
        Check { name: "identity", verdict: identity },
        Check { name: "address", verdict: on_dial(address::verdict) },
        Check { name: "dns", verdict: on_dial(dns::verdict) },
        Check { name: "tcp", verdict: on_dial(tcp::verdict) },
        Check { name: "tls", verdict: on_dial(tls::verdict) },
        Check { name: "clock", verdict: clock },
        Check { name: "upgrade", verdict: on_dial(upgrade::verdict) },
        Check { name: "authentication", verdict: authentication },
        Check { name: "handshake", verdict: on_dial(handshake::verdict) },
    ]
}
