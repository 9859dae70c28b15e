//! The identity token that stands in the environment or in `.env`.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_auth::Secret;
use relay_config::Origin;

use super::{IdentityError, IdentityTokens, token};

/// A token that is always the same.
pub(super) struct GivenToken {
    token: Secret,
    origin: Origin,
}

impl GivenToken {
    pub(super) fn new(token: Secret, origin: Origin) -> Self {
        Self { token, origin }
    }
}

impl IdentityTokens for GivenToken {
    fn name(&self) -> String {
        format!("the token of {}", self.origin)
    }

    fn token(&self) -> BoxFuture<'_, Result<Secret, IdentityError>> {
        ready(token::token(self.token.expose().as_bytes(), || self.origin.to_string())).boxed()
    }
}
