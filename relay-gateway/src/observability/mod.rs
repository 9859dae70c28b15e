//! Whoever looks at a running gateway: the status socket, the metrics listener, the supervisor.

pub(crate) mod agent_status;
pub(crate) mod health;
pub(crate) mod metrics;
mod scrape;
pub(crate) mod status;
mod supervisor;

use std::path::Path;

use relay_config::{Home, Settings};
use relay_runtime::Clock;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::agent::AgentsSpec;
use crate::boot;
use crate::cli::ObservabilityArgs;
use crate::observability::health::{FrontLook, GatewayInfo, Health};
use crate::observability::status::StatusSocket;
use crate::serve::Gateway;

/// The ways to look at a gateway, made before it starts: a port that is taken is told at once.
pub(crate) struct Observability {
    metrics: Option<TcpListener>,
    info: GatewayInfo,
    status: Option<StatusSocket>,
    fronts: Option<FrontLook>,
}

impl Observability {
    /// Opens what is asked for. An error is a sentence for the operator.
    pub(crate) async fn open(
        args: &ObservabilityArgs,
        home: &Home,
        settings: &Settings,
        agents: &AgentsSpec,
        clock: &Clock,
    ) -> Result<Self, String> {
        let metrics = match args.metrics_listen {
            None => None,
            Some(address) => match scrape::bind(address, args.metrics_allow_remote).await {
                Some(Ok(listener)) => Some(listener),
                Some(Err(error)) => {
                    return Err(format!(
                        "--metrics-listen: {address} cannot be listened on ({error}); choose another port"
                    ));
                }
                None => {
                    return Err(format!(
                        "--metrics-listen: {address} can be reached from other machines, and whoever reaches it \
                         reads what this gateway does; use 127.0.0.1, or add --metrics-allow-remote if that is meant"
                    ));
                }
            },
        };
        let info = GatewayInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            home: home.path().display().to_string(),
            gateway_id: boot::gateway_id_of(settings).to_string(),
            connector: connector_address(settings).unwrap_or_default(),
            agent: agents.to_string(),
            started_at: clock.now().0,
        };
        Ok(Self { metrics, info, status: status_socket(&status::folder(home)), fronts: None })
    }

    /// The same beside fronts in this process.
    #[cfg(feature = "up")]
    pub(crate) fn with_fronts(mut self, fronts: FrontLook) -> Self {
        "this process".clone_into(&mut self.info.connector);
        self.fronts = Some(fronts);
        self
    }

    /// Looks on until the returned tasks are shut down; the supervisor learns of the end by `shutdown`, and whoever
    /// asks how the gateway is by `full` whether its inbox cannot be written.
    pub(crate) fn start(
        self,
        gateway: &Gateway,
        full: watch::Receiver<bool>,
        shutdown: CancellationToken,
    ) -> JoinSet<()> {
        // Before anything is told of the link: whoever waits for it has then heard of nothing else.
        supervisor::ready();
        let health = Health::new(self.info, gateway, full, self.fronts);
        let mut tasks = JoinSet::new();
        if let Some(socket) = self.status {
            tasks.spawn(socket.serve(health.clone()));
        }
        if let Some(listener) = self.metrics {
            if let Ok(address) = listener.local_addr() {
                info!("metrics and health checks are at http://{address}/metrics, /healthz and /readyz");
            }
            tasks.spawn(scrape::serve(listener, health.clone()));
        }
        if let Some(allowed) = supervisor::watchdog() {
            tasks.spawn(supervisor::watched(allowed));
        }
        let stopping = shutdown.clone();
        tasks.spawn(async move {
            health
                .follow(|state| {
                    if !stopping.is_cancelled() {
                        supervisor::status(state);
                    }
                })
                .await;
        });
        tasks.spawn(async move {
            shutdown.cancelled().await;
            supervisor::stopping();
        });
        tasks
    }
}

/// The connector's `host:port`.
pub(crate) fn connector_address(settings: &Settings) -> Option<String> {
    let url = settings.relay_url.as_ref()?.value.dial();
    Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
}

/// A gateway runs without a status socket too, so that a home on a file system without sockets is no obstacle.
fn status_socket(folder: &Path) -> Option<StatusSocket> {
    match StatusSocket::bind(folder) {
        Ok(socket) => {
            info!(socket = %socket.path().display(), "`relay-gateway status` says how this gateway stands");
            Some(socket)
        }
        Err(error) => {
            warn!(
                "no status socket in {} ({error}): `relay-gateway status` will not see this gateway; make the folder \
                 writable, and its path shorter than 90 characters",
                folder.display()
            );
            None
        }
    }
}
