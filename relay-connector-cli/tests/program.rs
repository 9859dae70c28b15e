//! The program itself: what it prints, how it refuses, and how it ends.

mod rig;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Output, Stdio};

use relay_auth::{Expiry, Secret, UnixSeconds};
use relay_wire::EnrollResponse;
use rig::{HELLO, Peer, http};

/// The program, ended when the test ends before it does.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already where the test succeeded.
        let _ = self.0.kill();
    }
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_relay-connector"));
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env_remove("RUST_LOG");
    command
}

fn refusal(args: &[&str]) -> String {
    let Output { status, stdout, stderr } = program(args).output().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(stdout.is_empty(), "nothing is printed that could be mistaken for an invitation");
    String::from_utf8(stderr).unwrap()
}

#[test]
fn a_port_in_use_is_one_clear_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_eq!(
        refusal(&["--listen", &address]),
        format!(
            "relay-connector: another program listens on {address}; stop it, or choose another port with \
             --listen\n"
        )
    );
}

#[test]
fn plaintext_stays_on_this_machine_unless_it_is_allowed() {
    let told = refusal(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(told.contains("proxy that ends TLS"), "{told}");
    assert!(told.contains("--allow-plaintext"), "{told}");
}

#[test]
fn a_tenant_without_a_name_is_refused() {
    let output = program(&["--tenant", " "]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("blank"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_from_a_pipe_reach_the_gateway_and_its_answers_are_printed_until_a_signal() {
    let mut program = Program(program(&["--listen", "127.0.0.1:0", "--frames"]).spawn().unwrap());
    program.0.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines().map(Result::unwrap);

    let command = lines.find(|line| line.contains("relay-gateway enroll")).unwrap();
    let words: Vec<&str> = command.split_whitespace().collect();
    let ["relay-gateway", "enroll", "--connector-url", url, "--token", token] = words[..] else {
        panic!("{command}")
    };
    let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();

    let body = format!("{{\"enrollmentToken\":\"{token}\",\"gatewayId\":\"gw\"}}");
    let answer = http(address, "POST", "/relay/enroll", body).await;
    let secret = serde_json::from_str::<EnrollResponse>(answer.body()).unwrap().secret;
    let now = UnixSeconds::from_system(std::time::SystemTime::now());
    let upgrade = relay_auth::mint("gw", &Secret::new(secret), Expiry::At(now.plus(300)));
    let mut peer = Peer::dial(address, "/relay", Some(&upgrade)).await.unwrap();
    peer.send(HELLO).await;
    let descriptor = peer.line().await;
    assert!(
        descriptor.starts_with("{\"type\":\"descriptor\"") && descriptor.contains("\"label\":\"Terminal\"")
    );
    // The input ended long before: what it held is said once somebody hears it.
    assert!(peer.line().await.contains("\"text\":\"hello\""));
    assert_eq!(lines.find(|line| line.starts_with("you: ")).unwrap(), "you: hello");

    peer.send(
        "{\"type\":\"outbound\",\"requestId\":\"r1\",\"apiToken\":\"hunter2\",\"action\":{\"op\":\"send\",\
         \"chat_id\":\"terminal\",\"content\":\"hi\\nthere\",\"metadata\":{}}}\n",
    )
    .await;
    assert!(peer.line().await.contains("\"success\":true"));
    assert_eq!(lines.next().unwrap(), "agent: hi");
    assert_eq!(lines.next().unwrap(), "       there");

    let pid = program.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(peer.closed().await, (1001, "going away".to_owned()));
    drop(peer);
    assert_eq!(program.0.wait().unwrap().code(), Some(0));
    let mut frames = String::new();
    program.0.stderr.take().unwrap().read_to_string(&mut frames).unwrap();
    assert!(frames.contains("gateway -> {\"type\":\"hello\""), "{frames}");
    assert!(frames.contains("\"apiToken\":\"[redacted]\"") && !frames.contains("hunter2"), "{frames}");
}

#[test]
fn platforms_are_played_by_lines_only_and_a_descriptor_names_one() {
    assert!(refusal(&["--listen", "127.0.0.1:0", "--platform", "sms"]).contains("add --front lines"));
    let play =
        |file: &str| refusal(&["serve", "--listen", "127.0.0.1:0", "--front", "lines", "--descriptor", file]);
    assert!(play("/nonexistent/sms.json").contains("/nonexistent/sms.json cannot be read"));
    let folder = tempfile::tempdir().unwrap();
    let nameless = folder.path().join("nameless.json");
    std::fs::write(&nameless, "{\"label\":\"SMS\"}").unwrap();
    assert!(play(nameless.to_str().unwrap()).contains("it names no platform"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_lines_for_a_front_stdin_and_stdout_are_for_programs() {
    let folder = tempfile::tempdir().unwrap();
    let descriptor = folder.path().join("sms.json");
    std::fs::write(&descriptor, "{\"platform\":\"sms\",\"max_message_length\":160}").unwrap();
    let descriptor = descriptor.to_str().unwrap();
    let args = ["serve", "--listen", "127.0.0.1:0", "--front", "lines", "--descriptor", descriptor];
    let mut program = Program(program(&args).spawn().unwrap());
    let mut lines = BufReader::new(program.0.stdout.take().unwrap())
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    let invitation = lines.next().unwrap();
    let address: SocketAddr = invitation["listening"].as_str().unwrap().parse().unwrap();
    assert_eq!(invitation["url"], format!("http://{address}"));
    let token = invitation["enrollment_token"].as_str().unwrap();

    let body = format!("{{\"enrollmentToken\":\"{token}\",\"gatewayId\":\"gw\"}}");
    let answer = http(address, "POST", "/relay/enroll", body).await;
    let secret = serde_json::from_str::<EnrollResponse>(answer.body()).unwrap().secret;
    let now = UnixSeconds::from_system(std::time::SystemTime::now());
    let upgrade = relay_auth::mint("gw", &Secret::new(secret), Expiry::At(now.plus(300)));
    let mut peer = Peer::dial(address, "/relay", Some(&upgrade)).await.unwrap();
    peer.send("{\"type\":\"hello\",\"platform\":\"sms\",\"botId\":\"\"}\n").await;
    assert!(peer.line().await.contains("\"max_message_length\":160"));

    let event = b"{\"id\":\"m1\",\"event\":{\"text\":\"hi\",\"source\":{\"chat_id\":\"c\"}}}\n";
    program.0.stdin.as_mut().unwrap().write_all(event).unwrap();
    assert!(peer.line().await.contains("\"message_id\":\"m1\""));
    assert_eq!(lines.next().unwrap(), serde_json::json!({"taken": "m1"}));
    let action = "{\"op\":\"send\",\"chat_id\":\"c\",\"content\":\"hello\"}";
    peer.send(&format!("{{\"type\":\"outbound\",\"requestId\":\"r\",\"action\":{action}}}\n")).await;
    let line = lines.next().unwrap();
    assert_eq!((&line["action"]["content"], &line["platform"]), (&"hello".into(), &"sms".into()));
    assert!(peer.line().await.contains(line["message_id"].as_str().unwrap()));

    let pid = program.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    peer.closed().await;
    drop(peer);
    assert_eq!(program.0.wait().unwrap().code(), Some(0), "an open stdin does not hold the program");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_folder_what_was_taken_outlives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("a/b");
    let args = ["serve", "--listen", "127.0.0.1:0", "--front", "lines", "--data", data.to_str().unwrap()];
    let start = || {
        let mut program = Program(program(&args).spawn().unwrap());
        let mut lines = BufReader::new(program.0.stdout.take().unwrap())
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
        let invitation = lines.next().unwrap();
        let address: SocketAddr = invitation["listening"].as_str().unwrap().parse().unwrap();
        (program, lines, address, invitation["enrollment_token"].as_str().unwrap().to_owned())
    };
    let (mut program, mut lines, address, token) = start();
    let body = format!("{{\"enrollmentToken\":\"{token}\",\"gatewayId\":\"gw\"}}");
    let answer = http(address, "POST", "/relay/enroll", body).await;
    let secret = Secret::new(serde_json::from_str::<EnrollResponse>(answer.body()).unwrap().secret);
    let hello = "{\"type\":\"hello\",\"platform\":\"lines\",\"botId\":\"\"}\n";
    let dial = async |address| {
        let now = UnixSeconds::from_system(std::time::SystemTime::now());
        let upgrade = relay_auth::mint("gw", &secret, Expiry::At(now.plus(300)));
        let mut peer = Peer::dial(address, "/relay", Some(&upgrade)).await.unwrap();
        peer.send(hello).await;
        assert!(peer.line().await.contains("\"type\":\"descriptor\""));
        peer
    };
    drop(dial(address).await);
    let event = b"{\"id\":\"m1\",\"event\":{\"text\":\"hi\",\"source\":{\"chat_id\":\"c\"}}}\n";
    program.0.stdin.as_mut().unwrap().write_all(event).unwrap();
    assert_eq!(lines.next().unwrap(), serde_json::json!({"taken": "m1"}));
    program.0.kill().unwrap();
    program.0.wait().unwrap();

    let (_program, _lines, address, _) = start();
    assert!(dial(address).await.line().await.contains("\"message_id\":\"m1\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_have_a_listener_of_their_own_that_is_this_machines_unless_it_is_allowed() {
    let told = refusal(&["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "0.0.0.0:0"]);
    assert!(told.contains("--metrics-allow-remote"), "{told}");
    let args = ["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0", "--front", "lines"];
    let mut program = Program(program(&args).spawn().unwrap());
    let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines();
    let invitation: serde_json::Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
    let metrics = invitation["metrics"].as_str().unwrap();
    let address: SocketAddr = metrics
        .strip_prefix("http://")
        .and_then(|rest| rest.strip_suffix("/metrics"))
        .unwrap()
        .parse()
        .unwrap();
    assert!(http(address, "GET", "/metrics", "").await.body().contains("relay_connector_connections 0\n"));
    assert_eq!(http(address, "GET", "/readyz", "").await.status(), 200);
    let gateways: SocketAddr = invitation["listening"].as_str().unwrap().parse().unwrap();
    assert_eq!(http(gateways, "GET", "/metrics", "").await.status(), 404);
    let pid = program.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(program.0.wait().unwrap().code(), Some(0));
}
