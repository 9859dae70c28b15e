//! Identities by an OIDC issuer: signed tokens, checked against the keys that it publishes.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::UnixSeconds;

use crate::access::identity::claims::Claims;
use crate::access::identity::jws::Jws;
use crate::access::identity::key_ring::{KeyRing, KeySource};
use crate::access::identity::settings::{claim, endpoint};
use crate::access::identity::{Fetch, IdentityError, IdentitySettingsError, IdentityVerifier};
use crate::{DEFAULT_TENANT_CLAIM, Tenant};

/// Which issuer is believed, and what its tokens must say.
#[derive(Clone, Debug)]
pub struct OidcSettings {
    issuer: String,
    audiences: Vec<String>,
    tenant_claim: String,
    jwks_url: Option<String>,
}

impl OidcSettings {
    /// Believes this issuer, to the letter as its tokens name it, where a token is for one of these audiences. The tenant
    /// is in the [usual claim](crate::DEFAULT_TENANT_CLAIM); the keys are found through the issuer's discovery document.
    pub fn new(issuer: impl Into<String>, audiences: Vec<String>) -> Self {
        Self {
            issuer: issuer.into(),
            audiences,
            tenant_claim: DEFAULT_TENANT_CLAIM.to_owned(),
            jwks_url: None,
        }
    }

    /// Takes the tenant from this claim.
    #[must_use]
    pub fn with_tenant_claim(mut self, claim: impl Into<String>) -> Self {
        self.tenant_claim = claim.into();
        self
    }

    /// Takes the keys from there, or from where the issuer says.
    #[must_use]
    pub fn with_jwks_url(mut self, url: impl Into<Option<String>>) -> Self {
        self.jwks_url = url.into();
        self
    }
}

/// Checks tokens of one issuer.
pub struct OidcVerifier {
    issuer: String,
    audiences: Vec<String>,
    tenant_claim: String,
    keys: KeyRing,
}

impl OidcVerifier {
    /// Checks the settings. Nothing is fetched before the first token comes.
    pub fn new(settings: OidcSettings, fetch: Arc<dyn Fetch>) -> Result<Self, IdentitySettingsError> {
        let OidcSettings { issuer, audiences, tenant_claim, jwks_url } = settings;
        let root = issuer.strip_suffix('/').unwrap_or(&issuer);
        let discovery = endpoint("issuer", &format!("{root}/.well-known/openid-configuration"))?;
        if discovery.query().is_some() || discovery.fragment().is_some() {
            let reason = "an issuer has neither a query nor a fragment".to_owned();
            return Err(IdentitySettingsError::Url { what: "issuer", url: issuer, reason });
        }
        let audiences: Vec<String> =
            audiences.into_iter().filter(|audience| !audience.trim().is_empty()).collect();
        if audiences.is_empty() {
            return Err(IdentitySettingsError::NoAudience);
        }
        let source = match jwks_url {
            Some(url) => KeySource::Document(endpoint("JWKS URL", &url)?),
            None => KeySource::Issuer { issuer: issuer.clone(), discovery },
        };
        let keys = KeyRing::new(source, fetch);
        Ok(Self { issuer, audiences, tenant_claim: claim(&tenant_claim)?, keys })
    }

    async fn owner(&self, token: &str, now: UnixSeconds) -> Result<Tenant, IdentityError> {
        let jws = Jws::parse(token)?;
        self.keys.check(&jws).await?;
        let claims = Claims::read(&jws.payload()?)
            .ok_or(IdentityError::Malformed { reason: "its claims are no JSON object" })?;
        claims.check_issuer(&self.issuer)?;
        claims.check_audience(&self.audiences)?;
        if !claims.has("exp") {
            return Err(IdentityError::Malformed { reason: "it never expires" });
        }
        claims.check_dates(now)?;
        claims.tenant(&self.tenant_claim)
    }
}

impl fmt::Debug for OidcVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OidcVerifier")
            .field("issuer", &self.issuer)
            .field("audiences", &self.audiences)
            .field("tenant_claim", &self.tenant_claim)
            .finish_non_exhaustive()
    }
}

impl IdentityVerifier for OidcVerifier {
    fn tenant<'a>(
        &'a self,
        token: &'a str,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<Tenant, IdentityError>> {
        self.owner(token, now).boxed()
    }
}
