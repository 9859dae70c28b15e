//! Who is asking: the tenant behind an identity token (contract, HTTP routes).
//!
//! A gateway that is to be provisioned has no secret yet. What it has is an identity: a token of the operator's
//! own issuer, or one that the operator handed out. A verifier turns it into a [`Tenant`], and that is the only
//! place a tenant ever comes from: nothing that a body says is asked.

mod error;
mod fetch_error;
mod settings_error;
mod static_tokens;

#[cfg(feature = "oidc")]
mod claims;
#[cfg(feature = "oidc")]
mod fetch;
#[cfg(feature = "oidc")]
mod hostile;
#[cfg(feature = "oidc")]
mod https;
#[cfg(feature = "oidc")]
mod introspection;
#[cfg(feature = "oidc")]
mod jwk;
#[cfg(feature = "oidc")]
mod jws;
#[cfg(feature = "oidc")]
mod key_ring;
#[cfg(feature = "oidc")]
mod oidc;
#[cfg(feature = "oidc")]
mod settings;

pub use error::IdentityError;
#[cfg(feature = "oidc")]
pub use fetch::{Fetch, FetchRequest};
pub use fetch_error::FetchError;
#[cfg(feature = "oidc")]
#[doc(hidden)]
pub use hostile::vouched;
#[cfg(feature = "oidc")]
pub use https::HttpsFetch;
#[cfg(feature = "oidc")]
pub use introspection::{IntrospectionSettings, IntrospectionVerifier};
#[cfg(feature = "oidc")]
pub use oidc::{OidcSettings, OidcVerifier};
#[cfg(feature = "oidc")]
pub use settings::DEFAULT_TENANT_CLAIM;
pub use settings_error::IdentitySettingsError;
pub use static_tokens::StaticTokens;

use futures_util::future::BoxFuture;
use relay_auth::UnixSeconds;

use crate::Tenant;

/// The longest identity token that is looked at, in bytes. Those of large organizations list groups and reach
/// some 8 KiB.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// Knows whose an identity token is.
pub trait IdentityVerifier: Send + Sync + 'static {
    /// The tenant that the bearer of this token belongs to.
    fn tenant<'a>(&'a self, token: &'a str, now: UnixSeconds)
    -> BoxFuture<'a, Result<Tenant, IdentityError>>;
}
