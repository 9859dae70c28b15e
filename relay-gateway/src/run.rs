//! `run`: connect to the configured connector and answer messages until told to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use relay_config::{DotEnv, Problems, Settings};
use relay_transport::{Credentials, LinkConfig};
use relay_wire::GatewayId;
use tracing::{info, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::agent::{AgentHost, AgentSpec, AgentsSpec};
use crate::boot;
use crate::boot::network::Network;
use crate::cli::{Exit, RunArgs, logging, report_error};
use crate::inbox::InboxChoice;
use crate::observability::Observability;
use crate::serve::commands::hello;
use crate::serve::signals;
use crate::serve::{ProgramParts, RunningGateway};

pub(crate) async fn run(home: Option<&Path>, args: RunArgs) -> anyhow::Result<Exit> {
    logging::start(LevelFilter::INFO, BoxMakeWriter::new(std::io::stderr), args.log_format);
    let boot = match boot::read(home)? {
        Ok(boot) => boot,
        Err(problems) => return Ok(report_error(Exit::Config, &problems)),
    };
    for warning in &boot.settings.warnings.0 {
        warn!("{warning}");
    }
    if args.dormant_after.is_some() {
        warn!(
            "--dormant-after is now called --hibernate-after; change it, the next version knows the new name alone"
        );
    }
    let hibernate_after = args.hibernate_after.or(args.dormant_after);
    let settings = boot.settings;
    let Some(mut link) = link(&settings, args.allow_plaintext) else {
        return Ok(report_error(Exit::Config, &no_platform(&settings)));
    };
    let network = match Network::of(&settings, link.clock()) {
        Ok(network) => network,
        Err(problems) => return Ok(report_error(Exit::Config, &problems)),
    };
    link = link.with_dialer(Arc::new(network.dialer()));
    let spec = match agents_spec(args.agent.as_ref(), &settings) {
        Ok(spec) => spec,
        Err(problem) => return Ok(report_error(Exit::Config, &problem)),
    };
    let folders = std::path::absolute(boot.home.agents())
        .context("the folder that the gateway was started in is gone; start it in another one")?;
    let agents = match spec.build(&agent_host(folders, boot.dotenv, args.echo_pause)) {
        Ok(agents) => agents,
        Err(problem) => return Ok(report_error(Exit::Config, &problem)),
    };
    let choice = args.inbox.unwrap_or_else(|| InboxChoice::of_home(boot.home.path()));
    let opened = match choice.open() {
        Ok(opened) => opened,
        Err(problem) => return Ok(report_error(Exit::Inbox, &problem)),
    };
    let observability =
        match Observability::open(&args.observability, &boot.home, &settings, &spec, link.clock()).await {
            Ok(observability) => observability,
            Err(problem) => return Ok(report_error(Exit::Config, &problem)),
        };
    let shutdown = signals::shutdown_token()
        .context("signals cannot be caught; see to this machine's limits of open files")?;
    info!(home = %boot.home.path().display(), agents = %spec, inbox = %choice, "starting");
    let connector = settings.relay_url.as_ref().expect("an enabled relay has a connector").value.clone();
    let parts = ProgramParts {
        home: &boot.home,
        settings: &settings,
        connector: &connector,
        link,
        agents,
        spec: &spec,
        inbox: opened,
        chats: boot.chats,
        observability,
        shutdown_grace: args.shutdown_grace,
        hibernate_after,
    };
    Ok(RunningGateway::start(parts, shutdown).await.stopped().await)
}

/// The link that the settings ask for; `None` where the relay is not enabled.
pub(crate) fn link(settings: &Settings, allow_plaintext: bool) -> Option<LinkConfig> {
    if !settings.relay_enabled() {
        return None;
    }
    let url = settings.relay_url.as_ref()?.value.dial().clone();
    let (default, further) = settings.identities.value.split_first()?;
    let mut link = LinkConfig::new(url, hello(default)).with_plaintext(allow_plaintext);
    for further in further {
        link = link.with_identity(hello(further));
    }
    let gateway_id = settings.gateway_id.as_ref().and_then(|id| GatewayId::new(id.value.as_str()).ok());
    if let (Some(gateway_id), Some(secret)) = (gateway_id, &settings.secret) {
        let secret = secret.value.clone();
        link = link.with_credentials(Credentials::new(gateway_id, secret));
    }
    Some(link)
}

fn no_platform(settings: &Settings) -> String {
    match &settings.switched_off {
        Some(switch) => format!(
            "no platform is enabled: the relay is switched off by {}; remove that, or set it to true",
            switch.origin
        ),
        None => "no platform is enabled; to enable the relay, set GATEWAY_RELAY_URL in the environment or in .env, or \
                 gateway.relay_url in config.yaml, to the address of a connector"
            .to_owned(),
    }
}

/// The agent of the command line, else those of config.yaml, else echo.
pub(crate) fn agents_spec(given: Option<&AgentSpec>, settings: &Settings) -> Result<AgentsSpec, Problems> {
    match given {
        Some(spec) => Ok(AgentsSpec::one(spec.clone(), "--agent")),
        None => {
            AgentsSpec::read(settings.relay.as_ref(), settings.agent.as_ref(), &settings.identities.value).0
        }
    }
}

/// What agents find in this process: their files are below `folders`, their variables come from the environment, else
/// from `.env`.
pub(crate) fn agent_host(folders: PathBuf, dotenv: DotEnv, echo_pause: Duration) -> AgentHost {
    let environment = move |name: &str| {
        std::env::var_os(name).or_else(|| dotenv.get(name).map(|(value, _)| value.to_owned().into()))
    };
    AgentHost { name: None, folders, is_trial: false, environment: Arc::new(environment), echo_pause }
}
