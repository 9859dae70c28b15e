//! What a link is made of.

use std::fmt;
use std::sync::Arc;

use relay_auth::{Expiry, Secret, UPGRADE_TOKEN_TTL_SECONDS, UnixSeconds, mint};
use relay_net::{Dial, TcpDialer};
use relay_runtime::{Clock, Random};
use relay_wire::{CommandSpec, GatewayId, Hello};
use url::Url;

use crate::{Backoff, CredentialSource, DisabledReason, Limits};

/// What proves who the gateway is.
#[derive(Clone, Debug)]
pub struct Credentials {
    gateway_id: GatewayId,
    secret: Secret,
}

impl Credentials {
    /// The gateway's name at the connector, and the secret that signs its upgrade tokens.
    pub fn new(gateway_id: GatewayId, secret: impl Into<Secret>) -> Self {
        Self { gateway_id, secret: secret.into() }
    }

    /// The gateway's name at the connector.
    pub fn gateway_id(&self) -> &GatewayId {
        &self.gateway_id
    }

    /// Signs the upgrade tokens.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// A token for one dial (contract, Connection).
    pub(crate) fn token(&self, now: UnixSeconds) -> String {
        let expires = Expiry::At(now.plus(UPGRADE_TOKEN_TTL_SECONDS));
        mint(self.gateway_id.as_str(), &self.secret, expires)
    }
}

/// Everything that [`Link::start`](crate::Link::start) needs.
#[derive(Clone)]
pub struct LinkConfig {
    pub(crate) dial_url: Url,
    pub(crate) credentials: CredentialSource,
    pub(crate) limits: Limits,
    pub(crate) backoff: Backoff,
    pub(crate) allow_plaintext: bool,
    pub(crate) dialer: Arc<dyn Dial>,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    hellos: Vec<Hello>,
    commands: Option<CommandSource>,
}

/// Says which slash commands the hello of an identity has now.
type CommandSource = Arc<dyn Fn(&Hello) -> Option<Vec<CommandSpec>> + Send + Sync>;

impl LinkConfig {
    /// A link to `dial_url`, the whole URL of the upgrade: `ws` or `wss`, ending in `/relay`. It fronts one identity, the
    /// default one, over TCP, without credentials, with the bounds of [`Limits::default`]. A [`relay_wire::Identity`] will do for a hello without slash commands.
    pub fn new(dial_url: Url, default: impl Into<Hello>) -> Self {
        Self {
            dial_url,
            credentials: CredentialSource::None,
            limits: Limits::default(),
            backoff: Backoff::default(),
            allow_plaintext: false,
            dialer: Arc::new(TcpDialer::default()),
            clock: Clock::system(),
            random: Random::system(),
            hellos: vec![default.into()],
            commands: None,
        }
    }

    /// Fronts one more identity.
    #[must_use]
    pub fn with_identity(mut self, hello: impl Into<Hello>) -> Self {
        self.hellos.push(hello.into());
        self
    }

    /// The slash commands of each hello, asked anew at every handshake: they may become known, or change, while the link
    /// runs. Those that the hello was given are written where the answer is `None`.
    #[must_use]
    pub fn with_commands(
        mut self,
        commands: impl Fn(&Hello) -> Option<Vec<CommandSpec>> + Send + Sync + 'static,
    ) -> Self {
        self.commands = Some(Arc::new(commands));
        self
    }

    /// Proves who the gateway is; without credentials no token is sent.
    #[must_use]
    pub fn with_credentials(mut self, credentials: impl Into<CredentialSource>) -> Self {
        self.credentials = credentials.into();
        self
    }

    /// Keeps to other bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Waits otherwise between dials.
    #[must_use]
    pub fn with_backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Lets a token travel unencrypted to another machine, or not.
    #[must_use]
    pub fn with_plaintext(mut self, allow: bool) -> Self {
        self.allow_plaintext = allow;
        self
    }

    /// Opens its connections through this.
    #[must_use]
    pub fn with_dialer(mut self, dialer: Arc<dyn Dial>) -> Self {
        self.dialer = dialer;
        self
    }

    /// Takes the time from this clock: for the tokens, and for a hibernating link to see that the machine was suspended.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Takes jitter and request ids from this.
    #[must_use]
    pub fn with_random(mut self, random: Random) -> Self {
        self.random = random;
        self
    }

    /// The whole URL of the upgrade.
    pub fn dial_url(&self) -> &Url {
        &self.dial_url
    }

    /// Where its credentials come from.
    pub fn credentials(&self) -> &CredentialSource {
        &self.credentials
    }

    /// The bounds.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The waits between dials.
    pub fn backoff(&self) -> Backoff {
        self.backoff
    }

    /// Whether a token may travel unencrypted to another machine.
    pub fn allows_plaintext(&self) -> bool {
        self.allow_plaintext
    }

    /// What opens its connections.
    pub fn dialer(&self) -> &Arc<dyn Dial> {
        &self.dialer
    }

    /// What tells it the time.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Where its jitter and request ids come from.
    pub fn random(&self) -> &Random {
        &self.random
    }

    /// One hello for each identity, the default one first; never empty.
    pub fn hellos(&self) -> &[Hello] {
        &self.hellos
    }

    /// The hellos as they are written now.
    pub(crate) fn hellos_now(&self) -> impl Iterator<Item = Hello> {
        self.hellos.iter().map(|hello| {
            let commands = self.commands.as_ref().and_then(|commands| commands(hello));
            let command_manifest = commands.or_else(|| hello.command_manifest.clone());
            Hello { command_manifest, ..hello.clone() }
        })
    }

    /// Why this configuration can never work.
    pub(crate) fn refusal(&self) -> Option<DisabledReason> {
        let refused = |reason: String| Some(DisabledReason::Refused { reason });
        let scheme = self.dial_url.scheme();
        if !matches!(scheme, "ws" | "wss") {
            return refused(format!(
                "the connector URL begins with {scheme}://, which is no WebSocket; use wss:// (or ws:// on this \
                 machine)"
            ));
        }
        if self.credentials.is_some() {
            return relay_net::refuse_plaintext(&self.dial_url, self.allow_plaintext)
                .err()
                .and_then(|error| refused(error.to_string()));
        }
        None
    }
}

impl fmt::Debug for LinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkConfig")
            // The rest of the URL may hold what a person pasted there.
            .field("host", &self.dial_url.host_str())
            .field("credentials", &self.credentials)
            .field("hellos", &self.hellos)
            .field("limits", &self.limits)
            .field("backoff", &self.backoff)
            .field("allow_plaintext", &self.allow_plaintext)
            .finish_non_exhaustive()
    }
}
