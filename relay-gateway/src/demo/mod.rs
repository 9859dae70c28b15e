//! The demo: both halves of the protocol in one process, and a chat in the terminal.

mod script;

use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::Context as _;
use relay_adapter::{AdapterSettings, MemoryInbox, MemorySessionStore, TurnReport};
use relay_config::DotEnv;
use relay_connector::{
    Connector, Direction, ENROLLMENT_TTL, FrameTap, Front, MemoryFront, MemoryStore, Tenant,
};
use relay_net::{HttpClient, TcpDialer};
use relay_terminal::{Notes, Terminal};
use relay_transport::{ConnectorApi, Credentials, LinkConfig};
use relay_wire::{GatewayId, Identity};
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use url::Url;

use crate::cli::{DemoArgs, Exit, LogFormat, logging};
use crate::run::agent_host;
use crate::serve::signals;
use crate::serve::{Gateway, GatewayParts, SHUTDOWN_GRACE};

/// The one chat of a demo.
const CHAT: &str = "terminal";

/// Starts a connector on a free loopback port, enrolls a gateway with it over HTTP, dials, and chats.
pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<Exit> {
    let front = Arc::new(MemoryFront::new());
    front.open(CHAT);
    let terminal = Terminal::is_available().then(|| Terminal::new(Arc::clone(&front), CHAT));
    let notes = terminal.as_ref().map(|(_, notes)| notes.clone());
    let writer = match notes.clone() {
        Some(notes) => BoxMakeWriter::new(move || notes.clone()),
        None => BoxMakeWriter::new(io::stderr),
    };
    logging::start(LevelFilter::WARN, writer, LogFormat::Text);
    let shutdown = signals::shutdown_token()
        .context("signals cannot be caught; see to this machine's limits of open files")?;

    let mut builder = Connector::builder(MemoryStore::default()).front(Arc::clone(&front) as Arc<dyn Front>);
    if args.frames {
        builder = builder.tap(frame_printer(notes.clone()));
    }
    let connector = builder.build()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .context("no loopback port is free; see to what else runs on this machine")?;
    let address = listener.local_addr().context("the port that is listened on is unknown; try again")?;
    let connector_shutdown = CancellationToken::new();
    let serving = tokio::spawn({
        let (connector, shutdown) = (connector.clone(), connector_shutdown.clone());
        async move { connector.serve(listener, shutdown.cancelled()).await }
    });

    let token = connector.mint_enrollment_token(&Tenant::default(), ENROLLMENT_TTL)?;
    let enroll_url = Url::parse(&format!("http://{address}/relay/enroll"))?;
    let api = ConnectorApi::over(HttpClient::new(Arc::new(TcpDialer::default())));
    let enrolled = api.enroll(&enroll_url, &token, &GatewayId::new("demo")?, None).await?;
    let credentials = Credentials::new(enrolled.gateway_id, enrolled.secret);
    let identity = Identity { platform: front.platform().to_owned(), bot_id: String::new() };
    let dial_url = Url::parse(&format!("ws://{address}/relay"))?;
    let link = LinkConfig::new(dial_url, identity.clone()).with_credentials(credentials);
    // One report for each message typed, taken before the next one is.
    let (reports_in, mut reports) = unbounded_channel();
    let settings = AdapterSettings::default().with_identities(vec![identity]).with_observer(Some(Arc::new(
        move |report: &TurnReport| {
            // Nobody reads them where a person does.
            let _ = reports_in.send(report.clone());
        },
    )));
    // What an agent keeps of a demo goes with it.
    let folders = tempfile::Builder::new()
        .prefix("relay-demo-")
        .tempdir()
        .context("no folder can be made for the agent; see to this machine's folder of temporary files")?;
    let (dotenv, _) = DotEnv::parse("", "");
    let host = agent_host(folders.path().to_owned(), dotenv, args.echo_pause);
    let parts = GatewayParts {
        link,
        agents: args.agent.build(&host)?.into(),
        inbox: Arc::new(MemoryInbox::default()),
        sessions: Arc::new(MemorySessionStore::default()),
        adapter: settings,
        shutdown_grace: SHUTDOWN_GRACE,
        hibernate_after: None,
    };
    let gateway = Gateway::start(parts, shutdown.clone());

    let chatting = async {
        front.connected().await;
        match terminal {
            Some((terminal, notes)) => {
                notes.print(format!("A connector listens on {address}; a gateway is connected to it."));
                notes.print("Write something. /stop cancels an answer, Ctrl-D leaves.");
                drop(reports);
                terminal
                    .run()
                    .await
                    .map(|()| Exit::Done)
                    .context("the terminal failed; try it in another one, or through a pipe")
            }
            None => script::run(&front, tokio::io::stdin(), io::stdout(), &mut reports).await,
        }
    };
    let end = tokio::select! {
        end = chatting => end,
        () = shutdown.cancelled() => Ok(Exit::Done),
    };
    shutdown.cancel();
    let stopped = gateway.stopped().await;
    connector_shutdown.cancel();
    serving.await.context("the demo's connector failed; report this")?;
    Ok(match end? {
        Exit::Done => stopped,
        other => other,
    })
}

/// Prints each frame: above the live region where there is one, else to stderr.
fn frame_printer(notes: Option<Notes>) -> FrameTap {
    Arc::new(move |direction, line| {
        let line = match direction {
            Direction::FromGateway => format!("gateway -> connector  {line}"),
            Direction::ToGateway => format!("connector -> gateway  {line}"),
        };
        match &notes {
            Some(notes) => notes.print(line),
            // A closed stderr is no reason to stop the chat.
            None => drop(writeln!(io::stderr(), "{line}")),
        }
    })
}
