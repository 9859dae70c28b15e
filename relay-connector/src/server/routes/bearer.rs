//! Whose a request is: by an upgrade token, or by an identity token.

use hyper::{HeaderMap, StatusCode};

use crate::Tenant;
use crate::access::accounts::GatewayAccounts;
use crate::access::authentication::{Authenticated, Rejection, bearer};
use crate::server::routes::answer::{Refused, error, unauthorized};

/// The gateway whose upgrade token this is.
pub(super) async fn gateway(
    headers: &HeaderMap,
    accounts: &GatewayAccounts,
) -> Result<Authenticated, Refused> {
    match accounts.authenticate(headers).await {
        Ok(Ok(gateway)) => Ok(gateway),
        Ok(Err(Rejection::Expired)) => {
            Err(unauthorized("the upgrade token has expired; mint a new one").into())
        }
        Ok(Err(Rejection::Unauthorized)) => {
            Err(unauthorized("the upgrade token is not accepted; enroll this gateway again").into())
        }
        Err(reason) => {
            tracing::error!(%reason, "a gateway could not be looked up");
            Err(error(StatusCode::SERVICE_UNAVAILABLE, "the gateway cannot be looked up now").into())
        }
    }
}

/// The tenant whose identity token this is; `None` where this connector checks no identities.
pub(super) async fn tenant(
    headers: &HeaderMap,
    accounts: &GatewayAccounts,
) -> Result<Option<Tenant>, Refused> {
    let Some(verifier) = &accounts.identity else { return Ok(None) };
    let Some(token) = bearer(headers) else {
        return Err(unauthorized("an identity token is needed as the bearer; log in first").into());
    };
    verifier.tenant(token, accounts.clock.now()).await.map(Some).map_err(|reason| {
        tracing::info!(%reason, "an identity is not accepted");
        if reason.is_temporary() {
            // Whose fault it is stays in the log: the caller need not know who is asked about identities.
            error(StatusCode::SERVICE_UNAVAILABLE, "identities cannot be checked now; try again").into()
        } else {
            unauthorized(reason.to_string()).into()
        }
    })
}
