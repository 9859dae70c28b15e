//! The listener for metrics and health checks.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::program::Home;
use crate::running::Running;
use crate::servers::{Greeting, closed_port, connector};

const LISTEN: [&str; 2] = ["--metrics-listen", "127.0.0.1:0"];

/// Where the gateway serves, as its log says.
pub(crate) fn address(running: &Running) -> String {
    let line = running.logged("metrics and health checks are at");
    let rest = line.split_once("http://").expect("an address").1;
    rest.split_once('/').expect("a path").0.to_owned()
}

/// One request: the status line and the whole answer.
pub(crate) fn request(address: &str, method: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    write!(stream, "{method} {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("UTF-8");
    (answer.lines().next().unwrap_or_default().to_owned(), answer)
}

#[test]
fn a_live_gateway_is_healthy_and_ready_and_gives_every_number() {
    let home = Home::enrolled(&format!("http://{}", connector(Greeting::Describes, 0)));
    let running = home.start("a", &LISTEN, &[]);
    let address = address(&running);
    running.told("STATUS=live");
    assert_eq!(request(&address, "GET", "/healthz").0, "HTTP/1.1 200 OK");
    let (status, answer) = request(&address, "GET", "/readyz");
    assert!(status.ends_with("200 OK") && answer.ends_with("\r\n\r\nlive\n"), "{answer}");

    let (status, metrics) = request(&address, "GET", "/metrics");
    assert_eq!(status, "HTTP/1.1 200 OK");
    assert!(metrics.to_lowercase().contains("content-type: application/openmetrics-text"), "{metrics}");
    for line in [
        "# TYPE relay_gateway_live gauge",
        "relay_gateway_live 1",
        "# TYPE relay_gateway_connections counter",
        "relay_gateway_connections_total 1",
        "relay_gateway_running_turns 0",
        "# TYPE relay_gateway_disconnects counter",
        "relay_gateway_disconnects_total{initiator=\"connector\"} 0",
        "relay_gateway_turns_total{outcome=\"answered\"} 0",
        "# TYPE relay_gateway_turn_seconds histogram",
        "relay_gateway_turn_seconds_count 0",
        "relay_gateway_turns_answered_total 0",
        "# EOF",
    ] {
        assert!(metrics.lines().any(|actual| actual == line), "{line}: {metrics}");
    }
    assert!(request(&address, "GET", "/").0.ends_with("404 Not Found"));
    assert!(request(&address, "POST", "/metrics").0.ends_with("405 Method Not Allowed"));
}

#[test]
fn a_gateway_without_a_connection_is_healthy_and_not_ready() {
    let home = Home::enrolled(&format!("http://{}", closed_port()));
    let running = home.start("a", &LISTEN, &[]);
    let address = address(&running);
    running.told("attempt 2");
    assert_eq!(request(&address, "GET", "/healthz").0, "HTTP/1.1 200 OK");
    let (status, answer) = request(&address, "GET", "/readyz");
    assert!(status.contains("503") && answer.contains("connecting"), "{answer}");
    assert!(request(&address, "GET", "/metrics").1.contains("\nrelay_gateway_live 0\n"));
}

#[test]
fn an_address_that_others_can_reach_has_to_be_meant() {
    let home = Home::enrolled(&format!("http://{}", closed_port()));
    let (code, _, stderr) = home.run(&["run", "--metrics-listen", "0.0.0.0:0"]);
    assert_eq!(code, 78);
    assert!(
        stderr.contains("--metrics-listen: 0.0.0.0:0") && stderr.contains("--metrics-allow-remote"),
        "{stderr}"
    );
    let allowed = ["--metrics-listen", "0.0.0.0:0", "--metrics-allow-remote"];
    address(&home.start("a", &allowed, &[]));
}

#[test]
fn a_port_that_is_taken_is_told_before_anything_is_dialed() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().map(|address| (taken, address.to_string())).expect("a bound port");
    let home = Home::enrolled(&format!("http://{}", closed_port()));
    let (code, _, stderr) = home.run(&["run", "--metrics-listen", &taken.1]);
    assert_eq!(code, 78);
    assert!(stderr.contains("cannot be listened on") && stderr.contains("choose another port"), "{stderr}");
}
