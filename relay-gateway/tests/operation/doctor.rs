//! What doctor says when all is well, and how.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::program::Home;
use crate::servers::{Greeting, closed_port, connector, counting_connector};

#[test]
fn a_gateway_that_can_connect_passes_every_check() {
    let address = connector(Greeting::Describes, 0);
    let home = Home::enrolled(&format!("http://{address}"));
    let diagnosis = home.doctor(&[]);
    assert_eq!(diagnosis.code, 0, "{:#}", diagnosis.json);
    assert!(diagnosis.named("failed").is_empty() && diagnosis.named("warned").is_empty());
    assert!(diagnosis.named("skipped").is_empty(), "{:#}", diagnosis.json);
    assert_eq!(diagnosis.check("handshake").1, "described: discord -> ");
    assert_eq!(diagnosis.check("tls").1, "not encrypted, as the address asks -> ");
}

#[test]
fn the_table_has_a_line_for_each_setting_and_each_check_and_a_remedy_below_each_failure() {
    let port = closed_port();
    let home = Home::enrolled(&format!("http://{port}"));
    let (code, table, stderr) = home.run(&["doctor"]);
    assert_eq!((code, stderr.as_str()), (69, ""));
    let place = format!("from {}/.env:3 (GATEWAY_RELAY_SECRET)", home.path().display());
    let secret = table.lines().find(|line| line.starts_with("  GATEWAY_RELAY_SECRET")).expect("listed");
    assert!(secret.contains("set (secret)") && secret.ends_with(&place), "{table}");
    assert!(!table.contains("hunter2"), "{table}");
    let lines: Vec<_> = table.lines().collect();
    let failed = lines.iter().position(|line| line.starts_with("FAIL")).expect("a failure");
    assert!(lines[failed].contains(&format!("tcp             nothing listens at {port}")), "{table}");
    assert!(
        lines[failed + 1].trim_start().starts_with("-> start the connector, or correct the port in "),
        "{table}"
    );
    assert!(lines[failed + 2].starts_with("skip  tls             tcp failed"), "{table}");
    assert_eq!(lines.last(), Some(&"To mend: tcp (exit code 69)."));
}

#[test]
fn a_home_that_nobody_named_is_a_sentence_too() {
    let program = env!("CARGO_BIN_EXE_relay-gateway");
    let output = Command::new(program).arg("doctor").env_clear().output().expect("the program starts");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(stderr.contains("give --home, or set HERMES_HOME or HOME"), "{stderr}");
}

#[test]
fn a_connected_gateway_is_not_dialed_beside() {
    let dials = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&dials);
    let address = counting_connector(counted);
    let home = Home::enrolled(&format!("http://{address}"));
    let mut running = home.start("a", &[], &[]);
    running.told("STATUS=live");
    let diagnosis = home.doctor(&[]);
    assert_eq!(diagnosis.code, 0, "{:#}", diagnosis.json);
    let vouched = format!("the gateway that runs (process {}) is connected -> ", running.child.id());
    assert_eq!(diagnosis.check("authentication"), ("passed", vouched));
    assert!(diagnosis.check("inbox").1.contains("in use by the gateway that runs"));
    assert_eq!(dials.load(Ordering::SeqCst), 1, "the gateway's own");

    home.dotenv("GATEWAY_RELAY_URL=http://127.0.0.1:1\nGATEWAY_RELAY_ID=gw\nGATEWAY_RELAY_SECRET=hunter2\n");
    home.doctor(&[]).names("tcp", 69, &["nothing listens at 127.0.0.1:1"]);
    assert_eq!(running.stop(), Some(0));
    assert!(home.doctor(&[]).check("inbox").1.contains("is whole"));
}

#[test]
fn a_gateway_that_runs_in_vain_is_asked_for_its_reason() {
    let home = Home::enrolled(&format!("http://{}", closed_port()));
    let running = home.start("a", &[], &[]);
    running.told("attempt 2");
    let diagnosis = home.doctor(&[]);
    diagnosis.names("tcp", 69, &["nothing listens"]);
    let (verdict, told) = diagnosis.check("gateway");
    assert!(verdict == "warned" && told.contains("no connection to 127.0.0.1"), "{told}");
}
