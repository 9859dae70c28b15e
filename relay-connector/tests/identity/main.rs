//! Identities: issuers over real sockets with keys made for the test, and what hostile ones get.

mod hostile;
mod introspection;
mod issuer;
mod keys;
mod oidc;
mod signer;

use std::sync::Arc;

use relay_auth::UnixSeconds;
use relay_connector::{Fetch, HttpsFetch, IdentityError, IdentityVerifier, OidcSettings, OidcVerifier};

const NOW: UnixSeconds = UnixSeconds(1_754_700_000);

fn https() -> Arc<dyn Fetch> {
    Arc::new(HttpsFetch::new())
}

fn settings(issuer: &str) -> OidcSettings {
    OidcSettings::new(issuer, vec!["relay".to_owned()]).with_tenant_claim("tid")
}

fn verifier(issuer: &str, fetch: Arc<dyn Fetch>) -> OidcVerifier {
    OidcVerifier::new(settings(issuer), fetch).unwrap()
}

/// The tenant behind a token, as text.
async fn owner(verifier: &dyn IdentityVerifier, token: &str) -> Result<String, IdentityError> {
    verifier.tenant(token, NOW).await.map(|tenant| tenant.to_string())
}
