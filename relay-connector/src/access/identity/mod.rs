//! Who is asking: the tenant behind an identity token (contract, HTTP routes).
//!
//! A gateway that is to be provisioned has no secret yet. What it has is an identity: a token of the operator's
//! own issuer, or one that the operator handed out. A verifier turns it into a [`Tenant`], and that is the only
//! place a tenant ever comes from: nothing that a body says is asked.

mod claims;
mod error;
mod fetch;
mod hostile;
mod https;
mod introspection;
mod jwk;
mod jws;
mod key_ring;
mod oidc;
mod settings;
mod static_tokens;

pub use error::IdentityError;
pub use fetch::{Fetch, FetchError, FetchRequest};
#[doc(hidden)]
pub use hostile::vouched;
pub use https::HttpsFetch;
pub use introspection::{IntrospectionSettings, IntrospectionVerifier};
pub use oidc::{OidcSettings, OidcVerifier};
pub use settings::{DEFAULT_TENANT_CLAIM, IdentitySettingsError};
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
