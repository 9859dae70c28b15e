//! The HTTP side: which request is answered how (contract, HTTP routes).

mod answer;
mod bearer;
mod enroll;
mod json_body;
mod media;
mod policy;
mod provision;
mod upgrade;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, MatchedPath, Request};
use axum::handler::Handler;
use axum::routing::{MethodRouter, get, post};
use hyper::StatusCode;
use hyper::header::UPGRADE;
use tower_http::trace::{DefaultOnFailure, TraceLayer};
use tracing::{Level, Span};

use self::answer::{error, with_header, wrong_method};
use self::media::FilePrefix;
use crate::Limits;
use crate::access::accounts::GatewayAccounts;
use crate::media::MediaFiles;

pub(crate) use self::answer::HttpResponse;
pub(crate) use self::upgrade::{Upgrade, upgrade};

/// What the routes work with. Each of them takes what it needs.
pub(crate) struct RouteState {
    pub(crate) accounts: Arc<GatewayAccounts>,
    pub(crate) media: Arc<MediaFiles>,
    pub(crate) limits: Arc<Limits>,
}

/// It, and where files are.
#[derive(Clone)]
struct WithPaths {
    state: Arc<RouteState>,
    files: FilePrefix,
}

impl FromRef<WithPaths> for Arc<GatewayAccounts> {
    fn from_ref(with_paths: &WithPaths) -> Self {
        Arc::clone(&with_paths.state.accounts)
    }
}

impl FromRef<WithPaths> for Arc<MediaFiles> {
    fn from_ref(with_paths: &WithPaths) -> Self {
        Arc::clone(&with_paths.state.media)
    }
}

impl FromRef<WithPaths> for Arc<Limits> {
    fn from_ref(with_paths: &WithPaths) -> Self {
        Arc::clone(&with_paths.state.limits)
    }
}

impl FromRef<WithPaths> for FilePrefix {
    fn from_ref(with_paths: &WithPaths) -> Self {
        with_paths.files.clone()
    }
}

/// The contract's routes below a base path, and 404 for all else. Requests for an upgrade do not come here.
pub(crate) fn router(base_path: &str, state: RouteState) -> Router {
    let path = |route: &str| format!("{base_path}{route}");
    let state = WithPaths { files: FilePrefix(path("/relay/media/").into()), state: Arc::new(state) };
    let file = get_only(media::download);
    Router::new()
        // An operator's base path may hold what routes looked like in other versions.
        .without_v07_checks()
        .route(&path("/relay"), get_only(ask_for_upgrade))
        .route(&path("/relay/provision"), post_only(provision::provision))
        .route(&path("/relay/enroll"), post_only(enroll::enroll))
        .route(&path("/relay/policy"), post_only(policy::declare))
        .route(&path("/relay/media"), post_only(media::upload))
        // Without an id, and with one that no file can have, there is a file that does not exist.
        .route(&path("/relay/media/"), file.clone())
        .route(&path("/relay/media/{*id}"), file)
        .route_layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_failure(DefaultOnFailure::new().level(Level::WARN)),
        )
        .fallback(nothing_here)
        .with_state(state)
}

fn get_only<T: 'static>(handler: impl Handler<T, WithPaths>) -> MethodRouter<WithPaths> {
    get(handler).head(only_get).fallback(only_get)
}

fn post_only<T: 'static>(handler: impl Handler<T, WithPaths>) -> MethodRouter<WithPaths> {
    post(handler).fallback(only_post)
}

async fn only_get() -> HttpResponse {
    wrong_method("GET")
}

async fn only_post() -> HttpResponse {
    wrong_method("POST")
}

async fn ask_for_upgrade() -> HttpResponse {
    let message = "this is a WebSocket endpoint; connect a gateway to it";
    with_header(error(StatusCode::UPGRADE_REQUIRED, message), UPGRADE, "websocket")
}

async fn nothing_here() -> HttpResponse {
    error(StatusCode::NOT_FOUND, "there is nothing here; this connector serves /relay")
}

/// Names the route by its pattern, so that no id of a file is logged.
fn span(request: &Request) -> Span {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    tracing::debug_span!("request", route, method = %request.method())
}
