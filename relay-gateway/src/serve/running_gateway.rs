//! A gateway with all that a program has around it: background tasks, observers, the menu of commands.

use std::sync::Arc;
use std::time::Duration;

use relay_adapter::{AdapterSettings, Agents};
use relay_config::{ConnectorUrl, Home, Settings};
use relay_transport::LinkConfig;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::commands::CommandMenu;
use super::media::ConnectorMedia;
use super::{Gateway, GatewayParts};
use crate::agent::AgentsSpec;
use crate::background::{self, BackgroundTasks};
use crate::cli::Exit;
use crate::inbox::OpenedInbox;
use crate::observability::Observability;

/// What a program makes a running gateway of. It has been opened before, so that what is wrong is told first.
pub(crate) struct ProgramParts<'a> {
    pub(crate) home: &'a Home,
    pub(crate) settings: &'a Settings,
    pub(crate) connector: &'a ConnectorUrl,
    pub(crate) link: LinkConfig,
    pub(crate) agents: Agents,
    /// What the agents are made from.
    pub(crate) spec: &'a AgentsSpec,
    pub(crate) inbox: OpenedInbox,
    pub(crate) chats: AdapterSettings,
    pub(crate) observability: Observability,
    pub(crate) shutdown_grace: Duration,
    pub(crate) hibernate_after: Option<Duration>,
}

/// A gateway that answers until it is told to stop.
pub(crate) struct RunningGateway {
    gateway: Gateway,
    observers: JoinSet<()>,
    background: BackgroundTasks,
    menu: Arc<CommandMenu>,
    shutdown_grace: Duration,
    shutdown: CancellationToken,
}

impl RunningGateway {
    /// Starts everything; `shutdown` ends it.
    pub(crate) async fn start(parts: ProgramParts<'_>, shutdown: CancellationToken) -> Self {
        let ProgramParts { home, settings, connector, link, agents, spec, inbox, .. } = parts;
        let menu = Arc::new(CommandMenu::open(home.path(), spec.to_string(), &agents));
        let commands = Arc::clone(&menu);
        let link = link.with_commands(move |hello| commands.of_hello(hello));
        let (link, background) = background::start(link, settings, connector, home, &shutdown).await;
        let adapter = parts
            .chats
            .with_identities(settings.identities.value.clone())
            .with_session_keys(settings.session_keys)
            .with_media(Some(Arc::new(ConnectorMedia::new(&link, connector.media()))));
        let full = inbox.full;
        let gateway = GatewayParts {
            link,
            agents,
            inbox: inbox.inbox,
            sessions: inbox.sessions,
            adapter,
            shutdown_grace: parts.shutdown_grace,
            hibernate_after: parts.hibernate_after,
        };
        let gateway = Gateway::start(gateway, shutdown.clone());
        let observers = parts.observability.start(&gateway, full, shutdown.clone());
        Self { gateway, observers, background, menu, shutdown_grace: parts.shutdown_grace, shutdown }
    }

    /// Waits for the end of the gateway, then ends what is around it.
    pub(crate) async fn stopped(mut self) -> Exit {
        let exit = self.gateway.stopped().await;
        self.menu.keep();
        // Waited for, so that the status socket is gone when the process is.
        self.observers.shutdown().await;
        self.background.end(&self.shutdown, self.shutdown_grace).await;
        exit
    }
}
