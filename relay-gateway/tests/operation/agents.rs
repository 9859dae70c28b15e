//! Several agents: what is told of them before a gateway runs and while it does.

use serde_json::Value;

use crate::program::Home;
use crate::servers::{Greeting, connector};

/// A home with an agent that answers and one that ends at once, given up after its first failure.
fn home() -> Home {
    let home = Home::enrolled(&format!("http://{}", connector(Greeting::Describes, 0)));
    home.write(
        "config.yaml",
        "relay:\n  agents:\n    parrot: echo\n    broken: {kind: acp, command: ['false'], limits: {failures: 1}}\n  routes:\n  - {type: dm, agent: \
         broken}\n",
        0o600,
    );
    home
}

#[test]
fn each_agent_is_shown_checked_and_diagnosed_under_its_name() {
    let home = home();
    let (code, shown, _) = home.run(&["config", "show"]);
    assert_eq!(code, 0, "{shown}");
    for row in ["relay.agents.broken.kind", "relay.routes[0].agent", "relay.default_agent"] {
        assert!(shown.contains(row), "{row}: {shown}");
    }

    let (code, stdout, stderr) = home.run(&["agent", "check", "parrot"]);
    assert_eq!(code, 0, "{stdout}{stderr}");
    assert!(stdout.contains("parrot (echo), from ") && !stdout.contains("broken"), "{stdout}");
    let (code, stdout, stderr) = home.run(&["agent", "check"]);
    assert_eq!(code, 69, "{stdout}{stderr}");
    assert!(stdout.contains("The agent answers.") && stderr.contains("before it answered `initialize`"));
    let (code, stdout, _) = home.run(&["agent", "check", "--json", "parrot"]);
    let json: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, json["agents"].as_array().map(Vec::len)), (0, Some(1)), "{json:#}");
    let (code, _, stderr) = home.run(&["agent", "check", "parot"]);
    assert_eq!(
        (code, stderr.as_str()),
        (78, "relay-gateway: there is no agent `parot`; did you mean `parrot`?\n")
    );

    let diagnosis = home.doctor(&[]);
    let told = diagnosis.json.to_string();
    assert!(told.contains("parrot: echo, which is part of the gateway"), "{told}");
    assert!(told.contains("broken: the agent failed"), "{told}");
}

#[test]
fn one_that_cannot_be_started_stops_no_other_and_status_and_readiness_name_it() {
    let home = home();
    let mut running = home.start("a", &["--metrics-listen", "127.0.0.1:0"], &[]);
    let address = crate::metrics::address(&running);
    running.told("STATUS=live");
    running.logged("an agent failed too often and is not started again");
    let page = |path: &str| crate::metrics::request(&address, "GET", path);
    let (ready, told) = page("/readyz");
    assert!(ready.contains("200"), "{ready} {told}");
    assert!(told.contains("agent broken cannot answer (unavailable): it ended with exit status 1"), "{told}");
    let (_, metrics) = page("/metrics");
    assert!(metrics.contains("relay_gateway_agent_available{agent=\"parrot\"} 1"), "{metrics}");
    assert!(metrics.contains("relay_gateway_agent_available{agent=\"broken\"} 0"), "{metrics}");
    let (code, status, _) = home.run(&["status"]);
    assert_eq!(code, 0, "{status}");
    assert!(status.contains("\nagent        parrot, echo, ready\n"), "{status}");
    assert!(status.contains("\nagent        broken, acp:false, unavailable for "), "{status}");
    let json: Value = serde_json::from_str(&home.run(&["status", "--json"]).1).expect("JSON");
    assert_eq!(json["gateways"][0]["agents"][1]["name"], "broken");
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_gateway_whose_only_agent_cannot_answer_is_not_ready() {
    let home = Home::enrolled(&format!("http://{}", connector(Greeting::Describes, 0)));
    home.write(
        "config.yaml",
        "relay: {agent: {kind: acp, command: ['false'], limits: {failures: 1}}}\n",
        0o600,
    );
    let mut running = home.start("a", &["--metrics-listen", "127.0.0.1:0"], &[]);
    let address = crate::metrics::address(&running);
    running.told("STATUS=live");
    running.logged("an agent failed too often and is not started again");
    let (ready, told) = crate::metrics::request(&address, "GET", "/readyz");
    assert!(ready.contains("503") && told.contains("agent acp cannot answer"), "{ready} {told}");
    assert_eq!(home.run(&["status"]).0, 69);
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn what_is_wrong_with_agents_ends_the_start_with_each_line_and_what_to_write() {
    let home = Home::enrolled("http://127.0.0.1:1");
    home.write(
        "config.yaml",
        "relay:\n  agents:\n    parrot: ecco\n  routes:\n  - {type: dm, agent: parot}\n",
        0o600,
    );
    for command in [["run"].as_slice(), &["config", "show"], &["agent", "check"]] {
        let (code, _, stderr) = home.run(command);
        assert_eq!(code, 78, "{stderr}");
        for told in [
            "config.yaml:3 (relay.agents.parrot): `ecco` names no agent; write `echo`",
            "config.yaml:5 (relay.routes[0].agent): `parot` is no agent of `agents`; did you mean `parrot`?",
        ] {
            assert!(stderr.contains(told), "{command:?}: {stderr}");
        }
    }
}
