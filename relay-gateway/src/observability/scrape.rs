//! The listener for metrics and health checks: off by default, loopback only unless it is allowed.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tracing::debug;

use crate::observability::health::Health;
use crate::observability::metrics;

/// How many callers are served at once; further ones wait.
const CALLERS: usize = 8;

/// How long a caller may stay.
const STAY: Duration = Duration::from_secs(10);

/// Listens; `None` is an address that is not this machine's alone and was not allowed.
pub(crate) async fn bind(address: SocketAddr, allow_remote: bool) -> Option<io::Result<TcpListener>> {
    if !allow_remote && !address.ip().is_loopback() {
        return None;
    }
    Some(TcpListener::bind(address).await)
}

/// Serves until it is dropped.
pub(crate) async fn serve(listener: TcpListener, health: Health) {
    let places = Arc::new(Semaphore::new(CALLERS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let health = health.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| answered(&request, &health));
                    let connection = http1::Builder::new()
                        .timer(TokioTimer::new())
                        .header_read_timeout(STAY)
                        .max_buf_size(16 * 1024)
                        .keep_alive(false)
                        .serve_connection(TokioIo::new(stream), service);
                    if let Ok(Err(error)) = timeout(STAY, connection).await {
                        debug!(%error, "a caller for metrics left early");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                debug!(%error, "a caller for metrics could not be accepted; trying again");
                // Most often the process is out of file descriptors, and only time brings some back.
                sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn answered<B>(
    request: &Request<B>,
    health: &Health,
) -> impl Future<Output = Result<Response<Full<Bytes>>, Infallible>> + use<B> {
    std::future::ready(Ok(answer(request.method(), request.uri().path(), health)))
}

fn answer(method: &Method, path: &str, health: &Health) -> Response<Full<Bytes>> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered here\n");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return refused;
    }
    match path {
        "/metrics" => match metrics::scrape(health) {
            Ok(metrics) => {
                let mut response = text(StatusCode::OK, metrics);
                let kind = HeaderValue::from_static(metrics::CONTENT_TYPE);
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        },
        // That this is answered says all: the process runs and its runtime works.
        "/healthz" => text(StatusCode::OK, "ok\n"),
        "/readyz" => {
            let standing = health.status();
            let status = if standing.is_well() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
            let fronts =
                standing.fronts.iter().map(|front| format!("{}: {}\n", front.platform, front.detail));
            text(status, format!("{}\n{}", standing.detail, fronts.collect::<String>()))
        }
        _ => text(StatusCode::NOT_FOUND, "here are /metrics, /healthz and /readyz\n"),
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
