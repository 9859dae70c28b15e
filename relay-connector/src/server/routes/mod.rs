//! The HTTP side: which request is answered how (contract, HTTP routes).

mod answer;
mod bearer;
mod enroll;
mod json_body;
mod media;
mod policy;
mod provision;

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::UPGRADE;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, StatusCode};
use tokio_tungstenite::tungstenite::handshake::server::create_response_with_body;

use self::answer::{error, whole, with_header, wrong_method};
use crate::Limits;
use crate::access::accounts::GatewayAccounts;
use crate::access::authentication::Authenticated;
use crate::delivery::closing::Closing;
use crate::media::Shelf;

pub(crate) use self::answer::HttpResponse;

/// What the routes work with. Each of them is lent what it needs.
pub(crate) struct Routes {
    pub(crate) base_path: String,
    pub(crate) accounts: Arc<GatewayAccounts>,
    pub(crate) media: Arc<Shelf>,
    pub(crate) limits: Arc<Limits>,
}

/// A socket that becomes a WebSocket once its answer is written.
pub(crate) struct Upgrade {
    pub(crate) on: OnUpgrade,
    /// Whose it is, or how it is closed: a rejected gateway reads its verdict as a close code.
    pub(crate) verdict: Result<Authenticated, Closing>,
}

/// Answers one request.
pub(crate) async fn answer(request: Request<Incoming>, routes: &Routes) -> (HttpResponse, Option<Upgrade>) {
    let Routes { base_path, accounts, media, limits } = routes;
    let route = request.uri().path().strip_prefix(base_path.as_str()).unwrap_or_default().to_owned();
    if request.headers().contains_key(UPGRADE) {
        return upgrade(request, &route, accounts).await;
    }
    let (route, id) = match route.strip_prefix("/relay/media/") {
        Some(id) => ("/relay/media/{id}", id),
        None => (route.as_str(), ""),
    };
    let answer = match (request.method(), route) {
        (&Method::GET, "/relay") => {
            let told = "this is a WebSocket endpoint; connect a gateway to it";
            Ok(with_header(error(StatusCode::UPGRADE_REQUIRED, told), UPGRADE, "websocket"))
        }
        (&Method::POST, "/relay/provision") => provision::answer(request, accounts, limits).await,
        (&Method::POST, "/relay/enroll") => enroll::answer(request, accounts, limits).await,
        (&Method::POST, "/relay/policy") => policy::answer(request, accounts, limits).await,
        (&Method::POST, "/relay/media") => media::upload(request, accounts, media, limits).await,
        (_, "/relay/provision" | "/relay/enroll" | "/relay/policy" | "/relay/media") => {
            Ok(wrong_method("POST"))
        }
        (&Method::GET, "/relay/media/{id}") => media::download(request, id, accounts, media).await,
        (_, "/relay" | "/relay/media/{id}") => Ok(wrong_method("GET")),
        _ => Ok(error(StatusCode::NOT_FOUND, "there is nothing here; this connector serves /relay")),
    };
    (answer.unwrap_or_else(|refused| *refused), None)
}

async fn upgrade(
    mut request: Request<Incoming>,
    route: &str,
    accounts: &GatewayAccounts,
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
        Ok(verdict) => verdict.map_err(Closing::from),
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
