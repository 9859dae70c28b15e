//! Who is dialing: the bearer token of an upgrade (contract, Connection).

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use relay_auth::{TokenError, UnixSeconds};
use relay_wire::GatewayId;

use crate::store::GatewayStore;
use crate::{Instance, StoreError, Tenant};

/// A gateway that proved who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authenticated {
    pub(crate) gateway_id: GatewayId,
    pub(crate) tenant: Tenant,
    /// Whose buffer it drains.
    pub(crate) instance: Instance,
}

/// Why an upgrade token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Unknown gateway, bad signature, revoked, or no token at all.
    Unauthorized,
    /// A genuine token that is merely old.
    Expired,
}

/// The gateway, or why it is none.
pub(crate) async fn authenticate(
    headers: &HeaderMap,
    store: &dyn GatewayStore,
    now: UnixSeconds,
) -> Result<Result<Authenticated, Rejection>, StoreError> {
    let Some(token) = bearer(headers) else { return Ok(Err(Rejection::Unauthorized)) };
    // Only a look-up key so far: whoever sent the token may have written any name into it.
    let Some(claimed) = relay_auth::unverified_payload(token) else {
        return Ok(Err(Rejection::Unauthorized));
    };
    let Ok(gateway_id) = GatewayId::new(claimed) else { return Ok(Err(Rejection::Unauthorized)) };
    let Some(record) = store.gateway(&gateway_id).await? else { return Ok(Err(Rejection::Unauthorized)) };
    Ok(match relay_auth::verify(token, &record.verify, now) {
        Ok(_) => Ok(Authenticated { gateway_id, tenant: record.tenant, instance: record.instance }),
        Err(TokenError::Expired { .. }) => Err(Rejection::Expired),
        Err(_) => Err(Rejection::Unauthorized),
    })
}

/// The token of a request, whatever kind it is.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use hyper::HeaderMap;
    use hyper::header::{AUTHORIZATION, HeaderValue};

    use super::bearer;

    fn read(value: &'static str) -> Option<String> {
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
        bearer(&headers).map(str::to_owned)
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case_and_no_other() {
        assert_eq!(read("Bearer abc").as_deref(), Some("abc"));
        assert_eq!(read("bearer  abc ").as_deref(), Some("abc"));
        assert_eq!(read("Basic abc"), None);
        assert_eq!(read("abc"), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
