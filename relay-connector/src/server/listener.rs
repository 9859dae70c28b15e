//! From a listener to served connections, and their common end.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::header::UPGRADE;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::access::accounts::GatewayAccounts;
use crate::metrics::Metrics;
use crate::server::mount::{Mount, is_below};
use crate::server::routes::{self, HttpResponse, RouteState, Upgrade};
use crate::server::socket::Sessions;
use crate::server::tasks::Tasks;
use crate::{Accept, Limits};

/// The head of a request is kept in a buffer of this size at most, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// The longest pause after a failed accept: most often the process is out of file descriptors, and only
/// time brings some back.
const MAX_ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What is served on every listener.
pub(crate) struct Server {
    base_path: String,
    accounts: Arc<GatewayAccounts>,
    metrics: Metrics,
    /// The paths that are mounted, below the base path.
    mounted: Vec<String>,
    router: TowerToHyperService<Router>,
    sessions: Sessions,
    limits: Arc<Limits>,
}

impl Server {
    pub(crate) fn new(base_path: String, state: RouteState, mounts: Vec<Mount>, sessions: Sessions) -> Self {
        let (accounts, limits) = (Arc::clone(&state.accounts), Arc::clone(&state.limits));
        let mut router = routes::router(&base_path, state);
        let mounted = mounts.iter().map(|mount| mount.path.clone()).collect();
        for mount in mounts {
            router = mount.into(router, &base_path, &limits);
        }
        let metrics = sessions.metrics.clone();
        Self {
            base_path,
            accounts,
            metrics,
            mounted,
            router: TowerToHyperService::new(router),
            sessions,
            limits,
        }
    }

    /// Answers one request of the contract's, or of what is mounted.
    async fn answer(&self, request: Request<Incoming>) -> (HttpResponse, Option<Upgrade>) {
        let route = request.uri().path().strip_prefix(self.base_path.as_str()).unwrap_or_default();
        // What is mounted may have WebSockets of its own.
        if request.headers().contains_key(UPGRADE) && !self.mounted.iter().any(|mount| is_below(route, mount))
        {
            let route = route.to_owned();
            return routes::upgrade(request, &route, &self.accounts, &self.metrics).await;
        }
        let Ok(response) = self.router.call(request).await;
        (response, None)
    }
}

/// What the tasks of one listener share.
#[derive(Clone)]
struct Serving {
    server: Arc<Server>,
    tasks: Tasks,
    /// Says goodbye.
    shutdown: CancellationToken,
}

pub(crate) async fn serve(
    server: Arc<Server>,
    mut listener: impl Accept,
    shutdown: impl Future<Output = ()>,
) {
    let teardown = server.limits.teardown;
    let serving = Serving { server, tasks: Tasks::default(), shutdown: CancellationToken::new() };
    let _kill_when_dropped = serving.tasks.kill.clone().drop_guard();
    tokio::select! {
        () = shutdown => {}
        () = serving.accept(&mut listener) => {}
    }
    drop(listener);
    serving.shutdown.cancel();
    serving.tasks.tracker.close();
    if timeout(teardown, serving.tasks.tracker.wait()).await.is_err() {
        tracing::warn!(
            tasks = serving.tasks.tracker.len(),
            "some connections or actions did not end in time; cutting them"
        );
    }
}

impl Serving {
    async fn accept(&self, listener: &mut impl Accept) {
        let places = Arc::new(Semaphore::new(self.server.limits.connections));
        let mut pause = Duration::from_millis(10);
        loop {
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            match listener.accept().await {
                Ok(stream) => {
                    pause = Duration::from_millis(10);
                    self.tasks.spawn(self.clone().connection(stream, Arc::new(place)));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted; trying again");
                    sleep(pause).await;
                    pause = (2 * pause).min(MAX_ACCEPT_PAUSE);
                }
            }
        }
    }

    /// Serves one socket: requests, and perhaps an upgrade, which goes on in a task of its own.
    async fn connection<S>(self, stream: S, place: Arc<OwnedSemaphorePermit>)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let service = service_fn(|request: Request<Incoming>| {
            let serving = self.clone();
            let place = Arc::clone(&place);
            async move {
                let (response, upgrade) = serving.server.answer(request).await;
                if let Some(upgrade) = upgrade {
                    serving.tasks.spawn(serving.clone().upgraded(upgrade, place));
                }
                Ok::<_, Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.server.limits.request)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended early");
        }
    }

    /// Serves one WebSocket; the place among the connections is its own until it ends.
    async fn upgraded(self, upgrade: Upgrade, place: Arc<OwnedSemaphorePermit>) {
        let Upgrade { on, verdict } = upgrade;
        match on.await {
            Ok(io) => {
                let io = TokioIo::new(io);
                match verdict {
                    Ok(gateway) => {
                        self.server.sessions.serve(io, gateway, &self.tasks, &self.shutdown).await;
                    }
                    Err(reason) => self.server.sessions.reject(io, reason).await,
                }
            }
            Err(error) => tracing::debug!(%error, "an upgrade was answered and not taken"),
        }
        drop(place);
    }
}
