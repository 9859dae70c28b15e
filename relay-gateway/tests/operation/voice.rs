//! How every command speaks when it fails: what happened and where, then what to do.

use crate::program::Home;
use crate::servers::closed_port;

/// That each line names the program, says what happened, and after a semicolon what to do.
fn speaks_well(home: &Home, arguments: &[&str]) -> String {
    let (code, _, stderr) = home.run(arguments);
    assert_ne!(code, 0, "{arguments:?} is meant to fail");
    assert!(!stderr.is_empty(), "{arguments:?} says nothing");
    for line in stderr.lines() {
        let told = line.strip_prefix("relay-gateway: ").unwrap_or_else(|| panic!("{arguments:?}: {line}"));
        let (what, remedy) = told.split_once("; ").unwrap_or_else(|| panic!("no remedy: {line}"));
        assert!(!what.is_empty() && !remedy.is_empty(), "{line}");
        assert!(!what.starts_with(char::is_uppercase) && !remedy.ends_with('.'), "{line}");
        assert!(!told.contains("hunter2"), "{line}");
    }
    stderr
}

#[test]
fn every_command_says_what_happened_where_and_what_to_do() {
    let port = closed_port();
    let url = format!("http://{port}");
    let home = Home::new();
    let busy = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let busy = busy.local_addr().map(|address| (busy, address.to_string())).expect("a bound port");
    speaks_well(&home, &["run"]);
    speaks_well(&home, &["status"]);
    speaks_well(&home, &["enroll"]);
    speaks_well(&home, &["enroll", "--connector-url", &url]);
    speaks_well(&home, &["enroll", "--connector-url", &url, "--token", "hunter2"]);
    speaks_well(&home, &["enroll", "--connector-url", "gopher://x", "--token", "hunter2"]);
    speaks_well(&home, &["enroll", "--connector-url", "http://c.invalid", "--token", "hunter2"]);

    home.dotenv(&format!("GATEWAY_RELAY_URL={url}\nGATEWAY_RELAY_ID=gw\nGATEWAY_RELAY_SECRET=hunter2\n"));
    speaks_well(&home, &["run", "--metrics-listen", "0.0.0.0:0"]);
    speaks_well(&home, &["run", "--metrics-listen", &busy.1]);
    home.write("file", "", 0o600);
    speaks_well(&home, &["run", "--inbox", &home.file("file/inbox.db").display().to_string()]);
    speaks_well(&home, &["man", "--dir", &home.file("file/man").display().to_string()]);
    home.write("config.yaml", "agent: sing\n", 0o600);
    speaks_well(&home, &["run"]);
    home.write("config.yaml", "platforms:\n  relay:\n    enabled: false\n", 0o600);
    speaks_well(&home, &["run"]);
}

#[test]
fn each_fault_of_a_configuration_has_a_line_of_its_own() {
    let home = Home::new();
    home.dotenv("GATEWAY_RELAY_URL=gopher://hunter2@x\n");
    home.write("config.yaml", "gateway:\n  relay_id: {}\n", 0o600);
    for arguments in [["run"].as_slice(), &["config", "show"], &["enroll"]] {
        let (code, _, stderr) = home.run(arguments);
        assert_eq!((code, stderr.lines().count()), (78, 2), "{stderr}");
        assert!(stderr.lines().all(|line| line.starts_with("relay-gateway: ")), "{stderr}");
        assert!(
            stderr.contains("/.env:1 (GATEWAY_RELAY_URL)")
                && stderr.contains("/config.yaml:2 (gateway.relay_id)")
        );
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_fault() {
    let home = Home::new();
    let program = env!("CARGO_BIN_EXE_relay-gateway");
    let script = format!("set -o pipefail; {program} completions bash | head -1");
    let output = std::process::Command::new("bash")
        .args(["-c", &script])
        .current_dir(home.path())
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}
