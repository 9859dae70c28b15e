//! What a gateway does beside its link: it provisions itself and declares its policies.

mod policy;
mod provision;
mod retry;

use std::sync::Arc;
use std::time::Duration;

use relay_config::{ConnectorUrl, Home, Settings};
use relay_net::HttpClient;
use relay_transport::{ConnectorApi, LinkConfig};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::background::policy::Declaration;
use crate::background::provision::{Provisioning, requests};
use crate::{boot, identity};

/// How long the first dial waits for credentials. After that the gateway is up without them, and dials again as soon
/// as they come.
const FIRST_ATTEMPT: Duration = Duration::from_secs(5);

/// The background tasks of a running gateway.
pub(crate) struct BackgroundTasks(JoinSet<()>);

/// Starts what the settings ask for, and answers with a link that gets the credentials that come of it. Waits for
/// the first attempt to get them: a dial without them would mostly be refused.
pub(crate) async fn start(
    mut link: LinkConfig,
    settings: &Settings,
    connector: &ConnectorUrl,
    home: &Home,
    shutdown: &CancellationToken,
) -> (LinkConfig, BackgroundTasks) {
    let mut running = JoinSet::new();
    let (sender, credentials) = watch::channel(link.credentials().current());
    let http = HttpClient::new(Arc::clone(link.dialer())).allow_plaintext(link.allows_plaintext());
    let api = ConnectorApi::over(http.clone());
    let (clock, random) = (link.clock().clone(), link.random().clone());
    let policies = settings.policies.clone();
    running.spawn(
        Declaration {
            url: connector.policy(),
            policies,
            api: api.clone(),
            clock: clock.clone(),
            random: random.clone(),
            credentials: credentials.clone(),
        }
        .run(shutdown.clone()),
    );
    // A pinned secret is the operator's word, even where it is wrong.
    if settings.secret.is_some() {
        if settings.gateway_id.is_none() {
            warn!(
                "a secret is configured, but no gateway id to go with it; set GATEWAY_RELAY_ID, or remove the secret"
            );
        }
        return (link, BackgroundTasks(running));
    }
    let Some(tokens) = identity::choose(settings, home, &http, &clock) else {
        warn!(
            "no gateway id and secret are configured, and no identity to get them with, so most connectors will refuse; \
             run `relay-gateway enroll` first"
        );
        return (link, BackgroundTasks(running));
    };
    let requests = requests(settings, boot::gateway_id_of(settings).as_str());
    let provisioning = Provisioning {
        url: connector.provision(),
        requests,
        api,
        tokens,
        clock,
        random,
        credentials: sender,
    };
    let (first, attempted) = oneshot::channel();
    running.spawn(provisioning.run(first, shutdown.clone()));
    tokio::select! {
        // Dropped, not sent: nothing is known but that it is over.
        _ = timeout(FIRST_ATTEMPT, attempted) => {}
        () = shutdown.cancelled() => {}
    }
    link = link.with_credentials(credentials);
    (link, BackgroundTasks(running))
}

impl BackgroundTasks {
    /// Ends them, within bounds: a refreshed login is stored first.
    pub(crate) async fn end(mut self, shutdown: &CancellationToken, grace: Duration) {
        shutdown.cancel();
        let ended = async { while self.0.join_next().await.is_some() {} };
        if timeout(grace, ended).await.is_err() {
            warn!("a call that the gateway made for its credentials has not ended and is given up");
        }
    }
}
