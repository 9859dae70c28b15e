//! The program as its user meets it: typed commands, exit codes, and what is said.

mod backlog;
mod inbox;
#[path = "../rig/mod.rs"]
mod rig;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use self::rig::Serving;

/// The program in a home of its own, with nothing of this process's environment that concerns it.
fn gateway(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay-gateway"));
    command.arg("--home").arg(home).args(arguments).stdin(Stdio::null());
    for (name, _) in std::env::vars() {
        if name.starts_with("GATEWAY_RELAY_") || name.starts_with("HERMES_") || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}

fn output(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8");
    (status.code().expect("the program exits by itself"), text(stdout), text(stderr))
}

fn piped(command: &mut Command, input: &[u8]) -> (i32, String, String) {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    child.stdin.take().expect("piped").write_all(input).expect("the program reads");
    let Output { status, stdout, stderr } = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8");
    (status.code().expect("the program exits by itself"), text(stdout), text(stderr))
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn a_demo_over_pipes_prints_the_answers_and_exits_0() {
    let home = home();
    let (code, stdout, stderr) =
        piped(&mut gateway(home.path(), &["demo", "--agent", "echo"]), b"hello\n/stop\nhow are you\n");
    assert_eq!(
        (code, stdout.as_str(), stderr.as_str()),
        (
            0,
            "you: hello\nagent: hello\nyou: /stop\nagent: Nothing is running here.\nyou: how are you\nagent: how are you\n",
            ""
        )
    );
}

#[test]
fn a_demo_shows_its_frames_without_secrets() {
    let home = home();
    let (code, _, stderr) =
        piped(&mut gateway(home.path(), &["demo", "--frames"]), b"my {\"secret\":1} is out");
    assert_eq!(code, 0);
    let kinds = ["hello", "descriptor", "inbound", "outbound", "outbound_result"];
    let shown: Vec<_> = stderr.lines().collect();
    for kind in kinds {
        assert!(shown.iter().any(|line| line.contains(&format!(r#""type":"{kind}""#))), "{kind}: {stderr}");
    }
    assert!(shown[0].starts_with(r#"gateway -> connector  {"type":"hello""#), "{stderr}");
}

#[test]
fn a_message_that_is_not_answered_fails_the_demo_and_is_named() {
    let home = home();
    let mut input = vec![b'x'; 20 * 1024 * 1024];
    input.extend(b"\n\xFF\xFE\n\nfine\n");
    let (code, stdout, stderr) = piped(&mut gateway(home.path(), &["demo"]), &input);
    assert_eq!(code, 1);
    assert_eq!(stdout, "you: \u{FFFD}\u{FFFD}\nagent: \u{FFFD}\u{FFFD}\nyou: fine\nagent: fine\n");
    assert_eq!(
        stderr,
        "relay-gateway: 1 of 3 messages were not answered; message 1 is longer than 1048576 bytes\n"
    );

    let (code, stdout, stderr) = piped(
        &mut gateway(home.path(), &["demo", "--agent", "command:sh -c 'echo oops >&2; exit 4'"]),
        b"hi\n",
    );
    assert_eq!((code, stdout.as_str()), (1, "you: hi\nagent: The agent failed; please try again.\n"));
    assert!(stderr.contains("oops"), "the log has the program's stderr: {stderr}");
    assert!(stderr.contains("1 of 1 messages were not answered; message 1: the agent failed"), "{stderr}");
}

#[test]
fn without_a_connector_no_platform_is_enabled_and_the_names_that_enable_one_are_told() {
    let home = home();
    let (code, _, stderr) = output(&mut gateway(home.path(), &["run"]));
    assert_eq!(code, 78);
    assert!(stderr.starts_with("relay-gateway: no platform is enabled; "), "{stderr}");
    assert!(stderr.contains("GATEWAY_RELAY_URL") && stderr.contains("gateway.relay_url"), "{stderr}");

    fs::write(home.path().join("config.yaml"), "platforms:\n  relay:\n    enabled: false\n").expect("a home");
    let (code, _, stderr) =
        output(gateway(home.path(), &["run"]).env("GATEWAY_RELAY_URL", "http://127.0.0.1:1"));
    assert_eq!(code, 78);
    assert!(stderr.contains("config.yaml:3 (platforms.relay.enabled)"), "{stderr}");
}

#[test]
fn everything_wrong_with_the_configuration_is_told_at_once() {
    let home = home();
    fs::write(home.path().join("config.yaml"), "agent: sing\ngateway:\n  relay_id: {}\n").expect("a home");
    fs::write(home.path().join(".env"), "GATEWAY_RELAY_URL=gopher://x\n").expect("a home");
    let (code, _, stderr) = output(&mut gateway(home.path(), &["run"]));
    assert_eq!(code, 78);
    assert!(stderr.contains(".env:1 (GATEWAY_RELAY_URL): the connector URL must begin with"), "{stderr}");
    assert!(stderr.contains("config.yaml:3 (gateway.relay_id): the value must be text"), "{stderr}");

    fs::write(home.path().join("config.yaml"), "agent: sing\n").expect("a home");
    let (code, _, stderr) =
        output(gateway(home.path(), &["run"]).env("GATEWAY_RELAY_URL", "http://127.0.0.1:1"));
    assert_eq!(code, 78);
    assert!(stderr.contains("config.yaml:1 (agent): `sing` names no agent"), "{stderr}");
}

#[test]
fn every_setting_is_shown_with_its_place_and_no_secret() {
    let home = home();
    fs::write(home.path().join("config.yaml"), "gateway:\n  relay_id: gw\n").expect("a home");
    fs::write(home.path().join(".env"), "GATEWAY_RELAY_SECRET=hunter2\n").expect("a home");
    let (code, stdout, stderr) = output(&mut gateway(home.path(), &["config", "show"]));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let line = |name: &str| stdout.lines().find(|line| line.starts_with(name)).expect("listed").to_owned();
    assert!(line("GATEWAY_RELAY_ID ").contains("gw "), "{stdout}");
    assert!(line("GATEWAY_RELAY_ID ").ends_with("config.yaml:2 (gateway.relay_id)"), "{stdout}");
    assert!(line("GATEWAY_RELAY_SECRET ").contains("set (secret)"), "{stdout}");
    assert!(line("GATEWAY_RELAY_SECRET ").ends_with(".env:1 (GATEWAY_RELAY_SECRET)"), "{stdout}");
    assert!(line("GATEWAY_RELAY_URL ").ends_with(" default"), "{stdout}");
    assert!(!stdout.contains("hunter2"), "{stdout}");

    fs::write(home.path().join("config.yaml"), "gateway:\n  relay_id: {}\n").expect("a home");
    let (code, stdout, stderr) = output(&mut gateway(home.path(), &["config", "show", "--json"]));
    assert_eq!(code, 78, "what is wrong is shown beside what is right");
    assert!(stderr.contains("config.yaml:2 (gateway.relay_id): the value must be text"), "{stderr}");
    let shown: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    let settings = shown["settings"].as_array().expect("a list");
    let secret = settings.iter().find(|setting| setting["variable"] == "GATEWAY_RELAY_SECRET");
    let secret = secret.expect("listed");
    assert_eq!(
        (&secret["secret"], &secret["set"], &secret["value"]),
        (&true.into(), &true.into(), &().into())
    );
    assert_eq!(secret["origin"]["line"], 1);
    assert_eq!(shown["problems"].as_array().map(Vec::len), Some(1));
    assert!(!stdout.contains("hunter2"), "{stdout}");
}

#[test]
fn a_secret_does_not_travel_in_plaintext_to_another_machine() {
    let home = home();
    let (code, _, stderr) = output(
        gateway(home.path(), &["run"])
            .env("GATEWAY_RELAY_URL", "http://connector.invalid")
            .env("GATEWAY_RELAY_ID", "gw")
            .env("GATEWAY_RELAY_SECRET", "hunter2"),
    );
    assert_eq!(code, 78);
    assert!(stderr.contains("connector.invalid") && !stderr.contains("hunter2"), "{stderr}");
    let (code, _, stderr) = output(&mut gateway(
        home.path(),
        &["enroll", "--connector-url", "http://connector.invalid", "--token", "hunter2"],
    ));
    assert_eq!(code, 78);
    assert!(stderr.contains("connector.invalid") && !stderr.contains("hunter2"), "{stderr}");
}

/// Answers one HTTP request with this.
fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound port");
    std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a caller");
        let mut reader = BufReader::new(&stream);
        let mut length = 0;
        let mut line = String::new();
        while reader.read_line(&mut line).expect("a request") > 2 {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            line.clear();
        }
        reader.read_exact(&mut vec![0; length]).expect("a body");
        (&stream).write_all(answer.as_bytes()).expect("the caller reads");
    });
    format!("http://{address}")
}

#[test]
fn each_way_that_enrolling_fails_has_its_sentence_and_leaves_the_old_credentials() {
    let home = home();
    let before = "# mine\nGATEWAY_RELAY_SECRET=old\n";
    fs::write(home.path().join(".env"), before).expect("a home");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("a bound port");
    let html = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>";
    let blank = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"secret\":\"  \"}";
    let used =
        "HTTP/1.1 403 Forbidden\r\ncontent-length: 16\r\nconnection: close\r\n\r\n{\"error\":\"used\"}";
    let elsewhere =
        "HTTP/1.1 302 Found\r\nlocation: http://x.invalid/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    for (url, code, told) in [
        (format!("http://{closed}"), 69, "no connection"),
        (server(html), 76, "something else than the JSON expected"),
        (server(blank), 76, "without a secret"),
        (server(used), 77, "(used)"),
        (server(elsewhere), 78, "redirects to"),
    ] {
        let arguments = ["enroll", "--token", "hunter2", "--connector-url", &url];
        let (actual, _, stderr) = output(&mut gateway(home.path(), &arguments));
        assert_eq!(actual, code, "{stderr}");
        assert!(stderr.contains(told) && !stderr.contains("hunter2"), "{told}: {stderr}");
        assert_eq!(fs::read_to_string(home.path().join(".env")).expect("a home"), before);
    }
    for arguments in [vec!["enroll"], vec!["enroll", "--token", " ", "--connector-url", "127.0.0.1:1"]] {
        assert_eq!(output(&mut gateway(home.path(), &arguments)).0, 78);
    }
}

/// A gateway process that is ended with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn enrolled_by_hand_a_gateway_answers_and_ends_cleanly_on_a_signal() {
    for signal in [Signal::TERM, Signal::INT] {
        let serving = Serving::start().await;
        let (front, url, token) = (&serving.front, &serving.url, &serving.token);
        let home = home();
        let enroll = ["enroll", "--connector-url", url, "--token", "-", "--gateway-id", "gw-hand"];
        let (code, stdout, stderr) = piped(&mut gateway(home.path(), &enroll), token.expose().as_bytes());
        assert_eq!(code, 0, "{stderr}");
        assert!(stdout.starts_with("Enrolled as gw-hand of the tenant home.\n"), "{stdout}");
        assert!(
            stdout.ends_with(&format!("Next: relay-gateway --home {} run\n", home.path().display())),
            "{stdout}"
        );
        let dotenv = fs::read_to_string(home.path().join(".env")).expect("written");
        assert!(
            dotenv.starts_with(&format!("GATEWAY_RELAY_URL={url}\nGATEWAY_RELAY_ID=gw-hand\n")),
            "as it was given"
        );
        let secret =
            dotenv.lines().find_map(|line| line.strip_prefix("GATEWAY_RELAY_SECRET=")).expect("kept");
        assert!(!stdout.contains(secret) && !stderr.contains(secret), "the secret is written, not shown");

        let mut command = gateway(home.path(), &["run", "--agent", "command:tr a-z A-Z"]);
        let mut running = Running(command.stderr(Stdio::piped()).spawn().expect("the program starts"));
        front.connected().await;
        let mut updates = front.updates();
        front.say("c", "hello").await.unwrap();
        let answer = updates.recv().await.expect("the front lives");
        assert!(format!("{answer:?}").contains("HELLO"), "{answer:?}");

        let pid = Pid::from_child(&running.0);
        kill_process(pid, signal).expect("it runs");
        assert_eq!(running.0.wait().expect("it ends").code(), Some(0), "{signal:?}");
        let mut log = String::new();
        running.0.stderr.take().expect("piped").read_to_string(&mut log).expect("UTF-8");
        assert!(!log.contains(secret), "{log}");
        serving.end().await;
    }
}
