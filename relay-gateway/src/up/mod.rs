//! `up`: connector, fronts and gateway in one process, from one home.

mod fronts;
mod home;
mod memory_link;
pub(crate) mod pair;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use relay_auth::Secret;
use relay_config::{ConnectorUrl, Home, Origin, Setting, Settings};
use relay_connector::{Connector, PeopleRule};
use relay_connector_setup::{
    ConfiguredConnector, ConnectorFile, DataFolderError, OWNER_CODE_TTL, ServingLock, SetupError,
};
use relay_net::{CaBundle, TcpDialer};
use relay_runtime::Clock;
use relay_transport::{Credentials, LinkConfig};
use relay_wire::{GatewayId, ProvisionRequest};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use url::Url;

pub(crate) use self::home::{connector_file, load, settings_of};
use self::memory_link::{MemoryDialer, MemoryListener, memory_link};
use crate::agent::{AgentSpec, AgentsSpec};
use crate::boot;
use crate::boot::network::Network;
use crate::cli::{Exit, UpArgs, logging, print, report_error};
use crate::inbox::InboxChoice;
use crate::observability::Observability;
use crate::run::{agent_host, agents_spec};
use crate::serve::commands::hello;
use crate::serve::signals;
use crate::serve::{ProgramParts, RunningGateway};

pub(crate) async fn run(named_home: Option<&Path>, args: UpArgs) -> anyhow::Result<Exit> {
    logging::start(LevelFilter::INFO, BoxMakeWriter::new(std::io::stderr), args.log_format);
    let home = Home::find(named_home, &boot::environment())?;
    let file = match load(&home) {
        Some(Ok(file)) => file,
        Some(Err(problems)) => return Ok(report_error(Exit::Config, &problems)),
        None => return Ok(report_error(Exit::Config, &nothing_there(&home))),
    };
    let boot = match boot::read_with(named_home, &settings_of(&file))? {
        Ok(boot) => boot,
        Err(problems) => return Ok(report_error(Exit::Config, &problems)),
    };
    for warning in &boot.settings.warnings.0 {
        warn!("{warning}");
    }
    let mut settings = boot.settings;
    let (spec, network) = match (agents(args.agent.as_ref(), &settings), network(&settings, &file)) {
        (Ok(spec), Ok(network)) => (spec, network),
        (Err(problem), _) | (_, Err(problem)) => return Ok(report_error(Exit::Config, &problem)),
    };
    let folders = std::path::absolute(boot.home.agents())
        .context("the folder that the gateway was started in is gone; start it in another one")?;
    let agents = match spec.build(&agent_host(folders, boot.dotenv, args.echo_pause)) {
        Ok(agents) => agents,
        Err(problem) => return Ok(report_error(Exit::Config, &problem)),
    };
    // First of all that is opened: its lock is what two of these in one home meet at.
    let configured = match connector(&file, &network) {
        Ok(configured) => configured,
        Err(error) => return Ok(refused(&error, &home)),
    };
    let choice = args.inbox.unwrap_or_else(|| InboxChoice::of_home(boot.home.path()));
    let opened = match choice.open() {
        Ok(opened) => opened,
        Err(problem) => return Ok(report_error(Exit::Inbox, &problem)),
    };
    let clock = Clock::system();
    let observability = Observability::open(&args.observability, &boot.home, &settings, &spec, &clock).await;
    let observability = match observability {
        Ok(observability) => observability.with_fronts(fronts::look(&configured.connector)),
        Err(problem) => return Ok(report_error(Exit::Config, &problem)),
    };
    let tcp = match listener(file.listen).await {
        Ok(tcp) => tcp,
        Err(problem) => return Ok(report_error(Exit::TimedOut, &problem)),
    };
    let gateway_id = boot::gateway_id_of(&settings);
    let secret = match provision(&configured.connector, &file, &settings, &gateway_id).await {
        Ok(secret) => secret,
        Err(problem) => return Ok(report_error(Exit::Refused, &problem)),
    };
    let shutdown = signals::shutdown_token()
        .context("signals cannot be caught; see to this machine's limits of open files")?;
    info!(home = %boot.home.path().display(), agents = %spec, inbox = %choice, "starting");
    let (dialer, listener) = memory_link();
    let connector = configured.connector.clone();
    let serving = Serving::start(configured, listener, tcp);
    introduce(&connector, &file, &network).await?;

    // What the connector gave is as good as what an operator pins: the gateway asks nobody else for credentials.
    settings.gateway_id = Some(Setting::new(gateway_id.as_str().to_owned(), Origin::Default));
    settings.secret = Some(Setting::new(secret.clone(), Origin::Default));
    let link = link(&settings, Credentials::new(gateway_id, secret), dialer)?;
    let url = ConnectorUrl::parse(memory_link::URL)?;
    let parts = ProgramParts {
        home: &boot.home,
        settings: &settings,
        connector: &url,
        link,
        agents,
        spec: &spec,
        inbox: opened,
        chats: boot.chats,
        observability,
        shutdown_grace: args.shutdown_grace,
        hibernate_after: None,
    };
    let gateway = RunningGateway::start(parts, shutdown.clone()).await;
    let failed = tokio::select! {
        reasons = fronts::all_failed(&connector) => Some(reasons),
        () = shutdown.cancelled() => None,
    };
    shutdown.cancel();
    // The gateway first: its last words go through the connector.
    let exit = gateway.stopped().await;
    serving.end().await?;
    Ok(match failed {
        Some(reasons) => report_error(Exit::Refused, &reasons),
        None => exit,
    })
}

/// The connector's tasks.
struct Serving {
    shutdown: CancellationToken,
    listeners: Vec<JoinHandle<()>>,
    control: JoinHandle<ServingLock>,
}

impl Serving {
    fn start(configured: ConfiguredConnector, memory: MemoryListener, tcp: Option<TcpListener>) -> Self {
        let shutdown = CancellationToken::new();
        let (connector, stop) = (configured.connector.clone(), shutdown.clone());
        let mut listeners = vec![tokio::spawn(async move {
            connector.serve(memory, stop.cancelled()).await;
        })];
        if let Some(tcp) = tcp {
            let (connector, stop) = (configured.connector.clone(), shutdown.clone());
            listeners.push(tokio::spawn(async move { connector.serve(tcp, stop.cancelled()).await }));
        }
        let control = tokio::spawn(configured.serve_control(shutdown.clone()));
        Self { shutdown, listeners, control }
    }

    /// Ends them. The home is the next one's only after that.
    async fn end(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        for listener in self.listeners {
            listener.await.context("the connector failed; report this")?;
        }
        drop(self.control.await.context("the control socket failed; report this")?);
        Ok(())
    }
}

fn nothing_there(home: &Home) -> String {
    format!(
        "there is no {}, so nothing is set up in this home; `relay-gateway init` sets it up",
        connector_file(home).display()
    )
}

/// What answers: agents that are meant, not one that says back what it is told.
fn agents(given: Option<&AgentSpec>, settings: &Settings) -> Result<AgentsSpec, String> {
    let spec = agents_spec(given, settings).map_err(|problems| problems.to_string())?;
    if spec.is_default() {
        return Err("no agent is named; `relay-gateway init` finds those of this machine, `--agent` or \
                    `relay: {agent: …}` in config.yaml names one (--agent echo says back what it is told)"
            .to_owned());
    }
    Ok(spec)
}

/// The way out for both halves: the gateway's, and the roots of the file besides.
fn network(settings: &Settings, file: &ConnectorFile) -> Result<TcpDialer, String> {
    let clock = Clock::system();
    let dialer = Network::of(settings, &clock).map_err(|problems| problems.to_string())?.dialer();
    let Some(roots) = &file.ca_file else { return Ok(dialer) };
    let roots = CaBundle::read(roots, clock.now()).map_err(|error| format!("ca_file: {error}"))?;
    Ok(dialer.trusting(roots))
}

fn connector(file: &ConnectorFile, dialer: &TcpDialer) -> Result<ConfiguredConnector, SetupError> {
    ConfiguredConnector::open(file, dialer, |builder| match file.public_url {
        Some(_) => builder,
        None => builder.public_url(memory_link::URL),
    })
}

fn refused(error: &SetupError, home: &Home) -> Exit {
    match error {
        SetupError::DataFolder(DataFolderError::InUse(_)) => {
            let what = format!(
                "another program runs from {} already; `relay-gateway status` says how it is, and --home names \
                 another home",
                home.path().display()
            );
            report_error(Exit::TimedOut, &what)
        }
        SetupError::DataFolder(DataFolderError::Store(_)) => report_error(Exit::Inbox, error),
        SetupError::DataFolder(_) | SetupError::Control(_) => report_error(Exit::CannotWrite, error),
        _ => report_error(Exit::Config, error),
    }
}

/// Listens for gateways of other machines, where the file asks for that.
async fn listener(address: Option<SocketAddr>) -> Result<Option<TcpListener>, String> {
    let Some(address) = address else { return Ok(None) };
    match TcpListener::bind(address).await {
        Ok(listener) => {
            info!(%address, "gateways of other machines reach the connector here");
            Ok(Some(listener))
        }
        Err(error) => Err(format!(
            "`listen` in connector.yaml: {address} cannot be listened on ({error}); stop what listens there, choose \
             another port, or remove the line where no other machine's gateway comes"
        )),
    }
}

/// The secret of the gateway in this process: asked for at every start, and on no disk of the gateway's.
async fn provision(
    connector: &Connector,
    file: &ConnectorFile,
    settings: &Settings,
    gateway_id: &GatewayId,
) -> Result<Secret, String> {
    let mut secret = None;
    for identity in &settings.identities.value {
        let request = ProvisionRequest {
            gateway_id: gateway_id.as_str().to_owned(),
            platform: identity.platform.clone(),
            bot_id: identity.bot_id.clone(),
            gateway_endpoint: String::new(),
            route_keys: Vec::new(),
            instance_id: None,
            wake_url: None,
        };
        let provisioned = connector.provision(request, &file.tenant).await;
        let provisioned = provisioned.map_err(|error| {
            format!(
                "the connector does not let this gateway in: {error} (`relay-connector gateways --data {}` lists them)",
                file.data.display()
            )
        })?;
        secret.get_or_insert(provisioned.secret);
    }
    let secret = secret.ok_or("the connector gave this gateway no secret; report this")?;
    Ok(Secret::new(secret))
}

fn link(settings: &Settings, credentials: Credentials, dialer: MemoryDialer) -> anyhow::Result<LinkConfig> {
    let url = ConnectorUrl::parse(memory_link::URL)?.dial().clone();
    let (default, further) =
        settings.identities.value.split_first().context("no front is named; report this")?;
    let link =
        LinkConfig::new(url, hello(default)).with_credentials(credentials).with_dialer(Arc::new(dialer));
    Ok(further.iter().fold(link, |link, identity| link.with_identity(hello(identity))))
}

/// Says where the bots are, and by which code somebody becomes the owner of one that has none.
async fn introduce(connector: &Connector, file: &ConnectorFile, dialer: &TcpDialer) -> anyhow::Result<()> {
    for front in &file.fronts {
        let platform = front.platform();
        let access = connector.chat_access(platform).context("a front without access; report this")?;
        let wants_owner = front.access().people == PeopleRule::Pairing && !access.has_owner().await?;
        let code = if wants_owner { Some(access.make_owner_code(OWNER_CODE_TTL).await?) } else { None };
        let link = front.contact(Arc::new(dialer.clone()), code.as_ref()).await;
        print(match (code, link.and_then(|link| Url::parse(&link).ok())) {
            (Some(code), Some(link)) => format!(
                "{platform}: nobody owns the bot yet. Open this on your phone and press Start:\n\n    {link}\n\n\
                 or send the bot this code: {code}. Whoever does so first is the owner; the code is good for a day.\n"
            ),
            (Some(code), None) => format!(
                "{platform}: nobody owns the bot yet. Send it this code: {code}. Whoever does so first is the owner; \
                 the code is good for a day.\n"
            ),
            (None, Some(link)) => format!("{platform}: the bot is at {link}\n"),
            (None, None) => format!("{platform}: the bot is not reached yet; the log says more\n"),
        })?;
    }
    Ok(())
}
