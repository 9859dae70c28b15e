//! How a connector is put together.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use relay_auth::{RandomFailed, Secret};
use relay_net::{HttpClient, TcpDialer};
use tokio::sync::Semaphore;

use crate::access::accounts::GatewayAccounts;
use crate::access::enrollment::Enroller;
use crate::connector::Parts;
use crate::delivery::delivery_buffers::DeliveryBuffers;
use crate::delivery::dispatcher::{Dispatcher, Episodes};
use crate::delivery::redelivery::Redelivery;
use crate::delivery::registry::Registry;
use crate::delivery::wake::Waker;
use crate::front::fronts::Fronts;
use crate::front::supervisor::Supervisor;
use crate::media::{MediaFiles, MediaStore};
use crate::metrics::Metrics;
use crate::server::listener::Server;
use crate::server::mount::{self, Mount, is_path};
use crate::server::routes::RouteState;
use crate::server::socket::Sessions;
use crate::server::socket::actions::action_executor;
use crate::store::{BufferStore, FrontStore, GatewayStore};
use crate::{
    AccessPolicy, ChatAccess, Clock, Connector, FrameTap, Front, FrontsError, IdentityVerifier, Limits,
    MountError, Random, Store, Tenant, Wake,
};

/// Collects what a [`Connector`] is made of. At least one front is needed, all else has a default.
pub struct ConnectorBuilder {
    store: Arc<dyn Store>,
    fronts: Vec<Arc<dyn Front>>,
    access: BTreeMap<String, AccessPolicy>,
    mounts: Vec<(String, Router)>,
    base_path: String,
    limits: Limits,
    clock: Clock,
    random: Random,
    tap: Option<FrameTap>,
    enrollment_secret: Option<Secret>,
    identity: Option<Arc<dyn IdentityVerifier>>,
    media_folder: Option<PathBuf>,
    always_buffer: bool,
    wake: Option<Arc<dyn Wake>>,
    default_tenant: Tenant,
    http: Option<HttpClient>,
    public_url: String,
}

impl fmt::Debug for ConnectorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectorBuilder")
            .field("base_path", &self.base_path)
            .field("limits", &self.limits)
            .field("always_buffer", &self.always_buffer)
            .finish_non_exhaustive()
    }
}

/// Why a connector cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The fronts do not go together.
    #[error(transparent)]
    Fronts(#[from] FrontsError),
    /// The base path is no path.
    #[error("the base path `{0}` must begin with a slash and hold neither `?`, `#`, braces nor blanks")]
    BasePath(String),
    /// Routes cannot be mounted where they were to be.
    #[error(transparent)]
    Mount(#[from] MountError),
    /// A bound that would let nothing through at all.
    #[error("the limit `{0}` is zero, so nothing could ever be served; give it a value")]
    ZeroLimit(&'static str),
    /// The system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomFailed),
}

impl ConnectorBuilder {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            fronts: Vec::new(),
            access: BTreeMap::new(),
            mounts: Vec::new(),
            base_path: String::new(),
            limits: Limits::default(),
            clock: Clock::system(),
            random: Random::system(),
            tap: None,
            enrollment_secret: None,
            identity: None,
            media_folder: None,
            always_buffer: true,
            wake: default_wake(),
            default_tenant: Tenant::default(),
            http: None,
            public_url: String::new(),
        }
    }

    /// Adds a front. The first one also serves gateways that announce the generic platform `relay`.
    #[must_use]
    pub fn front(mut self, front: Arc<dyn Front>) -> Self {
        self.fronts.push(front);
        self
    }

    /// Says who may talk to the agent on a platform, whatever its front; by default whoever an owner has let in
    /// ([`AccessPolicy::default`]).
    #[must_use]
    pub fn access(mut self, platform: impl Into<String>, policy: AccessPolicy) -> Self {
        self.access.insert(platform.into(), policy);
        self
    }

    /// Serves these routes too, at this path below the base path: an operator's pages, say. The routes of fronts are
    /// mounted without this, at `/front/{platform}`. What is mounted is bounded by [`Limits::mounted_body`] and
    /// [`Limits::mounted`]; who may call it is for itself to check.
    #[must_use]
    pub fn mount(mut self, path: impl Into<String>, router: Router) -> Self {
        self.mounts.push((path.into(), router));
        self
    }

    /// Serves below this path, such as `/connector`; the root by default.
    #[must_use]
    pub fn base_path(mut self, base_path: impl Into<String>) -> Self {
        self.base_path = base_path.into();
        self
    }

    /// Replaces the bounds.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Replaces the machine's clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Replaces the machine's randomness, of which secrets and ids are made: for simulations only.
    #[must_use]
    pub fn random(mut self, random: Random) -> Self {
        self.random = random;
        self
    }

    /// Shows every line to a tap.
    #[must_use]
    pub fn tap(mut self, tap: FrameTap) -> Self {
        self.tap = Some(tap);
        self
    }

    /// Signs enrollment tokens with this secret, so that they outlive the process; a random one by default. It
    /// must not be any gateway's.
    #[must_use]
    pub fn enrollment_secret(mut self, secret: Secret) -> Self {
        self.enrollment_secret = Some(secret);
        self
    }

    /// Lets gateways be provisioned by whoever this knows, and asks for an identity at enrollment too. By
    /// default nobody is provisioned, and an enrollment token is all that an enrollment needs.
    #[must_use]
    pub fn identity(mut self, verifier: Arc<dyn IdentityVerifier>) -> Self {
        self.identity = Some(verifier);
        self
    }

    /// Keeps uploaded files in this folder, which is made if need be and cleared of those of an earlier run.
    /// By default they lie in a temporary one that goes with the connector.
    #[must_use]
    pub fn media_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.media_folder = Some(folder.into());
        self
    }

    /// Whether every delivery goes through the buffer and is acknowledged, which is how it is unless told
    /// otherwise. Without it, what finds a live connection that is ahead of its buffer is written to that and
    /// forgotten: quicker, and lost when the connection is.
    #[must_use]
    pub fn always_buffer(mut self, always_buffer: bool) -> Self {
        self.always_buffer = always_buffer;
        self
    }

    /// Calls the wake URLs of sleeping instances in another way; by default over HTTP, at public addresses
    /// only (feature `wake`).
    #[must_use]
    pub fn wake(mut self, wake: Arc<dyn Wake>) -> Self {
        self.wake = Some(wake);
        self
    }

    /// Gives chats to this tenant that are neither bound to one nor among the route keys of one's gateways; by default
    /// `home`.
    #[must_use]
    pub fn default_tenant(mut self, tenant: Tenant) -> Self {
        self.default_tenant = tenant;
        self
    }

    /// Where gateways reach the connector, without the base path: what the URLs of files begin with that fronts put.
    /// Without it they are paths on the connector.
    #[must_use]
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = url.into();
        self
    }

    /// Has fronts go out by this HTTP client; by default directly.
    #[must_use]
    pub fn http(mut self, http: HttpClient) -> Self {
        self.http = Some(http);
        self
    }

    /// Puts the connector together. Its fronts run once it serves.
    pub fn build(self) -> Result<Connector, BuildError> {
        let base_path = self.base_path.trim_end_matches('/').to_owned();
        if !base_path.is_empty() && !is_path(&base_path) {
            return Err(BuildError::BasePath(base_path));
        }
        let Limits { connections, outgoing, window, deliveries, actions, ping, .. } = &self.limits;
        for (name, is_zero) in [
            ("connections", *connections == 0),
            ("outgoing", *outgoing == 0),
            ("window", *window == 0),
            ("deliveries", *deliveries == 0),
            ("actions", *actions == 0),
            ("ping", ping.is_zero()),
        ] {
            if is_zero {
                return Err(BuildError::ZeroLimit(name));
            }
        }
        let limits = Arc::new(self.limits);
        let (clock, random) = (self.clock.clone(), self.random.clone());
        let fronts = Arc::new(Fronts::new(self.fronts)?);
        let metrics = Metrics::default();
        let registry = Arc::new(Registry::new(metrics.clone()));
        let buffers = Arc::new(DeliveryBuffers::new(
            Arc::clone(&self.store) as Arc<dyn BufferStore>,
            self.clock.clone(),
            self.random.clone(),
            Arc::clone(&limits),
            metrics.clone(),
        ));
        let dispatcher = Arc::new(Dispatcher {
            store: Arc::clone(&self.store),
            registry: Arc::clone(&registry),
            clock: self.clock.clone(),
            limits: (*limits).clone(),
            always_buffer: self.always_buffer,
            waker: Waker::new(self.wake, limits.wake_cooldown, limits.wake),
            metrics: metrics.clone(),
            full: Episodes::default(),
            overflowing: Episodes::default(),
            losing: Episodes::default(),
        });
        let accounts = Arc::new(GatewayAccounts {
            store: Arc::clone(&self.store) as Arc<dyn GatewayStore>,
            clock: self.clock,
            enroller: Enroller::new(self.enrollment_secret, &self.random)?,
            random: self.random.clone(),
            identity: self.identity,
        });
        let of_fronts = fronts.iter().filter_map(|served| {
            Some((format!("{}/{}", mount::FRONTS, served.platform), served.front.routes()?))
        });
        let mounts: Vec<Mount> = of_fronts
            .chain(self.mounts)
            .map(|(path, router)| Mount::new(&path, router))
            .collect::<Result<_, _>>()?;
        Mount::check_distinct(&mounts)?;
        let files = MediaFiles::new(self.media_folder, self.random, (*limits).clone());
        let media = MediaStore::new(
            Arc::clone(&files),
            &format!("{}{base_path}", self.public_url.trim_end_matches('/')),
        );
        let state = RouteState { accounts: Arc::clone(&accounts), media: files, limits: Arc::clone(&limits) };
        let sessions = Sessions {
            gateways: Arc::clone(&self.store) as Arc<dyn GatewayStore>,
            fronts: Arc::clone(&fronts),
            actions: action_executor(),
            registry: Arc::clone(&registry),
            buffers: Arc::clone(&buffers),
            limits: Arc::clone(&limits),
            tap: self.tap,
            metrics: metrics.clone(),
        };
        let server = Arc::new(Server::new(base_path, state, mounts, sessions));
        let mut policies = self.access;
        let mut access_of = |platform: &str| {
            let policy = policies.remove(platform).unwrap_or_default();
            let store = Arc::clone(&self.store) as Arc<dyn FrontStore>;
            ChatAccess::new(store, platform, policy, clock.clone(), random.clone())
        };
        let access =
            fronts.iter().map(|served| (served.platform.clone(), access_of(&served.platform))).collect();
        let supervisor = Supervisor {
            fronts,
            access,
            dispatcher,
            store: Arc::clone(&self.store),
            default_tenant: self.default_tenant,
            http: self.http.unwrap_or_else(|| HttpClient::new(Arc::new(TcpDialer::default()))),
            media,
            clock,
            random,
            teardown: limits.teardown,
            turn: Semaphore::new(1),
        };
        let redelivery = Redelivery::new(Arc::clone(&buffers), Arc::clone(&registry));
        let parts =
            Parts { store: self.store, accounts, registry, buffers, redelivery, server, supervisor, metrics };
        Ok(Connector::new(parts))
    }
}

#[cfg(feature = "wake")]
#[allow(clippy::unnecessary_wraps, reason = "without the feature there is none")]
fn default_wake() -> Option<Arc<dyn Wake>> {
    Some(Arc::new(crate::HttpWake::new()))
}

#[cfg(not(feature = "wake"))]
fn default_wake() -> Option<Arc<dyn Wake>> {
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::BuildError;
    use crate::{Connector, FrontsError, Limits, MemoryFront, MemoryStore};

    #[test]
    fn a_connector_needs_a_front_and_not_two_of_one_platform() {
        let builder = || Connector::builder(MemoryStore::default());
        let front = || Arc::new(MemoryFront::new());
        assert_eq!(builder().build().err(), Some(BuildError::Fronts(FrontsError::None)));
        assert_eq!(
            builder().front(front()).front(front()).build().err(),
            Some(BuildError::Fronts(FrontsError::Duplicate { platform: "local".to_owned() }))
        );
    }

    #[test]
    fn a_limit_of_nothing_is_refused_before_anything_is_served() {
        for limits in [
            Limits { connections: 0, ..Limits::default() },
            Limits { outgoing: 0, ..Limits::default() },
            Limits { window: 0, ..Limits::default() },
            Limits { deliveries: 0, ..Limits::default() },
            Limits { actions: 0, ..Limits::default() },
            Limits { ping: std::time::Duration::ZERO, ..Limits::default() },
        ] {
            let builder = Connector::builder(MemoryStore::default()).front(Arc::new(MemoryFront::new()));
            assert!(matches!(builder.limits(limits).build().err(), Some(BuildError::ZeroLimit(_))));
        }
    }

    #[test]
    fn a_base_path_loses_its_trailing_slash_and_must_be_a_path() {
        let build = |path: &str| {
            Connector::builder(MemoryStore::default())
                .front(Arc::new(MemoryFront::new()))
                .base_path(path)
                .build()
        };
        assert!(build("/a/").is_ok() && build("").is_ok() && build("/").is_ok());
        assert_eq!(build("a").err(), Some(BuildError::BasePath("a".to_owned())));
        assert_eq!(build("/a?b").err(), Some(BuildError::BasePath("/a?b".to_owned())));
    }
}
