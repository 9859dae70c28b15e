//! Routes that are mounted beside the contract's: a front's webhooks, and what an operator adds.

mod rig;

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use relay_connector::axum::Router;
use relay_connector::axum::body::Bytes;
use relay_connector::axum::routing::{get, post};
use relay_connector::{
    ActionContext, BuildError, Connector, Front, FrontContext, FrontError, Limits, MemoryFront, MemoryStore,
    MountError,
};
use relay_wire::{Action, ActionResult};
use rig::Rig;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::filter::LevelFilter;

/// The local front, called by a webhook.
struct Webhook(MemoryFront);

impl Front for Webhook {
    fn platform(&self) -> &'static str {
        "sms"
    }

    fn run(
        &self,
        context: FrontContext,
        shutdown: CancellationToken,
    ) -> BoxFuture<'_, Result<(), FrontError>> {
        self.0.run(context, shutdown)
    }

    fn routes(&self) -> Option<Router> {
        let routes = Router::new()
            .route("/hook/{secret}", post(async |body: Bytes| format!("{} bytes", body.len())))
            .route("/never", get(std::future::pending::<&'static str>));
        Some(routes)
    }

    fn perform(&self, action: Action, context: ActionContext) -> BoxFuture<'_, ActionResult> {
        self.0.perform(action, context)
    }
}

async fn start(limits: Limits) -> Rig {
    let webhook = Arc::new(Webhook(MemoryFront::new()));
    let pages = Router::new().route("/", get(async || "hello")).route("/broken", get(async || "whole"));
    Rig::with(|builder| builder.front(webhook).mount("/pages/", pages).base_path("/base").limits(limits))
        .await
}

#[tokio::test]
async fn a_fronts_routes_and_an_operators_are_served_beside_the_contracts() {
    let rig = start(Limits::default()).await;
    let answer = rig.http("POST", "/base/front/sms/hook/s3cret", "12345").await;
    assert_eq!((answer.status().as_u16(), answer.body().as_str()), (200, "5 bytes"));
    assert_eq!(rig.http("GET", "/base/pages", "").await.body(), "hello");
    assert_eq!(rig.http("GET", "/base/relay", "").await.status(), 426);
    // What no router of its own has is answered as anywhere else.
    for path in
        ["/base/front/sms/other", "/base/front/local", "/front/sms/hook/s3cret", "/pages", "/base/relay/x"]
    {
        let answer = rig.http("GET", path, "").await;
        assert_eq!(answer.status(), 404, "{path}");
        assert!(answer.body().contains("this connector serves /relay"), "{}", answer.body());
    }
}

#[tokio::test]
async fn a_mounted_route_is_given_no_more_than_the_bound() {
    let rig = start(Limits::default().with_mounted_body(10)).await;
    for (length, status) in [(10, 200), (11, 413)] {
        let answer = rig.http("POST", "/base/front/sms/hook/s3cret", "x".repeat(length)).await;
        assert_eq!(answer.status(), status, "{length}");
    }
}

#[tokio::test]
async fn a_mounted_route_that_does_not_answer_is_given_up() {
    let rig = start(Limits::default().with_mounted(Duration::from_millis(20))).await;
    assert_eq!(rig.http("GET", "/base/front/sms/never", "").await.status(), 504);
}

#[tokio::test]
async fn a_mounted_route_may_upgrade_and_no_other_path_beside_the_contracts_may() {
    let rig = start(Limits::default()).await;
    let upgrade = "Host: x\r\nConnection: close\r\nUpgrade: other\r\n\r\n";
    let answer = rig::raw(rig.address, &format!("GET /base/pages/broken HTTP/1.1\r\n{upgrade}")).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("whole"), "{answer}");
    let answer = rig::raw(rig.address, &format!("GET /base/pagesx HTTP/1.1\r\n{upgrade}")).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_log_names_the_mount_and_the_status_and_nothing_that_could_be_a_secret() {
    let lines = Lines::default();
    let written = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || written.clone())
        .finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let rig = start(Limits::default()).await;
    for (method, path) in [
        ("POST", "/base/front/sms/hook/s3cret?token=s3cret"),
        ("GET", "/base/relay/media/s3cret?token=s3cret"),
    ] {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Signature: s3cret\r\n\
             Authorization: Bearer s3cret\r\nContent-Length: 6\r\n\r\ns3cret"
        );
        rig::raw(rig.address, &request).await;
    }
    drop(guard);
    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<_> = log.lines().filter(|line| !line.contains(" hyper::")).collect();
    for named in
        ["mount=\"/front/sms\" method=POST", "route=\"/base/relay/media/{*id}\" method=GET", "status=200"]
    {
        assert!(ours.iter().any(|line| line.contains(named)), "{named} is not in {ours:#?}");
    }
    assert!(!ours.iter().any(|line| line.contains("s3cret")), "{ours:#?}");
}

#[test]
fn what_cannot_be_mounted_is_told_before_anything_is_served() {
    let build = |path: &str| {
        Connector::builder(MemoryStore::default())
            .front(Arc::new(Webhook(MemoryFront::new())))
            .mount(path, Router::new())
            .build()
            .err()
    };
    let twice = MountError::Twice("/front/sms".to_owned());
    assert_eq!(build("/front/sms"), Some(BuildError::Mount(twice)));
    assert_eq!(build("/relay/x"), Some(BuildError::Mount(MountError::Reserved("/relay/x".to_owned()))));
    assert_eq!(build("pages"), Some(BuildError::Mount(MountError::Path("pages".to_owned()))));
    assert_eq!(build("/pages"), None);
}
