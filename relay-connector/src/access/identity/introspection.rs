//! Identities by asking whoever issued the token (RFC 7662): for tokens that say nothing by themselves.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds};
use tokio::sync::Semaphore;
use url::{Url, form_urlencoded};

use crate::access::identity::claims::Claims;
use crate::access::identity::fetch::name;
use crate::access::identity::settings::{claim, endpoint};
use crate::access::identity::{
    Fetch, FetchError, FetchRequest, IdentityError, IdentitySettingsError, IdentityVerifier, MAX_TOKEN,
};
use crate::{DEFAULT_TENANT_CLAIM, Tenant};

/// Questions in flight at once; the next is told to come again.
const MAX_QUESTIONS: usize = 16;

/// Who is asked, and what the answer must say.
#[derive(Clone, Debug)]
pub struct IntrospectionSettings {
    url: String,
    client_id: String,
    client_secret: Secret,
    audiences: Vec<String>,
    tenant_claim: String,
}

impl IntrospectionSettings {
    /// Asks this endpoint, without a login, and takes the tenant from the
    /// [usual member](crate::DEFAULT_TENANT_CLAIM) of its answer.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            client_id: String::new(),
            client_secret: Secret::new(""),
            audiences: Vec::new(),
            tenant_claim: DEFAULT_TENANT_CLAIM.to_owned(),
        }
    }

    /// Logs in there as this client; nothing is sent if both are blank.
    #[must_use]
    pub fn with_client(mut self, id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        (self.client_id, self.client_secret) = (id.into(), secret.into());
        self
    }

    /// Takes only tokens for one of these, if there are any.
    #[must_use]
    pub fn with_audiences(mut self, audiences: Vec<String>) -> Self {
        self.audiences = audiences;
        self
    }

    /// Takes the tenant from this member of the answer.
    #[must_use]
    pub fn with_tenant_claim(mut self, claim: impl Into<String>) -> Self {
        self.tenant_claim = claim.into();
        self
    }
}

/// Asks about each token.
pub struct IntrospectionVerifier {
    url: Url,
    authorization: Option<Secret>,
    audiences: Vec<String>,
    tenant_claim: String,
    fetch: Arc<dyn Fetch>,
    places: Semaphore,
}

impl IntrospectionVerifier {
    /// Checks the settings.
    pub fn new(
        settings: IntrospectionSettings,
        fetch: Arc<dyn Fetch>,
    ) -> Result<Self, IdentitySettingsError> {
        let IntrospectionSettings { url, client_id, client_secret, audiences, tenant_claim } = settings;
        if client_id.is_empty() != client_secret.is_empty() {
            return Err(IdentitySettingsError::HalfAClient);
        }
        let authorization = (!client_id.is_empty()).then(|| basic(&client_id, &client_secret));
        Ok(Self {
            url: endpoint("introspection URL", &url)?,
            authorization,
            audiences,
            tenant_claim: claim(&tenant_claim)?,
            fetch,
            places: Semaphore::new(MAX_QUESTIONS),
        })
    }

    async fn owner(&self, token: &str, now: UnixSeconds) -> Result<Tenant, IdentityError> {
        if token.len() > MAX_TOKEN {
            return Err(IdentityError::TooLong { max: MAX_TOKEN });
        }
        let _place = self.places.try_acquire().map_err(|_| IdentityError::Busy)?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("token", token)
            .append_pair("token_type_hint", "access_token")
            .finish();
        let request = FetchRequest::Form {
            url: self.url.clone(),
            authorization: self.authorization.clone(),
            form: Secret::new(form),
        };
        let answer = self.fetch.fetch(request).await?;
        let reason = "it is no JSON object";
        let claims =
            Claims::read(&answer).ok_or_else(|| FetchError::Unusable { url: name(&self.url), reason })?;
        if !claims.is_true("active") {
            return Err(IdentityError::Unknown);
        }
        // The one who was asked has looked at the dates; an answer out of a cache of theirs may be old.
        claims.check_dates(now)?;
        if !self.audiences.is_empty() {
            claims.check_audience(&self.audiences)?;
        }
        claims.tenant(&self.tenant_claim)
    }
}

/// Both are form-encoded first (RFC 6749, 2.3.1), so that a colon in an id stays one.
fn basic(id: &str, secret: &Secret) -> Secret {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Secret::new(format!("{}:{}", encode(id), encode(secret.expose())));
    Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))
}

impl fmt::Debug for IntrospectionVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionVerifier")
            .field("url", &name(&self.url))
            .field("audiences", &self.audiences)
            .field("tenant_claim", &self.tenant_claim)
            .finish_non_exhaustive()
    }
}

impl IdentityVerifier for IntrospectionVerifier {
    fn tenant<'a>(
        &'a self,
        token: &'a str,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<Tenant, IdentityError>> {
        self.owner(token, now).boxed()
    }
}

#[cfg(test)]
mod tests {
    use relay_auth::Secret;

    use super::basic;

    #[test]
    fn a_colon_in_the_client_id_does_not_end_it() {
        assert_eq!(basic("a:b", &Secret::new("c d")).expose(), "Basic YSUzQWI6Yytk");
    }
}
