//! Under a supervisor: what it is told, and what its signals do.

use rustix::process::Signal;

use crate::program::Home;
use crate::servers::{Greeting, closed_port, connector};

#[test]
fn a_supervisor_hears_ready_then_how_the_link_stands_then_stopping() {
    let home = Home::enrolled(&format!("http://{}", connector(Greeting::Describes, 0)));
    let mut running = home.start("a", &[], &[]);
    let told = running.told("STATUS=live");
    assert!(told.contains("READY=1"), "{told}");
    assert!(!told.contains("WATCHDOG"), "nobody asked for it: {told}");
    assert_eq!(running.stop(), Some(0));
    let told = running.told("STATUS=stopping");
    assert!(told.contains("STOPPING=1"), "{told}");
}

#[test]
fn ready_does_not_wait_for_a_connector_that_is_down() {
    let home = Home::enrolled(&format!("http://{}", closed_port()));
    let mut running = home.start("a", &[], &[]);
    running.told("READY=1");
    running.told("STATUS=connecting (attempt 2)");
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn a_supervisor_that_watches_hears_of_life_again_and_again() {
    let home = Home::enrolled(&format!("http://{}", closed_port()));
    let running = home.start("a", &[], &[("WATCHDOG_USEC", "100000")]);
    for _ in 0..3 {
        running.told("WATCHDOG=1");
    }
    let other =
        home.start("b", &["--inbox", "memory"], &[("WATCHDOG_USEC", "100000"), ("WATCHDOG_PID", "1")]);
    let told = other.told("attempt 2");
    assert!(!told.contains("WATCHDOG=1"), "meant for another process: {told}");
}

#[test]
fn a_hangup_without_a_terminal_changes_nothing_and_says_what_to_do() {
    let home = Home::enrolled(&format!("http://{}", connector(Greeting::Describes, 0)));
    let mut running = home.start("a", &[], &[]);
    running.told("STATUS=live");
    running.signal(Signal::HUP);
    assert!(running.logged("SIGHUP").contains("restart to apply them"));
    assert_eq!(home.run(&["status"]).0, 0);
    assert_eq!(running.stop(), Some(0));
}

#[test]
fn the_log_can_be_one_json_object_a_line() {
    let home = Home::enrolled(&format!("http://{}", connector(Greeting::Describes, 0)));
    let running = home.start("a", &["--log-format", "json"], &[]);
    let line = running.logged("the relay link is live");
    let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!((&line["level"], &line["message"]), (&"INFO".into(), &"the relay link is live".into()));
    assert!(line["timestamp"].is_string() && line["target"].is_string(), "{line}");
}
