//! Tokens that the operator handed out: for a household, where nobody runs an issuer.

use std::fmt;

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use relay_auth::{Secret, UnixSeconds};

use crate::Tenant;
use crate::access::identity::{IdentityError, IdentitySettingsError, IdentityVerifier, MAX_TOKEN};

/// The shortest token, in characters. Nobody counts the guesses, so it has to be beyond guessing.
const MIN_TOKEN: usize = 24;

/// One or more tokens for each tenant.
pub struct StaticTokens {
    tokens: Vec<(Tenant, Secret)>,
}

impl StaticTokens {
    /// Takes the tokens. A tenant may have several, a token one tenant only.
    pub fn new(tokens: impl IntoIterator<Item = (Tenant, Secret)>) -> Result<Self, IdentitySettingsError> {
        let tokens: Vec<_> = tokens.into_iter().collect();
        for (place, (tenant, token)) in tokens.iter().enumerate() {
            if token.expose().chars().count() < MIN_TOKEN {
                let tenant = tenant.to_string();
                return Err(IdentitySettingsError::ShortToken { tenant, min: MIN_TOKEN });
            }
            let same =
                tokens[..place].iter().find(|(other, earlier)| other != tenant && earlier.ct_eq(token));
            if let Some((other, _)) = same {
                let (one, other) = (other.to_string(), tenant.to_string());
                return Err(IdentitySettingsError::SharedToken { one, other });
            }
        }
        Ok(Self { tokens })
    }

    fn owner(&self, token: &str) -> Result<Tenant, IdentityError> {
        if token.len() > MAX_TOKEN {
            return Err(IdentityError::TooLong { max: MAX_TOKEN });
        }
        let token = Secret::new(token);
        // Every token is compared, also after a match: the time says nothing about which one it was.
        let mut owner = None;
        for (tenant, known) in &self.tokens {
            if known.ct_eq(&token) {
                owner = Some(tenant);
            }
        }
        owner.cloned().ok_or(IdentityError::Unknown)
    }
}

impl fmt::Debug for StaticTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.tokens.iter().map(|(tenant, _)| tenant)).finish()
    }
}

impl IdentityVerifier for StaticTokens {
    fn tenant<'a>(
        &'a self,
        token: &'a str,
        _now: UnixSeconds,
    ) -> BoxFuture<'a, Result<Tenant, IdentityError>> {
        future::ready(self.owner(token)).boxed()
    }
}

#[cfg(test)]
mod tests {
    use relay_auth::Secret;

    use super::StaticTokens;
    use crate::Tenant;
    use crate::access::identity::{IdentityError, IdentitySettingsError};

    const HOME: &str = "a-token-of-the-home-0123456789";
    const OLD: &str = "an-older-one-of-home-0123456789";
    const WORK: &str = "a-token-of-the-work-0123456789";

    fn tokens(list: &[(&str, &str)]) -> Result<StaticTokens, IdentitySettingsError> {
        StaticTokens::new(
            list.iter().map(|(tenant, token)| (Tenant::new(*tenant).unwrap(), Secret::new(*token))),
        )
    }

    #[test]
    fn a_token_names_its_tenant_and_any_other_text_nobody() {
        let tokens = tokens(&[("home", HOME), ("home", OLD), ("work", WORK)]).unwrap();
        for (token, tenant) in [(HOME, "home"), (OLD, "home"), (WORK, "work")] {
            assert_eq!(tokens.owner(token).unwrap().as_str(), tenant);
        }
        for wrong in ["", "home", &HOME[1..], &format!("{HOME}x"), &HOME.to_uppercase()] {
            assert_eq!(tokens.owner(wrong), Err(IdentityError::Unknown), "{wrong}");
        }
        let huge = "x".repeat(16 * 1024 + 1);
        assert_eq!(tokens.owner(&huge), Err(IdentityError::TooLong { max: 16 * 1024 }));
    }

    #[test]
    fn a_token_that_could_be_guessed_or_is_shared_is_refused_at_the_start() {
        let short = tokens(&[("home", "hunter2")]).unwrap_err();
        assert!(matches!(short, IdentitySettingsError::ShortToken { .. }));
        assert!(!short.to_string().contains("hunter2"));
        let shared = tokens(&[("home", HOME), ("work", HOME)]).unwrap_err();
        assert!(matches!(shared, IdentitySettingsError::SharedToken { .. }));
        assert!(!format!("{:?}", tokens(&[("home", HOME)]).unwrap()).contains(HOME));
    }
}
