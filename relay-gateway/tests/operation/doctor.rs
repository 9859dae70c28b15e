//! What doctor says when all is well, and how.

use std::process::Command;

use crate::program::Home;
use crate::servers::{Greeting, closed_port, connector};

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
