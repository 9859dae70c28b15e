//! What a link is made of.

use std::fmt;
use std::sync::Arc;

use relay_auth::{Expiry, Secret, UPGRADE_TOKEN_TTL_SECONDS, UnixSeconds, mint};
use relay_net::{Dial, TcpDialer};
use relay_runtime::{Clock, Random};
use relay_wire::{GatewayId, Hello};
use url::Url;

use crate::{Backoff, CredentialSource, DisabledReason, Limits};

/// What proves who the gateway is.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The gateway's name at the connector.
    pub gateway_id: GatewayId,
    /// Signs the upgrade tokens.
    pub secret: Secret,
}

impl Credentials {
    /// A token for one dial (contract, Connection).
    pub(crate) fn token(&self, now: UnixSeconds) -> String {
        let expires = Expiry::At(now.plus(UPGRADE_TOKEN_TTL_SECONDS));
        mint(self.gateway_id.as_str(), &self.secret, expires)
    }
}

/// Everything that [`Link::start`](crate::Link::start) needs. Made by [`new`](Self::new), then changed field by
/// field.
#[derive(Clone)]
pub struct LinkConfig {
    /// The whole URL of the upgrade: `ws` or `wss`, ending in `/relay`.
    pub dial_url: Url,
    /// Without them no token is sent.
    pub credentials: CredentialSource,
    /// The bounds.
    pub limits: Limits,
    /// The waits between dials.
    pub backoff: Backoff,
    /// Lets a token travel unencrypted to another machine.
    pub allow_plaintext: bool,
    /// Opens the connections.
    pub dialer: Arc<dyn Dial>,
    /// Tells the time, for the tokens, and for a hibernating link to see that the machine was suspended.
    pub clock: Clock,
    /// For jitter and request ids.
    pub random: Random,
    hellos: Vec<Hello>,
}

impl LinkConfig {
    /// A link to `dial_url` that fronts one identity, the default one: over TCP, without credentials, with the
    /// bounds of [`Limits::default`]. A [`relay_wire::Identity`] will do for a hello without slash commands.
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
        }
    }

    /// Fronts one more identity.
    #[must_use]
    pub fn with_identity(mut self, hello: impl Into<Hello>) -> Self {
        self.hellos.push(hello.into());
        self
    }

    /// Proves who the gateway is.
    #[must_use]
    pub fn with_credentials(mut self, credentials: impl Into<CredentialSource>) -> Self {
        self.credentials = credentials.into();
        self
    }

    /// One hello for each identity, the default one first; never empty.
    pub fn hellos(&self) -> &[Hello] {
        &self.hellos
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
