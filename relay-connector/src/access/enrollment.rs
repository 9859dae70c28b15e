//! Enrollment: from a token that somebody handed over to a gateway with a secret of its own (contract, HTTP
//! routes).
//!
//! Enrollment tokens and upgrade tokens have the same shape, so two things keep them apart. They are signed
//! with different secrets: the connector's own here, the gateway's there. And their payloads cannot be
//! confused: an enrollment's begins with `enroll:`, which no gateway id may.

use std::time::Duration;

use relay_auth::{Expiry, RandomFailed, Secret, TokenError, UnixSeconds, VerifyList};
use relay_wire::{EnrollRequest, EnrollResponse, GatewayId};

use crate::Random;
use crate::store::GatewayStore;
use crate::{EnrollOutcome, Enrollment, StoreError, Tenant};

/// How long an enrollment token is good unless told otherwise.
pub const ENROLLMENT_TTL: Duration = Duration::from_mins(15);

/// What the payload of an enrollment token begins with.
const PREFIX: &str = "enroll:";

/// The longest gateway id, in bytes.
const MAX_GATEWAY_ID: usize = 128;

/// Why a gateway was not enrolled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnrollError {
    /// The gateway id cannot be one.
    #[error(
        "the gateway id must be 1 to {MAX_GATEWAY_ID} bytes without control characters or blanks around it, \
         and must not begin with `{PREFIX}`; choose another"
    )]
    GatewayId,
    /// The token is none of this connector's, or another kind of token.
    #[error("the enrollment token is not valid here; ask the connector's operator for a new one")]
    TokenInvalid,
    /// The token is too old.
    #[error("the enrollment token has expired; ask the connector's operator for a new one")]
    TokenExpired,
    /// The token was redeemed before.
    #[error("the enrollment token was used before; ask the connector's operator for a new one")]
    TokenUsed,
    /// The caller's identity belongs to another tenant than the token.
    #[error("the enrollment token is for another tenant than your identity; ask for one of your own")]
    ForeignIdentity,
    /// The gateway id is taken by another tenant.
    #[error("the gateway id belongs to another tenant; choose another")]
    ForeignGateway,
    /// The system gave no randomness.
    #[error(transparent)]
    Random(#[from] RandomFailed),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Mints a token that enrolls one gateway of the tenant, once, within `ttl` (whole seconds), at a connector that
/// signs its tokens with this secret.
pub fn mint_enrollment_token(
    secret: &Secret,
    tenant: &Tenant,
    ttl: Duration,
    now: UnixSeconds,
    random: &Random,
) -> Result<Secret, RandomFailed> {
    let payload = format!("{PREFIX}{tenant}:{}", random.hex::<16>()?.expose());
    Ok(Secret::new(relay_auth::mint(&payload, secret, Expiry::At(now.plus(ttl.as_secs())))))
}

/// Mints and redeems enrollment tokens.
pub(crate) struct Enroller {
    /// Signs enrollment tokens and nothing else.
    secret: Secret,
    random: Random,
}

impl Enroller {
    pub(crate) fn new(secret: Option<Secret>, random: &Random) -> Result<Self, RandomFailed> {
        let secret = secret.map_or_else(|| random.secret(), Ok)?;
        Ok(Self { secret, random: random.clone() })
    }

    pub(crate) fn mint(
        &self,
        tenant: &Tenant,
        ttl: Duration,
        now: UnixSeconds,
    ) -> Result<Secret, RandomFailed> {
        mint_enrollment_token(&self.secret, tenant, ttl, now, &self.random)
    }

    pub(crate) async fn redeem(
        &self,
        request: EnrollRequest,
        identity: Option<&Tenant>,
        store: &dyn GatewayStore,
        now: UnixSeconds,
    ) -> Result<EnrollResponse, EnrollError> {
        let EnrollRequest { enrollment_token, gateway_id } = request;
        let gateway_id = new_gateway_id(gateway_id).ok_or(EnrollError::GatewayId)?;
        let (tenant, nonce, expires) = self.check(&enrollment_token, now)?;
        if identity.is_some_and(|identity| *identity != tenant) {
            return Err(EnrollError::ForeignIdentity);
        }
        let secret = self.random.secret()?;
        // Deliveries over HTTP are superseded by the socket and this connector makes none, so the key that
        // the contract's answer holds is kept nowhere.
        let delivery_key = self.random.secret()?;
        let outcome = store
            .enroll(Enrollment {
                gateway_id: gateway_id.clone(),
                tenant: tenant.clone(),
                secret: secret.clone(),
                nonce,
                expires,
                now,
            })
            .await?;
        match outcome {
            EnrollOutcome::Enrolled | EnrollOutcome::Rotated => Ok(EnrollResponse {
                secret: secret.expose().to_owned(),
                delivery_key: delivery_key.expose().to_owned(),
                tenant: tenant.as_str().to_owned(),
                gateway_id: gateway_id.as_str().to_owned(),
            }),
            EnrollOutcome::TokenUsed => Err(EnrollError::TokenUsed),
            EnrollOutcome::ForeignGateway => Err(EnrollError::ForeignGateway),
        }
    }

    fn check(&self, token: &str, now: UnixSeconds) -> Result<(Tenant, String, UnixSeconds), EnrollError> {
        let list = VerifyList::new(self.secret.clone());
        let verified = relay_auth::verify(token, &list, now).map_err(|error| match error {
            TokenError::Expired { .. } => EnrollError::TokenExpired,
            _ => EnrollError::TokenInvalid,
        })?;
        // A token without an end would have to be remembered as used for ever; none is minted.
        let Expiry::At(expires) = verified.expires else { return Err(EnrollError::TokenInvalid) };
        // From the right, since a tenant may hold colons and a nonce holds none.
        let (tenant, nonce) = verified
            .payload
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.rsplit_once(':'))
            .ok_or(EnrollError::TokenInvalid)?;
        let tenant = Tenant::new(tenant).map_err(|_| EnrollError::TokenInvalid)?;
        Ok((tenant, nonce.to_owned(), expires))
    }
}

/// The name that a gateway gives itself, unless it is one that no gateway may have.
pub(crate) fn new_gateway_id(id: String) -> Option<GatewayId> {
    let fits = id.len() <= MAX_GATEWAY_ID
        && id.trim() == id
        && !id.contains(char::is_control)
        && !id.starts_with(PREFIX);
    GatewayId::new(id).ok().filter(|_| fits)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relay_auth::{Expiry, Secret, UnixSeconds};
    use relay_wire::EnrollRequest;

    use super::{EnrollError, Enroller, new_gateway_id};

    fn is_gateway_id(id: &str) -> bool {
        new_gateway_id(id.to_owned()).is_some()
    }
    use crate::{MemoryStore, Tenant};

    const NOW: UnixSeconds = UnixSeconds(1_000);

    fn enroller() -> Enroller {
        Enroller::new(Some(Secret::new("connector")), &crate::Random::system()).unwrap()
    }

    async fn redeem(token: &str, now: UnixSeconds) -> Result<String, EnrollError> {
        let request = EnrollRequest { enrollment_token: token.to_owned(), gateway_id: "gw".to_owned() };
        enroller().redeem(request, None, &MemoryStore::default(), now).await.map(|response| response.tenant)
    }

    #[tokio::test]
    async fn a_tenant_with_colons_comes_out_of_the_token_whole() {
        let token = enroller().mint(&Tenant::new("a:b:c").unwrap(), Duration::from_mins(1), NOW).unwrap();
        assert_eq!(redeem(token.expose(), NOW).await.unwrap(), "a:b:c");
    }

    #[tokio::test]
    async fn a_token_is_good_up_to_its_last_second() {
        let token = enroller().mint(&Tenant::default(), Duration::from_mins(1), NOW).unwrap();
        assert!(redeem(token.expose(), NOW.plus(60)).await.is_ok());
        assert!(matches!(redeem(token.expose(), NOW.plus(61)).await, Err(EnrollError::TokenExpired)));
    }

    #[tokio::test]
    async fn no_other_token_of_the_right_signature_enrolls() {
        let sign = |payload, expires| relay_auth::mint(payload, &Secret::new("connector"), expires);
        for token in [
            sign("gw", Expiry::At(NOW)),
            sign("enroll:home", Expiry::At(NOW)),
            sign("enroll::nonce", Expiry::At(NOW)),
            sign("enroll:home:nonce", Expiry::Never),
        ] {
            assert!(matches!(redeem(&token, NOW).await, Err(EnrollError::TokenInvalid)));
        }
    }

    #[test]
    fn a_gateway_id_is_visible_text_that_no_enrollment_token_could_carry() {
        assert!(["laptop", "org:laptop", "Büro 1"].into_iter().all(is_gateway_id));
        for id in ["", " ", " a", "a\n", "a\u{7f}b", "enroll:home:1", &"x".repeat(129)] {
            assert!(!is_gateway_id(id), "{id:?}");
        }
    }
}
