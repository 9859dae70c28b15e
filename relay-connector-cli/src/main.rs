//! The connector as a program: serves gateways and opens a chat, in the terminal or over pipes.

mod bindings;
mod chat;
mod cli;
mod commands;
mod configured;
mod exit;
mod identity;
mod introduction;
mod lines;
mod logging;
mod moment;
mod observability;
mod table;
#[cfg(feature = "telegram")]
mod telegram;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use clap::Parser as _;
use relay_connector::{
    Connector, ConnectorBuilder, Direction, FrameTap, Front, HttpWake, Limits, MemoryFront, MemoryStore,
};
use relay_connector_setup::{Control, DataFolder, ServingLock, way_out};
use relay_net::HttpClient;
use relay_terminal::{Notes, Terminal};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::{Cli, Command, FrontKind, ServeArgs};
use crate::introduction::Listening;
use crate::observability::Observability;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().into_command() {
        Command::Serve(args) => match &args.config {
            Some(path) => configured::serve(path, &args).await,
            None => serve(*args).await,
        },
        Command::Check(args) => configured::check(&args),
        Command::Doctor(args) => configured::doctor(&args).await,
        Command::Pair(args) => configured::pair(&args).await,
        Command::Token(args) => commands::token(&args),
        Command::Gateways(args) => commands::gateways(&args).await,
        Command::Rotate(args) => commands::rotate(&args).await,
        Command::Revoke(args) => commands::revoke(&args).await,
        Command::DeadLetters(args) => commands::dead_letters(&args).await,
        Command::Bindings(command) => bindings::run(&command).await,
        Command::SetAside(args) => {
            // A closed stderr must not keep the command from being run.
            let _ = writeln!(
                io::stderr(),
                "relay-connector: `set-aside` is now called `dead-letters`; the old name goes with the next version"
            );
            commands::dead_letters(&args).await
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing is left to do if not even that can be said.
            let _ = writeln!(io::stderr(), "relay-connector: {error:#}");
            exit::code(&error)
        }
    }
}

async fn serve(args: ServeArgs) -> anyhow::Result<()> {
    if !args.listen.ip().is_loopback() && !args.allow_plaintext {
        bail!(
            "{} can be reached from other machines, and tokens and messages would cross the network in \
             plaintext; listen on 127.0.0.1 behind a proxy that ends TLS, or add --allow-plaintext if one \
             stands in front already",
            args.listen
        );
    }
    let dialer = way_out(|name| std::env::var(name).ok(), args.ca_file.as_deref())
        .context("the roots of --ca-file cannot be used")?;
    let identity = args.identity.verifier(&dialer)?;
    let stopped = stop_signal()?;
    let listener = listen(args.listen, "--listen").await?;
    let observability = Observability::bind(&args).await?;
    let address = listener.local_addr().context("the address listened on is unknown")?;
    // Message ids must be new to gateways that remember those of an earlier run.
    let started = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let started = u64::try_from(started).unwrap_or_default();
    let front = MemoryFront::for_tenant(args.tenant.clone()).numbered_from(started);
    let front = Arc::new(front);
    let lines = lines::open(&args, started)?;
    #[cfg(feature = "telegram")]
    let telegram = match args.front {
        FrontKind::Telegram => Some(telegram::open(&args.telegram, &args.tenant, &dialer)?),
        _ => None,
    };
    let is_chat = args.front == FrontKind::Terminal;
    let terminal =
        (is_chat && Terminal::is_available()).then(|| Terminal::new(Arc::clone(&front), &args.chat));
    logging::start(terminal.as_ref().map(|(_, notes)| notes.clone()));

    let fronts = match &lines {
        Some(lines) => lines.fronts(),
        None => vec![Arc::clone(&front) as Arc<dyn Front>],
    };
    #[cfg(feature = "telegram")]
    let fronts = match &telegram {
        Some(telegram) => vec![Arc::clone(telegram) as Arc<dyn Front>],
        None => fronts,
    };
    let served = args.data.as_deref().map(Served::open).transpose()?;
    let tap = args.frames.then(|| tap(terminal.as_ref().map(|(_, notes)| notes.clone())));
    let builder = fronts.into_iter().fold(builder(&args, served.as_ref())?, ConnectorBuilder::front);
    let public_url =
        args.public_url.clone().unwrap_or_else(|| format!("http://{}", introduction::dialable(address)));
    let builder = builder.public_url(public_url).http(HttpClient::new(Arc::new(dialer.clone())));
    let wake = HttpWake::over(dialer).allow_private(args.allow_private_wake);
    let mut builder = builder.wake(Arc::new(wake));
    if let Some(verifier) = identity {
        builder = builder.identity(verifier);
    }
    if let Some(tap) = tap {
        builder = builder.tap(tap);
    }
    let connector = builder.build()?;
    let token = connector.mint_enrollment_token(&args.tenant, args.token_ttl)?;
    let listening = Listening { address, metrics: observability.as_ref().map(|metrics| metrics.address) };
    let introduce = if lines.is_some() { lines::introduce } else { introduction::write };
    introduce(&mut io::stdout(), &listening, &args, &token).context("stdout cannot be written to")?;

    let shutdown = CancellationToken::new();
    let controlling = served.map(|served| tokio::spawn(served.control(connector.clone(), shutdown.clone())));
    let observing = observability
        .map(|observability| tokio::spawn(observability.serve(connector.clone(), shutdown.clone())));
    let serving = tokio::spawn({
        let (connector, shutdown) = (connector.clone(), shutdown.clone());
        async move { connector.serve(listener, shutdown.cancelled()).await }
    });
    let chatting = async {
        #[cfg(feature = "telegram")]
        if telegram.is_some() {
            return Err(telegram::failed(&connector).await);
        }
        match (lines, terminal) {
            (Some(lines), _) => {
                lines.run(io::stdin(), io::stdout()).await.context("the lines cannot be written to stdout")
            }
            (None, Some((terminal, _))) => terminal.run().await.context("the terminal failed"),
            (None, None) => {
                chat::run(&front, &args.chat).await.context("the chat cannot be written to stdout")
            }
        }
    };
    let ended = tokio::select! {
        ended = chatting => ended,
        () = stopped => Ok(()),
    };
    shutdown.cancel();
    serving.await.context("the connector failed")?;
    if let Some(observing) = observing {
        observing.await.context("the listener for metrics failed")?;
    }
    if let Some(controlling) = controlling {
        // The folder is this process's until everything that uses it has ended.
        drop(controlling.await.context("the control socket failed")?);
    }
    ended
}

/// A connector that keeps what the command line says, within its bounds.
fn builder(args: &ServeArgs, served: Option<&Served>) -> anyhow::Result<ConnectorBuilder> {
    let mut builder = match served {
        Some(served) => Connector::builder(served.folder.store()?)
            .enrollment_secret(served.folder.enrollment_secret()?)
            .media_folder(served.folder.media()),
        None => Connector::builder(MemoryStore::default()),
    };
    #[cfg(feature = "telegram")]
    {
        builder = builder.access("telegram", telegram::access(&args.telegram));
    }
    let window = if args.strict { 1 } else { args.window };
    builder = builder.limits(Limits::default().with_window(window));
    Ok(builder)
}

/// A data folder that this process serves.
struct Served {
    folder: DataFolder,
    control: Control,
    lock: ServingLock,
}

impl Served {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let folder = DataFolder::create(path)?;
        let lock = folder.lock()?;
        let control = Control::bind(folder.control_socket())?;
        tracing::info!(folder = %folder.path().display(), "the data folder is this connector's");
        Ok(Self { folder, control, lock })
    }

    /// Heeds commands until the end.
    async fn control(self, connector: Connector, shutdown: CancellationToken) -> ServingLock {
        let Self { folder: _, control, lock } = self;
        shutdown.run_until_cancelled_owned(control.serve(connector)).await;
        lock
    }
}

async fn listen(address: SocketAddr, option: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "another program listens on {address}; stop it, or choose another port with {option}"
        ),
        _ => anyhow::Error::from(error)
            .context(format!("cannot listen on {address}; choose another with {option}")),
    })
}

/// Completes at the first SIGINT or SIGTERM from now on.
fn stop_signal() -> anyhow::Result<impl Future<Output = ()>> {
    let told = "signals cannot be caught";
    let mut interrupt = signal(SignalKind::interrupt()).context(told)?;
    let mut terminate = signal(SignalKind::terminate()).context(told)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn tap(notes: Option<Notes>) -> FrameTap {
    Arc::new(move |direction, line| {
        let way = match direction {
            Direction::FromGateway => "gateway ->",
            Direction::ToGateway => "gateway <-",
        };
        match &notes {
            Some(notes) => notes.print(format!("{way} {line}")),
            // A closed stderr must not stop the connector.
            None => drop(writeln!(io::stderr(), "{way} {line}")),
        }
    })
}
