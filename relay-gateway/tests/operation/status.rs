//! How a running gateway says how it stands.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use rustix::process::Signal;
use serde_json::Value;

use crate::program::Home;
use crate::servers::{Greeting, closed_port, connector};

const LIVE: &str = "STATUS=live";

fn sockets(home: &Home) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.file("relay/run")).into_iter().flatten();
    entries.map(|entry| entry.expect("readable").path()).collect()
}

fn status(home: &Home) -> (i32, Value) {
    let (code, stdout, stderr) = home.run(&["status", "--json"]);
    let json: Value =
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{stderr}"));
    assert_eq!(json["exit_code"], code);
    (code, json)
}

#[test]
fn where_nothing_runs_a_sentence_says_so() {
    let home = Home::new();
    let (code, stdout, stderr) = home.run(&["status"]);
    assert_eq!((code, stdout.as_str()), (3, ""));
    let expected = format!(
        "relay-gateway: no gateway runs from {}; start one with `relay-gateway run`, or name another home with --home\n",
        home.path().display()
    );
    assert_eq!(stderr, expected);
    let (code, json) = status(&home);
    assert_eq!((code, json["gateways"].as_array().map(Vec::len)), (3, Some(0)));
}

#[test]
fn a_live_gateway_says_so_to_its_owner_alone_and_leaves_nothing_behind() {
    let home = Home::enrolled(&format!("http://{}", connector(Greeting::Describes, 0)));
    let mut running = home.start("a", &[], &[]);
    running.told(LIVE);

    let mode = |path: &PathBuf| path.metadata().expect("there").permissions().mode() & 0o777;
    let found = sockets(&home);
    assert_eq!((found.len(), mode(&found[0]), mode(&home.file("relay/run"))), (1, 0o600, 0o700));

    let (code, json) = status(&home);
    assert_eq!(code, 0, "{json:#}");
    let gateway = &json["gateways"][0];
    assert_eq!((&gateway["state"], &gateway["gateway_id"]), (&"live".into(), &"gw".into()));
    assert_eq!((&gateway["pid"], &gateway["agent"]), (&running.child.id().into(), &"echo".into()));
    assert_eq!(gateway["counts"]["connections_total"], 1);
    assert_eq!(gateway["last_error"], Value::Null);
    assert!(!json.to_string().contains("hunter2"));

    let (code, text, _) = home.run(&["status"]);
    assert_eq!(code, 0);
    assert!(
        text.starts_with(&format!("gateway      gw, process {}, version ", running.child.id())),
        "{text}"
    );
    assert!(
        text.contains("\nstate        live, for ") && text.contains("\nturns        0 running in 0 sessions")
    );

    assert_eq!(running.stop(), Some(0));
    assert!(sockets(&home).is_empty());
    assert_eq!(status(&home).0, 3);
}

#[test]
fn a_gateway_that_cannot_connect_says_since_when_and_why() {
    let port = closed_port();
    let home = Home::enrolled(&format!("http://{port}"));
    let mut running = home.start("a", &[], &[]);
    running.told("attempt 2");
    let (code, json) = status(&home);
    assert_eq!(code, 69);
    let gateway = &json["gateways"][0];
    assert_eq!(gateway["state"], "connecting");
    let error = gateway["last_error"]["message"].as_str().expect("a loss");
    assert!(error.contains(&format!("no connection to {port}").replace("http://", "")), "{error}");
    assert!(gateway["counts"]["lost_by_network_total"].as_u64() >= Some(1));
    let (code, text, _) = home.run(&["status"]);
    assert!(
        code == 69 && text.contains("\nlast error   ") && text.contains("ago: no connection to"),
        "{text}"
    );
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_socket_that_a_killed_gateway_left_is_not_taken_for_one_that_runs() {
    let home = Home::enrolled(&format!("http://{}", closed_port()));
    let mut running = home.start("a", &[], &[]);
    running.told("READY=1");
    running.signal(Signal::KILL);
    running.child.wait().expect("it ends");
    assert_eq!(sockets(&home).len(), 1, "nobody removed it");
    assert_eq!(status(&home).0, 3);
    assert!(sockets(&home).is_empty(), "removed by whoever met it");
}

#[test]
fn two_gateways_of_one_home_are_told_apart_and_worth_a_word() {
    let home = Home::enrolled(&format!("http://{}", connector(Greeting::Describes, 0)));
    let one = home.start("one", &["--inbox", "memory"], &[]);
    one.told(LIVE);
    let two = home.start("two", &["--inbox", "memory"], &[]);
    two.told(LIVE);
    let (code, json) = status(&home);
    assert_eq!(code, 0);
    let mut pids: Vec<_> =
        json["gateways"].as_array().expect("a list").iter().map(|gateway| gateway["pid"].as_u64()).collect();
    let mut expected = [&one, &two].map(|running| Some(u64::from(running.child.id())));
    pids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(pids, expected);
    let (_, text, _) = home.run(&["status"]);
    assert!(text.contains("2 gateways run from this home") && text.contains("Stop all but one"), "{text}");
}

#[test]
fn a_gateway_that_listens_and_makes_no_sense_is_named() {
    let home = Home::new();
    fs::create_dir_all(home.file("relay/run")).expect("a folder");
    let listener = UnixListener::bind(home.file("relay/run/1.sock")).expect("a socket");
    std::thread::spawn(move || while listener.accept().is_ok() {});
    let (code, text, _) = home.run(&["status"]);
    assert_eq!(code, 69);
    assert!(
        text.contains("relay/run/1.sock does not say how it stands") && text.contains("restart it"),
        "{text}"
    );
    assert!(status(&home).1["gateways"][0]["error"].as_str().is_some_and(|error| error.contains("version")));
}

#[test]
fn a_gateway_runs_where_no_status_socket_can_be() {
    let home = Home::enrolled(&format!("http://{}", connector(Greeting::Describes, 0)));
    fs::create_dir_all(home.file("relay")).expect("a folder");
    home.write("relay/run", "in the way", 0o600);
    let mut running = home.start("a", &[], &[]);
    assert!(running.logged("no status socket").contains("will not see this gateway"));
    running.told(LIVE);
    assert_eq!(running.stop(), Some(0));
}
