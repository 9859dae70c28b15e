//! How a connector does, over HTTP: `/metrics`, `/healthz` and `/readyz`, on a listener of their own.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Accept, Connector};

/// Callers that are served at once; further ones wait.
const CALLERS: usize = 8;

/// How long a caller may stay.
const STAY: Duration = Duration::from_secs(10);

/// What a scrape is answered with.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The three pages.
pub(crate) fn router(connector: Connector) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        // That this is answered says all: the process runs and its runtime works.
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .fallback(async || (StatusCode::NOT_FOUND, "here are /metrics, /healthz and /readyz\n"))
        .with_state(connector)
}

async fn metrics(State(connector): State<Connector>) -> Response {
    ([(CONTENT_TYPE, OPEN_METRICS)], connector.metrics().await).into_response()
}

async fn ready(State(connector): State<Connector>) -> Response {
    match connector.readiness().await {
        Ok(()) => "ready\n".into_response(),
        Err(unready) => (StatusCode::SERVICE_UNAVAILABLE, format!("{unready}\n")).into_response(),
    }
}

/// Serves them until `shutdown` completes; callers that are there then are cut off.
pub(crate) async fn serve(router: Router, mut listener: impl Accept, shutdown: impl Future<Output = ()>) {
    let end = CancellationToken::new();
    let _end_when_dropped = end.clone().drop_guard();
    let service = TowerToHyperService::new(router);
    let places = Arc::new(Semaphore::new(CALLERS));
    let accepting = async {
        loop {
            let place = Arc::clone(&places).acquire_owned().await;
            match listener.accept().await {
                Ok(stream) => {
                    let connection = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(STAY)
                        .max_buf_size(16 * 1024)
                        .keep_alive(false)
                        .serve_connection(TokioIo::new(stream), service.clone());
                    tokio::spawn(end.clone().run_until_cancelled_owned(async move {
                        if let Ok(Err(error)) = timeout(STAY, connection).await {
                            tracing::debug!(%error, "a caller of the metrics left early");
                        }
                        drop(place);
                    }));
                }
                Err(error) => {
                    tracing::debug!(%error, "a caller of the metrics cannot be accepted; trying again");
                    // Most often the process is out of file descriptors, and only time brings some back.
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    };
    tokio::select! {
        () = shutdown => {}
        () = accepting => {}
    }
}
