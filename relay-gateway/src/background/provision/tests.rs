//! Self-provisioning against a connector that answers as it is told.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::Secret;
use relay_config::{ConfigFile, ConnectorUrl, DotEnv, Settings, Sources};
use relay_runtime::Clock;
use relay_transport::{ConnectorApi, Credentials};
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::fmt::MakeWriter;

use super::{Provisioning, requests};
use crate::identity::rig::{Endpoint, always, http};
use crate::identity::{IdentityError, IdentityTokens};

/// Tokens that count how often one was refused; none before the first `missing` calls are over.
#[derive(Default)]
struct Tokens {
    refused: AtomicUsize,
    asked: AtomicUsize,
    missing: usize,
}

impl IdentityTokens for Tokens {
    fn name(&self) -> String {
        "a test".to_owned()
    }

    fn token(&self) -> BoxFuture<'_, Result<Secret, IdentityError>> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let token = Secret::new(format!("hunter{}", self.refused.load(Ordering::Relaxed)));
        let missing = IdentityError::Blank { place: "the test".to_owned() };
        std::future::ready(if asked < self.missing { Err(missing) } else { Ok(token) }).boxed()
    }

    fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

fn settings(named: &[(&str, &str)]) -> Settings {
    let named = named.iter().map(|(name, value)| (format!("GATEWAY_RELAY_{name}"), (*value).to_owned()));
    let environment: BTreeMap<_, _> = named.collect();
    let (dotenv, config) =
        (DotEnv::parse(".env", "").0, ConfigFile::parse("config.yaml", "").expect("empty"));
    Settings::read(&Sources::new(environment, dotenv, config)).expect("good")
}

struct Rig {
    endpoint: Endpoint,
    tokens: Arc<Tokens>,
    credentials: watch::Receiver<Option<Credentials>>,
    provisioning: Provisioning,
}

impl Rig {
    fn new(
        named: &[(&str, &str)],
        tokens: Tokens,
        answer: impl Fn(usize, &str) -> (u16, String) + Send + 'static,
    ) -> Self {
        let endpoint = Endpoint::start(answer);
        let (sender, credentials) = watch::channel(None);
        let tokens = Arc::new(tokens);
        let provisioning = Provisioning {
            url: ConnectorUrl::parse(&endpoint.url).expect("a URL").provision(),
            requests: requests(&settings(named), "gw-1"),
            api: ConnectorApi::over(http()),
            tokens: Arc::clone(&tokens) as Arc<dyn IdentityTokens>,
            // No wait is needed to see what comes after it.
            clock: Clock::system(),
            random: always(0),
            credentials: sender,
        };
        Self { endpoint, tokens, credentials, provisioning }
    }

    /// Runs until every platform is up: the credentials, what was asked, and what was logged.
    async fn run(self) -> (String, Vec<String>, String) {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        self.provisioning.run(oneshot::channel().0, CancellationToken::new()).await;
        drop(guard);
        let log = String::from_utf8(log.0.lock().expect("no panic").clone()).expect("UTF-8");
        assert!(!log.contains("hunter") && !log.contains("secret-"), "{log}");
        let credentials = self.credentials.borrow().clone().expect("brought up");
        (
            format!("{}:{}", credentials.gateway_id(), credentials.secret().expose()),
            self.endpoint.requests(),
            log,
        )
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn secret(call: usize) -> (u16, String) {
    (
        200,
        format!(
            r#"{{"secret":"secret-{call}","deliveryKey":"secret-k","tenant":"t","gatewayId":"gw-1","routeKeys":[]}}"#
        ),
    )
}

fn bodies(requests: &[String]) -> Vec<&str> {
    requests.iter().map(|request| request.split_once("\r\n\r\n").expect("a body").1).collect()
}

fn warnings(log: &str) -> usize {
    log.lines().filter(|line| line.contains(" WARN ")).count()
}

#[tokio::test]
async fn every_platform_is_brought_up_once_and_what_is_unset_is_left_out() {
    let platforms = [("PLATFORMS", "discord,telegram"), ("BOT_IDS", r#"{"discord":{"botId":"b1"}}"#)];
    let rig = Rig::new(&platforms, Tokens::default(), |call, _| secret(call));
    let (credentials, requests, log) = rig.run().await;
    assert_eq!(credentials, "gw-1:secret-1", "the first secret counts");
    assert!(requests[0].starts_with("POST /relay/provision HTTP/1.1\r\n"), "{}", requests[0]);
    assert!(requests[0].contains("authorization: Bearer hunter0\r\n"), "{}", requests[0]);
    assert_eq!(
        bodies(&requests),
        [
            r#"{"gatewayId":"gw-1","platform":"discord","botId":"b1","gatewayEndpoint":"","routeKeys":[]}"#,
            r#"{"gatewayId":"gw-1","platform":"telegram","botId":"","gatewayEndpoint":"","routeKeys":[]}"#,
        ]
    );
    assert_eq!(warnings(&log), 0, "{log}");
    assert!(log.contains("a test"), "the provider is named: {log}");

    let set = [
        ("ENDPOINT", "https://me.example/"),
        ("ROUTE_KEYS", "g1, g2"),
        ("INSTANCE_ID", "i1"),
        ("WAKE_URL", "https://wake.example/x"),
    ];
    let (_, requests, _) = Rig::new(&set, Tokens::default(), |call, _| secret(call)).run().await;
    assert_eq!(
        bodies(&requests),
        [
            r#"{"gatewayId":"gw-1","platform":"relay","botId":"","gatewayEndpoint":"https://me.example","routeKeys":["g1","g2"],"instanceId":"i1","wakeUrl":"https://wake.example/x"}"#
        ]
    );
}

#[tokio::test]
async fn a_platform_that_fails_is_tried_again_alone_and_what_worked_is_kept() {
    let rig = Rig::new(&[("PLATFORMS", "discord,telegram")], Tokens::default(), |call, _| match call {
        1 | 3 => (500, r#"{"error":"down"}"#.to_owned()),
        _ => secret(call),
    });
    let (credentials, requests, log) = rig.run().await;
    assert_eq!(credentials, "gw-1:secret-2");
    let platforms: Vec<_> = bodies(&requests).iter().map(|body| body.contains("discord")).collect();
    assert_eq!(platforms, [true, false, true, true]);
    assert_eq!(warnings(&log), 1, "{log}");
    assert!(log.contains("the others work") && log.contains("(down)"), "{log}");
}

#[tokio::test]
async fn a_total_failure_is_told_once_and_tried_until_it_works() {
    let rig = Rig::new(&[("PLATFORMS", "discord,telegram")], Tokens::default(), |call, _| match call {
        1..=6 => (500, "{}".to_owned()),
        _ => secret(call),
    });
    let (credentials, requests, log) = rig.run().await;
    assert_eq!((credentials.as_str(), requests.len()), ("gw-1:secret-7", 8));
    assert_eq!(warnings(&log), 1, "{log}");
    assert!(log.contains("could not provision itself and runs without credentials"), "{log}");
}

#[tokio::test]
async fn an_identity_that_cannot_be_had_yet_is_asked_for_again() {
    let rig = Rig::new(&[], Tokens { missing: 3, ..Tokens::default() }, |call, _| secret(call));
    let (_, requests, log) = rig.run().await;
    assert_eq!(requests.len(), 1, "nothing is sent without a token");
    assert_eq!(warnings(&log), 1, "{log}");
    assert!(log.contains("the test holds no identity token"), "{log}");
}

#[tokio::test]
async fn a_refused_token_is_not_given_again() {
    let rig = Rig::new(&[], Tokens::default(), |call, request| {
        if call < 5 && request.contains("Bearer hunter0") {
            return (401, r#"{"error":"no such identity as hunter0"}"#.to_owned());
        }
        secret(call)
    });
    let tokens = Arc::clone(&rig.tokens);
    let (credentials, _, log) = rig.run().await;
    assert_eq!((credentials.as_str(), tokens.refused.load(Ordering::Relaxed)), ("gw-1:secret-2", 1));
    assert!(log.contains("did not accept the identity token"), "{log}");
}

#[tokio::test]
async fn a_secret_that_is_withheld_is_told_with_its_remedy_and_is_no_fault_where_one_is_there() {
    let withheld = || (200, r#"{"secretIssued":false,"gatewayId":"gw-1"}"#.to_owned());
    let rig = Rig::new(&[("PLATFORMS", "discord,telegram")], Tokens::default(), move |call, _| match call {
        2..=4 => withheld(),
        _ => secret(call),
    });
    let (_, requests, log) = rig.run().await;
    assert_eq!((requests.len(), warnings(&log)), (2, 0), "{log}");

    let rig =
        Rig::new(&[], Tokens::default(), move |call, _| if call < 3 { withheld() } else { secret(call) });
    let (_, requests, log) = rig.run().await;
    assert_eq!((requests.len(), warnings(&log)), (3, 1), "{log}");
    assert!(log.contains("does not tell its secret again") && log.contains("GATEWAY_RELAY_SECRET"), "{log}");
}

#[tokio::test]
async fn whoever_waits_goes_on_after_the_first_attempt_and_the_rest_ends_with_the_program() {
    let rig = Rig::new(&[], Tokens::default(), |_, _| (503, String::new()));
    let (first, attempted) = oneshot::channel();
    let shutdown = CancellationToken::new();
    let mut provisioning = rig.provisioning;
    provisioning.random = always(u64::MAX);
    let running = tokio::spawn(provisioning.run(first, shutdown.clone()));
    assert!(attempted.await.is_err(), "dropped, not sent");
    assert!(rig.credentials.borrow().is_none());
    shutdown.cancel();
    running.await.expect("it ends");
}
