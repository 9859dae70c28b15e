//! What the program does to the network, and what it says of networks that it cannot use.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Child, Command, Output, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::program::Home;
use crate::rig::Serving;

/// A process that is ended with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // Already ended is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn output(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the program speaks UTF-8");
    (status.code().expect("the program exits by itself"), text(stdout), text(stderr))
}

/// The sockets of a process that anybody could call: listening TCP, and any UDP.
fn inbound(pid: u32) -> Vec<String> {
    let folder = format!("/proc/{pid}");
    let open: Vec<String> = fs::read_dir(format!("{folder}/fd"))
        .expect("our own process")
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|to| Some(to.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut found = Vec::new();
    for (table, states) in [("tcp", &["0A"][..]), ("tcp6", &["0A"]), ("udp", &[]), ("udp6", &[])] {
        // A machine without IPv6 has no such table.
        let Ok(text) = fs::read_to_string(format!("{folder}/net/{table}")) else { continue };
        for line in text.lines().skip(1) {
            let columns: Vec<_> = line.split_whitespace().collect();
            let (address, state, inode) = (columns[1], columns[3], columns[9]);
            let counts = states.is_empty() || states.contains(&state);
            if counts && open.iter().any(|open| open == inode) {
                found.push(format!("{table} {address}"));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connected_gateway_can_be_called_by_nobody_and_logs_no_token_at_any_level() {
    let serving = Serving::start().await;
    let (front, url, token) = (&serving.front, &serving.url, &serving.token);
    let mut home = Home::new();
    home.set("RUST_LOG", "trace");
    let enroll = ["enroll", "--connector-url", url, "--token", token.expose(), "--gateway-id", "gw-trace"];
    let (code, _, stderr) = home.run(&enroll);
    assert_eq!(code, 0, "{stderr}");
    assert!(!stderr.contains(token.expose()), "{stderr}");

    let log = home.file("log");
    let mut command = home.command(&["run"]);
    command.stderr(Stdio::from(File::create(&log).expect("a home")));
    let running = Ended(command.spawn().expect("the program starts"));
    front.connected().await;
    assert_eq!(inbound(running.0.id()), Vec::<String>::new());
    // The connector in this process is what such a socket looks like.
    assert!(!inbound(std::process::id()).is_empty());

    let log = fs::read_to_string(log).expect("a log");
    // Nine bytes, so that the token begins with just these characters.
    let token = BASE64_URL_SAFE_NO_PAD.encode("gw-trace:");
    assert!(!log.contains(&token), "{log}");
    let bridged = log.lines().find(|line| line.contains("tungstenite") || line.contains("mio::"));
    assert_eq!(bridged, None, "the log crate is not bridged");
    serving.end().await;
}

#[test]
fn a_variable_that_cannot_be_meant_is_named() {
    let home = Home::new();
    for name in ["GATEWAY_RELAY_ID", "HTTPS_PROXY", "GATEWAY_RELAY_LATER"] {
        let mut command = home.command(&["run"]);
        let (code, _, stderr) = output(command.env(name, OsStr::from_bytes(b"caf\xE9")));
        assert_eq!(code, 78, "{stderr}");
        assert!(stderr.contains(&format!("environment ({name}): the value is not UTF-8")), "{stderr}");
    }
    // One that is none of ours is none of our concern.
    let mut command = home.command(&["run"]);
    let (_, _, stderr) = output(command.env("SOMEBODY_ELSES", OsStr::from_bytes(b"caf\xE9")));
    assert!(stderr.starts_with("relay-gateway: no platform is enabled; "), "{stderr}");

    let long = "x".repeat(100_000);
    let (code, _, stderr) = output(home.command(&["run"]).env("GATEWAY_RELAY_ID", &long));
    assert_eq!(code, 78);
    assert!(stderr.contains("environment (GATEWAY_RELAY_ID): the value has 100000 bytes"), "{stderr}");
    assert!(stderr.len() < 1_000, "{} bytes", stderr.len());
    home.dotenv(&format!("GATEWAY_RELAY_ID={}\n", "x".repeat(1_000_000)));
    let (code, _, stderr) = output(&mut home.command(&["run"]));
    assert_eq!(code, 78, "{stderr}");
    assert!(stderr.contains(".env") && stderr.len() < 1_000, "{} bytes", stderr.len());
}

#[test]
fn a_network_that_cannot_be_used_is_told_with_the_place_that_names_it() {
    let home = Home::new();
    let empty = home.file("empty.pem");
    fs::write(&empty, "").expect("a home");
    let missing = home.file("missing.pem");
    for (name, value, told) in [
        ("GATEWAY_RELAY_CA_FILE", empty.display().to_string(), "is empty"),
        ("GATEWAY_RELAY_CA_FILE", missing.display().to_string(), "cannot be read"),
        ("SSL_CERT_FILE", missing.display().to_string(), "cannot be read"),
        ("https_proxy", "socks5://me:hunter2@p.example".to_owned(), "only http:// and https://"),
        ("ALL_PROXY", "socks5://me:hunter2@p.example".to_owned(), "only http:// and https://"),
    ] {
        for command in [&["run"][..], &["enroll", "--token", "hunter2"], &["doctor"]] {
            let mut command = home.command(command);
            command.env("GATEWAY_RELAY_URL", "https://connector.invalid").env(name, &value);
            let (code, stdout, stderr) = output(&mut command);
            let said = stdout + &stderr;
            assert_eq!(code, 78, "{said}");
            assert!(said.contains(&format!("environment ({name}): ")) && said.contains(told), "{said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
    // Where no proxy is needed, one that cannot be used hurts nobody.
    let mut command = home.command(&["config", "show"]);
    command.env("GATEWAY_RELAY_URL", "http://127.0.0.1:1").env("ALL_PROXY", "socks5://me:hunter2@p.example");
    let (code, stdout, stderr) = output(&mut command);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("socks5://…@p.example") && !stdout.contains("hunter2"), "{stdout}");
}
