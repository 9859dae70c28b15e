//! `GET /relay`: from a request to a WebSocket.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper::{Request, StatusCode};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use crate::access::accounts::GatewayAccounts;
use crate::access::authentication::Authenticated;
use crate::delivery::closing::Closing;
use crate::metrics::Metrics;
use crate::server::routes::answer::{HttpResponse, error, whole};

/// A socket that becomes a WebSocket once its answer is written.
pub(crate) struct Upgrade {
    pub(crate) on: OnUpgrade,
    /// Whose it is, or how it is closed: a rejected gateway reads its verdict as a close code.
    pub(crate) verdict: Result<Authenticated, Closing>,
}

/// Answers a request for an upgrade; `route` is its path below the base path. It stands before the router, which would
/// give an answer 101 a length.
pub(crate) async fn upgrade(
    mut request: Request<Incoming>,
    route: &str,
    accounts: &GatewayAccounts,
    metrics: &Metrics,
) -> (HttpResponse, Option<Upgrade>) {
    if route != "/relay" {
        return (error(StatusCode::BAD_REQUEST, "only /relay can be upgraded; dial that path"), None);
    }
    let response = match create_response_with_body(&request, Full::<Bytes>::default) {
        Ok(response) => response.map(|_| whole(Bytes::new())),
        Err(reason) => {
            return (error(StatusCode::BAD_REQUEST, format!("not a WebSocket handshake: {reason}")), None);
        }
    };
    let verdict = match accounts.authenticate(request.headers()).await {
        Ok(verdict) => verdict.map_err(|rejection| {
            metrics.rejected(rejection);
            Closing::from(rejection)
        }),
        Err(reason) => {
            tracing::error!(%reason, "a gateway could not be looked up");
            return (error(StatusCode::SERVICE_UNAVAILABLE, "the gateway cannot be looked up now"), None);
        }
    };
    if let Err(reason) = &verdict {
        tracing::info!(?reason, "a gateway is rejected");
    }
    (response, Some(Upgrade { on: hyper::upgrade::on(&mut request), verdict }))
}
