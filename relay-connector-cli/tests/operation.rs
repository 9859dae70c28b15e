//! The program and its data folder: what is remembered, and what the commands do to it.

mod rig;

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use bytes::Bytes;
use relay_auth::{Expiry, Secret, UnixSeconds};
use relay_connector::{
    BufferLimits, BufferStore as _, Instance, NewDelivery, RedeliveryPolicy, SqliteStore, Tenant,
};
use relay_wire::EnrollResponse;
use rig::{HELLO, Peer, http};
use serde_json::Value;

/// A connector that serves a folder with the lines front, ended when the test ends.
struct Serving {
    child: Child,
    address: SocketAddr,
    token: String,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    fn start(data: &Path) -> Self {
        let mut child = program()
            .args(["serve", "--listen", "127.0.0.1:0", "--front", "lines", "--platform", "sms", "--data"])
            .arg(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let first: Value =
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("it does not serve: {line}"));
        assert_eq!(first["data"].as_str(), data.to_str());
        let text = |name: &str| first[name].as_str().unwrap().to_owned();
        let (address, token) = (text("listening").parse().unwrap(), text("enrollment_token"));
        Self { child, address, token }
    }

    async fn enroll(&self, token: &str, gateway: &str) -> Secret {
        let body = format!("{{\"enrollmentToken\":\"{token}\",\"gatewayId\":\"{gateway}\"}}");
        let answer = http(self.address, "POST", "/relay/enroll", body).await;
        assert_eq!(answer.status(), 200, "{}", answer.body());
        Secret::new(serde_json::from_str::<EnrollResponse>(answer.body()).unwrap().secret)
    }

    async fn dial(&self, gateway: &str, secret: &Secret) -> Peer {
        let now = UnixSeconds::from_system(std::time::SystemTime::now());
        let token = relay_auth::mint(gateway, secret, Expiry::At(now.plus(300)));
        Peer::dial(self.address, "/relay", Some(&token)).await.unwrap()
    }

    async fn ready(&self, gateway: &str, secret: &Secret) -> Peer {
        let mut peer = self.dial(gateway, secret).await;
        peer.send(&HELLO.replace("local", "sms")).await;
        assert!(peer.line().await.contains("\"descriptor\""));
        peer
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay-connector"));
    command.env_remove("RUST_LOG").env_remove("RELAY_CONNECTOR_DATA");
    command
}

/// Runs a command on the folder: its exit code, what it wrote, and what it complained of.
fn run(data: &Path, args: &[&str]) -> (i32, String, String) {
    let output = program().args(args).arg("--data").arg(data).stdin(Stdio::null()).output().unwrap();
    let Output { status, stdout, stderr } = output;
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn json(data: &Path, args: &[&str]) -> Value {
    let (code, out, told) = run(data, &[args, &["--json"]].concat());
    assert_eq!(code, 0, "{told}");
    serde_json::from_str(&out).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_tokens_and_secrets_outlive_the_connector() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (secret, minted) = {
        let serving = Serving::start(&data);
        let secret = serving.enroll(&serving.token, "gw").await;
        serving.ready("gw", &secret).await;
        (secret, run(&data, &["token", "--tenant", "home"]).1)
    };
    let serving = Serving::start(&data);
    serving.ready("gw", &secret).await;
    serving.enroll(minted.trim(), "second").await;
    for entry in std::fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{:?} is its owner's alone", entry.file_name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_gateway_is_closed_while_the_connector_runs_and_stays_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serving = Serving::start(&data);
    let secret = serving.enroll(&serving.token, "gw").await;
    let mut peer = serving.ready("gw", &secret).await;

    let rotated = json(&data, &["rotate", "gw"]);
    let newest = Secret::new(rotated["secret"].as_str().unwrap());
    let list = json(&data, &["gateways"]);
    assert_eq!((list[0]["gateway_id"].as_str(), list[0]["secrets"].as_u64()), (Some("gw"), Some(2)));
    assert_eq!(list[0]["fronts"][0]["platform"], "sms");

    let (code, told, _) = run(&data, &["revoke", "gw"]);
    assert_eq!((code, told.as_str()), (0, "gw is revoked; a connection it had is closed\n"));
    assert_eq!(peer.closed().await, (4401, "unauthorized".to_owned()));
    for secret in [&secret, &newest] {
        assert_eq!(serving.dial("gw", secret).await.closed().await, (4401, "unauthorized".to_owned()));
    }
    drop(serving);
    let (code, told, _) = run(&data, &["revoke", "gw"]);
    assert_eq!((code, told.as_str()), (0, "gw had been revoked\n"));
    let (code, table, _) = run(&data, &["gateways"]);
    assert_eq!(code, 0);
    assert!(table.starts_with("GATEWAY  TENANT  INSTANCE  FRONTS  STATE    SINCE"), "{table}");
    assert!(table.contains("\ngw       home    gw        sms     revoked  20"), "{table}");
    let (code, _, told) = run(&data, &["rotate", "gw"]);
    assert_eq!(code, 1);
    assert!(told.contains("is revoked; mint a token"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_and_delivered_again_on_the_live_connection() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serving = Serving::start(&data);
    let secret = serving.enroll(&serving.token, "gw").await;
    let mut peer = serving.ready("gw", &secret).await;

    let store = SqliteStore::open_inline(data.join("connector.db")).unwrap();
    let instance = Instance::of_gateway(Tenant::default(), &"gw".parse().unwrap());
    let limits = BufferLimits::default();
    let mut numbers = Vec::new();
    for text in ["one", "two"] {
        let arrival = NewDelivery::new(
            vec![instance.clone()],
            "sms",
            Bytes::from(format!("{{\"type\":\"inbound\",\"event\":{{\"text\":\"{text}\"}}}}\n")),
            UnixSeconds(1_754_700_000),
        )
        .with_limits(limits);
        numbers.push(store.append(arrival).await.unwrap()[0].seq);
    }
    let verdict = RedeliveryPolicy::new(1, UnixSeconds(1_754_700_060), limits);
    store.nack(&instance, numbers.clone(), verdict).await.unwrap();

    let (code, table, _) = run(&data, &["dead-letters"]);
    assert_eq!(code, 0);
    assert!(table.starts_with("NUMBER  INSTANCE  PLATFORM  REASON   TRIES  ARRIVED"), "{table}");
    assert!(table.contains(
        "\n1       home/gw   sms       unacked  1      2025-08-09T00:40:00Z  2025-08-09T00:41:00Z"
    ));
    assert!(!table.contains("one"), "what was written is shown to whoever asks for it only");
    assert_eq!(json(&data, &["dead-letters"])[0]["frame"]["event"]["text"], "one");

    let (code, _, told) = run(&data, &["dead-letters", "--retry", "1,7"]);
    assert_eq!(code, 66);
    assert!(told.contains("no dead letter has the number 7; nothing was done"), "{told}");
    let (code, told, _) = run(&data, &["dead-letters", "--retry", "1"]);
    assert_eq!((code, told.as_str()), (0, "1 are delivered again\n"));
    let line = peer.line().await;
    assert!(line.contains("\"text\":\"one\"") && line.contains("-1\"}"), "{line}");
    assert_eq!(json(&data, &["dead-letters", "--drop", "all"])["dropped"], 1);
    let (code, out, told) = run(&data, &["dead-letters"]);
    assert_eq!((code, out.as_str(), told.as_str()), (0, "there are no dead letters\n", ""));
    let (code, out, told) = run(&data, &["set-aside"]);
    assert_eq!((code, out.as_str()), (0, "there are no dead letters\n"), "the older name still works");
    assert!(told.contains("`set-aside` is now called `dead-letters`"), "{told}");
}

#[test]
fn chats_are_given_to_tenants_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    drop(SqliteStore::open_inline(folder.path().join("connector.db")).unwrap());
    let data = folder.path();
    let (code, out, _) = run(data, &["bindings", "list"]);
    assert_eq!((code, out.as_str()), (0, "no chat is given to a tenant\n"));
    let (code, out, _) = run(data, &["bindings", "add", "telegram", "-100123", "work"]);
    assert_eq!((code, out.as_str()), (0, "-100123 on telegram belongs to work\n"));
    // Whoever had it before.
    assert_eq!(json(data, &["bindings", "add", "telegram", "-100123", "club"])["tenant"], "club");
    assert_eq!(run(data, &["bindings", "add", "discord", "guild-7", "work"]).0, 0);
    let (_, table, _) = run(data, &["bindings", "list"]);
    assert_eq!(
        table,
        "PLATFORM  CHAT     TENANT\n\
         discord   guild-7  work\n\
         telegram  -100123  club\n"
    );
    assert_eq!(json(data, &["bindings", "list"])[0]["chat"], "guild-7");
    let (code, out, _) = run(data, &["bindings", "remove", "telegram", "-100123"]);
    assert_eq!((code, out.as_str()), (0, "-100123 on telegram is given to no tenant any more\n"));
    let (code, _, told) = run(data, &["bindings", "remove", "telegram", "-100123"]);
    assert_eq!(code, 66);
    assert!(told.contains("is given to no tenant; `bindings list` shows those that are"), "{told}");
    let (code, _, told) = run(data, &["bindings", "add", "telegram", " ", "work"]);
    assert_eq!(code, 1);
    assert!(told.contains("the chat has no name"), "{told}");
    assert_eq!(run(data, &["bindings", "add", "telegram", "c1", ""]).0, 2);
}

#[test]
fn the_vault_key_may_be_kept_out_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("connector.db.vault-key");
    drop(SqliteStore::open_inline(folder.path().join("connector.db")).unwrap());
    std::fs::remove_file(&key_file).unwrap();
    let with_key = |key: &str| {
        let mut command = program();
        command.env("RELAY_CONNECTOR_VAULT_KEY", key).args(["gateways", "--data"]).arg(folder.path());
        command.stdin(Stdio::null()).output().unwrap()
    };
    assert!(with_key(&"0f".repeat(32)).status.success());
    assert!(!key_file.exists(), "a key that nobody needs would only be found");
    let told = String::from_utf8(with_key("secret").stderr).unwrap();
    assert!(
        told.contains("RELAY_CONNECTOR_VAULT_KEY cannot be used: a vault key is 64 hexadecimal digits"),
        "{told}"
    );
    assert!(with_key("").status.success());
    assert!(key_file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_is_served_by_one_connector() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _serving = Serving::start(&data);
    let (code, out, told) = run(&data, &["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!((code, out.as_str()), (75, ""));
    assert!(told.contains("another connector serves"), "{told}");
}

#[test]
fn what_is_not_there_or_not_ours_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["gateways"][..], &["token"], &["rotate", "gw"], &["revoke", "gw"], &["dead-letters"]] {
        let (code, out, told) = run(folder.path(), command);
        assert_eq!((code, out.as_str()), (66, ""), "{command:?}");
        assert!(told.contains("holds no connector's data; name the folder"), "{told}");
    }
    drop(SqliteStore::open_inline(folder.path().join("connector.db")).unwrap());
    for command in [["rotate", "gw"], ["revoke", "gw"]] {
        let (code, _, told) = run(folder.path(), &command);
        assert_eq!(code, 66, "{command:?}");
        assert!(told.contains("there is no gateway gw"), "{told}");
    }
    assert_eq!(run(folder.path(), &["gateways"]).1, "no gateway is enrolled or provisioned yet\n");

    std::fs::write(folder.path().join("connector.db"), "notes, and no database at all").unwrap();
    for command in [&["gateways"][..], &["serve", "--listen", "127.0.0.1:0"]] {
        let (code, out, told) = run(folder.path(), command);
        assert_eq!((code, out.as_str()), (74, ""), "{command:?}");
        assert!(told.contains("is no SQLite database"), "{told}");
    }
}
