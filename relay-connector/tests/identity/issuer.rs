//! An issuer on a loopback port that answers as it is told to.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{AUTHORIZATION, LOCATION};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const KEYS: &str = "/keys";

/// What a path answers.
#[derive(Clone)]
pub(crate) enum Says {
    Body(String),
    Status(u16),
    Redirect(String),
    /// Takes the request and never answers.
    Nothing,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

#[derive(Default)]
struct State {
    says: HashMap<String, Says>,
    asked: Vec<Asked>,
}

pub(crate) struct Issuer {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    serving: JoinHandle<()>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Issuer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let serving = tokio::spawn(serve(listener, Arc::clone(&state)));
        Self { url, state, serving }
    }

    /// With a discovery document and these keys.
    pub(crate) async fn with_keys(keys: &[Value]) -> Self {
        let issuer = Self::start().await;
        issuer.publish(keys);
        let document = json!({"issuer": issuer.url, "jwks_uri": format!("{}{KEYS}", issuer.url)});
        issuer.says(DISCOVERY, Says::Body(document.to_string()));
        issuer
    }

    pub(crate) fn publish(&self, keys: &[Value]) {
        self.says(KEYS, Says::Body(json!({ "keys": keys }).to_string()));
    }

    pub(crate) fn says(&self, path: &str, says: Says) {
        self.state.lock().unwrap().says.insert(path.to_owned(), says);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.lock().unwrap().asked.clone()
    }

    /// How often a path was asked for.
    pub(crate) fn times(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(request, Arc::clone(&state)));
        tokio::spawn(async move {
            // A client may leave in the middle of an answer.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<Mutex<State>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let authorization =
        head.headers.get(AUTHORIZATION).map_or("", |value| value.to_str().unwrap()).to_owned();
    let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let path = head.uri.path().to_owned();
    let says = {
        let mut state = state.lock().unwrap();
        let says = state.says.get(&path).cloned().unwrap_or(Says::Status(404));
        state.asked.push(Asked { path, authorization, body });
        says
    };
    let answer = Response::builder();
    Ok(match says {
        Says::Body(body) => answer.body(Full::from(body)),
        Says::Status(status) => answer.status(status).body(Full::default()),
        Says::Redirect(to) => answer.status(302).header(LOCATION, to).body(Full::default()),
        Says::Nothing => std::future::pending().await,
    }
    .unwrap())
}
