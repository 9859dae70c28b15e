//! A container's start: a connector, an identity, and nothing else.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, mpsc};

use relay_auth::Secret;
use relay_connector::{Connector, Front, MemoryFront, MemoryStore, StaticTokens, Tenant};
use relay_wire::GatewayId;
use tokio_util::sync::CancellationToken;

use crate::program::Home;
use crate::{json, recording};

const IDENTITY: &str = "identity-of-home-0123456789abcdef";

/// A connector that knows one identity, and its address.
async fn connector(front: &Arc<MemoryFront>) -> (Arc<Connector>, String) {
    let tokens = StaticTokens::new([(Tenant::default(), Secret::new(IDENTITY))]).expect("a token");
    let connector = Connector::builder(MemoryStore::default())
        .front(Arc::clone(front) as Arc<dyn Front>)
        .identity(Arc::new(tokens))
        .build()
        .expect("the connector is complete");
    let connector = Arc::new(connector);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound port"));
    let serving = Arc::clone(&connector);
    tokio::spawn(async move { serving.serve(listener, CancellationToken::new().cancelled()).await });
    (connector, url)
}

/// A gateway process that is ended with its test, and its log as it comes.
struct Running {
    child: Child,
    log: mpsc::Receiver<String>,
    read: String,
}

impl Running {
    fn start(home: &Home, arguments: &[&str]) -> Self {
        let mut child = home.command(arguments).stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = child.stderr.take().expect("piped");
        let (sender, log) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                // The test may have seen enough.
                let _ = sender.send(line);
            }
        });
        Self { child, log, read: String::new() }
    }

    /// Waits for a line with this in it, unless it has come.
    fn says(&mut self, part: &str) {
        if self.read.contains(part) {
            return;
        }
        while let Ok(line) = self.log.recv() {
            self.read += &line;
            self.read.push('\n');
            if line.contains(part) {
                return;
            }
        }
        panic!("it never said `{part}`: {}", self.read);
    }

    fn ended(mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.read.extend(self.log.iter());
        std::mem::take(&mut self.read)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether some file below holds this.
fn is_kept(folder: &Path, text: &str) -> bool {
    fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return is_kept(&path, text);
        }
        // A socket cannot be read, and holds nothing.
        fs::read(&path).is_ok_and(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    })
}

async fn secret(connector: &Connector, id: &str) -> Secret {
    let record =
        connector.gateway(&GatewayId::new(id).unwrap()).await.expect("a store").expect("provisioned");
    record.verify.secrets().first().expect("a secret").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_url_and_an_identity_alone_a_gateway_comes_up_declares_its_policy_and_answers() {
    let front = Arc::new(MemoryFront::new());
    let (connector, url) = connector(&front).await;
    let mut home = Home::new();
    home.set("GATEWAY_RELAY_URL", &url);
    home.set("GATEWAY_RELAY_ACCESS_TOKEN", IDENTITY);
    home.set("GATEWAY_RELAY_PLATFORMS", "local");
    home.write("config.yaml", "local:\n  free_response_channels: [c]\n", 0o644);
    let mut running = Running::start(&home, &["run", "--agent", "command:tr a-z A-Z"]);
    front.connected().await;
    running.says("the policy is declared");
    running.says("the relay link is live");
    let (code, status, _) = home.run(&["status"]);
    let own = format!("gateway      gw-{}, ", rustix::system::uname().nodename().to_string_lossy());
    assert!(code == 0 && status.starts_with(&own), "{status}");
    let diagnosis = home.doctor(&[]);
    assert!(
        diagnosis.check("handshake").1.contains("is connected"),
        "not dialed beside it: {:#}",
        diagnosis.json
    );
    let mut updates = front.updates();
    front.say("c", "hello").await.expect("a store");
    let answer = updates.recv().await.expect("the front lives");
    assert!(format!("{answer:?}").contains("HELLO"), "{answer:?}");

    let name = format!("gw-{}", rustix::system::uname().nodename().to_string_lossy());
    let record = connector
        .gateway(&GatewayId::new(name.as_str()).unwrap())
        .await
        .expect("a store")
        .expect("provisioned");
    assert_eq!(record.identities[0].platform, "local");
    let policy = connector.store().policy(&record.instance, "local").await.expect("a store");
    assert!(format!("{policy:?}").contains("\"c\""), "{policy:?}");
    let secret = secret(&connector, &name).await;
    let log = running.ended();
    assert!(log.contains("the token of environment (GATEWAY_RELAY_ACCESS_TOKEN)"), "{log}");
    for text in [secret.expose(), IDENTITY] {
        assert!(!log.contains(text), "{log}");
        assert!(!is_kept(home.path(), text), "credentials are in memory alone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_refused_at_a_cold_start_heals_itself_once_it_is_provisioned() {
    let front = Arc::new(MemoryFront::new());
    let (connector, url) = connector(&front).await;
    let mut home = Home::new();
    home.set("GATEWAY_RELAY_URL", &url);
    home.set("GATEWAY_RELAY_ID", "gw-cold");
    home.set("GATEWAY_RELAY_ACCESS_TOKEN_FILE", home.file("token").display().to_string());
    let mut running = Running::start(&home, &["run"]);
    running.says("could not provision itself");
    running.says("4401");
    home.write("token", &format!("{IDENTITY}\n"), 0o600);
    front.connected().await;
    assert!(!secret(&connector, "gw-cold").await.is_empty());
    let log = running.ended();
    assert_eq!(log.matches("could not provision itself").count(), 1, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_diagnosis_has_the_identity_and_leaves_the_credentials_to_the_gateway_that_runs() {
    let (connector, url) = connector(&Arc::new(MemoryFront::new())).await;
    let mut home = Home::new();
    home.set("GATEWAY_RELAY_URL", &url);
    home.set("GATEWAY_RELAY_ID", "gw-asked");
    home.set("GATEWAY_RELAY_ACCESS_TOKEN", IDENTITY);
    home.set("GATEWAY_RELAY_PLATFORMS", "local");
    let diagnosis = tokio::task::spawn_blocking(move || home.doctor(&[])).await.expect("no panic");
    assert_eq!(diagnosis.code, 0, "{:#}", diagnosis.json);
    assert!(
        diagnosis.named("failed").is_empty() && diagnosis.named("warned").is_empty(),
        "{:#}",
        diagnosis.json
    );
    assert!(diagnosis.check("identity").1.contains("GATEWAY_RELAY_ACCESS_TOKEN"), "{:#}", diagnosis.json);
    assert_eq!(diagnosis.named("skipped"), ["authentication", "handshake"]);
    assert!(diagnosis.check("authentication").1.contains("`run` gets them"));
    assert!(connector.gateway(&GatewayId::new("gw-asked").unwrap()).await.expect("a store").is_none());
}

#[test]
fn a_pinned_secret_is_the_operators_word_and_nothing_is_provisioned() {
    let (url, requests) = recording(|_, _| json("503 Not Now", "{}"));
    let mut home = Home::enrolled(&url);
    home.set("GATEWAY_RELAY_ACCESS_TOKEN", IDENTITY);
    let mut running = Running::start(&home, &["run"]);
    running.says("no relay connection");
    running.ended();
    let requests = requests.lock().expect("no panic");
    assert!(requests.iter().all(|request| request.starts_with("GET /relay ")), "{requests:?}");
}

#[test]
fn half_an_identity_provider_is_a_fault_of_the_configuration_and_nobody_is_asked() {
    let (url, requests) = recording(|_, _| json("503 Not Now", "{}"));
    let mut home = Home::new();
    home.set("GATEWAY_RELAY_URL", &url);
    home.set("GATEWAY_RELAY_IDP_TOKEN_URL", format!("{url}/token"));
    home.set("GATEWAY_RELAY_IDP_CLIENT_ID", "gw");
    let (code, _, stderr) = home.run(&["run"]);
    assert_eq!(code, 78);
    assert!(stderr.contains("GATEWAY_RELAY_IDP_CLIENT_SECRET"), "{stderr}");
    assert!(requests.lock().expect("no panic").is_empty());
}
