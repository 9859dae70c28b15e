//! `enroll`: what it shows, what it writes, and how each failure ends.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use crate::program::Home;
use crate::servers::{closed_port, silent, tls};
use crate::{json, recording};

const BEFORE: &str = "# mine\nGATEWAY_RELAY_SECRET=old\nOTHER=1\n";

/// A home that has been enrolled before.
fn before() -> Home {
    let home = Home::new();
    home.dotenv(BEFORE);
    home
}

fn dotenv(home: &Home) -> String {
    fs::read_to_string(home.file(".env")).expect("a file")
}

#[test]
fn each_failure_has_its_sentence_and_its_code_names_the_values_place_and_leaves_the_old_file() {
    let answers = |text: String| recording(move |_, _| text.clone()).0;
    let elsewhere =
        "HTTP/1.1 302 Found\r\nlocation: http://x.invalid/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (tls, _) = tls("other.example");
    for (url, code, told) in [
        (answers(json("400 Bad", r#"{"error":"no id"}"#)), 65, "(no id)"),
        (answers(json("401 No", r#"{"error":"who"}"#)), 67, "did not accept the identity token (who)"),
        (format!("https://{tls}"), 68, "TLS with"),
        (format!("http://{}", closed_port()), 69, "no connection"),
        (answers(json("500 Oops", "{}")), 69, "HTTP 500"),
        (answers(json("503 Later", "{}")), 69, "is busy"),
        (format!("http://{}", silent()), 75, "did not answer within 1s"),
        (answers(json("200 OK", "<html>hunter2")), 76, "something else than the JSON expected"),
        (answers(json("200 OK", r#"{"secret":"   "}"#)), 76, "without a secret"),
        (answers("ICY 200 OK\r\n\r\n".to_owned()), 76, "something else than HTTP"),
        (answers(json("403 No", r#"{"error":"used"}"#)), 77, "refused the enrollment token (used)"),
        (answers(elsewhere.to_owned()), 78, "redirects to"),
    ] {
        let home = before();
        let arguments = ["enroll", "--timeout", "1", "--token", "hunter2", "--connector-url", &url];
        let (actual, stdout, stderr) = home.run(&arguments);
        assert_eq!(actual, code, "{told}: {stderr}");
        assert!(
            stderr.contains(told) && !stderr.contains("hunter2") && stdout.is_empty(),
            "{told}: {stderr}"
        );
        let place = if matches!(code, 65 | 77) { "(from --token)" } else { "(from --connector-url)" };
        assert!(stderr.contains(place), "{stderr}");
        assert_eq!(dotenv(&home), BEFORE);
    }
}

#[test]
fn a_value_that_cannot_be_used_is_refused_with_its_place_before_anything_is_sent() {
    let (url, requests) = recording(|_, _| json("500 Oops", "{}"));
    let long = "h".repeat(100_000);
    for (option, value, told) in [
        ("--token", OsStr::new(""), "--token is empty"),
        ("--token", OsStr::new(" \n"), "--token is empty"),
        ("--token", OsStr::new(&long), "--token is longer than 65536 bytes"),
        ("--token", OsStr::from_bytes(b"hunter\xFF"), "--token is not UTF-8"),
        ("--gateway-id", OsStr::new("a\nb"), "--gateway-id holds a line break"),
        ("--gateway-id", OsStr::new(&long), "--gateway-id is longer than 256 bytes"),
        ("--gateway-id", OsStr::from_bytes(b"\xFF"), "--gateway-id is not UTF-8"),
        ("--connector-url", OsStr::new(" "), "--connector-url is empty"),
        ("--connector-url", OsStr::new("gopher://x"), "--connector-url: the connector URL must begin with"),
        ("--wake-url", OsStr::new("me"), "--wake-url is no address"),
    ] {
        let mut home = before();
        home.set("GATEWAY_RELAY_URL", &url);
        home.set("GATEWAY_RELAY_ENROLL_TOKEN", "t");
        let output = home.command(&["enroll", option]).arg(value).output().expect("the program starts");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(78), "{told}: {stderr}");
        let said = format!("relay-gateway: {told}");
        assert!(stderr.starts_with(&said) && !stderr.contains("hunter"), "{told}: {stderr}");
        assert_eq!(dotenv(&home), BEFORE);
    }
    for (bytes, told) in
        [(vec![b'h'; 1 << 20], "standard input is longer"), (vec![0xFF], "standard input is not UTF-8")]
    {
        let mut home = before();
        home.set("GATEWAY_RELAY_URL", &url);
        let mut command = home.command(&["enroll", "--token", "-"]);
        let mut child =
            command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        // It stops reading where there is too much.
        let _ = child.stdin.take().expect("piped").write_all(&bytes);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(78));
        assert!(String::from_utf8_lossy(&output.stderr).starts_with(&format!("relay-gateway: {told}")));
    }
    let mut command = before().command(&["enroll", "--token", "t"]);
    let output =
        command.env("GATEWAY_RELAY_URL", OsStr::from_bytes(b"http://\xFF")).output().expect("it starts");
    assert_eq!(output.status.code(), Some(78));
    let told = "environment (GATEWAY_RELAY_URL): the value is not UTF-8";
    assert!(String::from_utf8_lossy(&output.stderr).contains(told));
    let large = Home::new();
    large.dotenv(&format!("GATEWAY_RELAY_ENROLL_TOKEN={}\n", "h".repeat(1 << 20)));
    let (code, _, stderr) = large.run(&["enroll", "--connector-url", &url]);
    assert_eq!(code, 78);
    assert!(stderr.contains(".env: the file is larger than 1048576 bytes"), "{stderr}");
    assert!(requests.lock().expect("no panic").is_empty(), "nothing was sent");
}

#[test]
fn what_it_gets_is_written_and_shown_without_secrets_and_enrolling_again_replaces_it() {
    let (url, requests) = recording(|call, _| {
        json(
            "200 OK",
            &format!(
                r#"{{"secret":"hunter{call}","deliveryKey":"key{call}","tenant":"t","gatewayId":"gw"}}"#
            ),
        )
    });
    let mut home = before();
    home.set("GATEWAY_RELAY_ACCESS_TOKEN", "identity");
    let arguments = [
        "enroll",
        "--connector-url",
        &url,
        "--token",
        " t1 ",
        "--gateway-id",
        " gw ",
        "--wake-url",
        "https://w.example/x",
    ];
    for call in 1..3 {
        let (code, stdout, stderr) = home.run(&arguments);
        assert_eq!(code, 0, "{stderr}");
        assert!(
            stdout.contains("GATEWAY_RELAY_SECRET") && stdout.contains("GATEWAY_RELAY_WAKE_URL"),
            "{stdout}"
        );
        assert!(
            !stdout.contains("hunter") && !stdout.contains("key1") && !stderr.contains("hunter"),
            "{stdout}"
        );
        assert_eq!(
            dotenv(&home),
            format!(
                "# mine\nGATEWAY_RELAY_SECRET=hunter{call}\nOTHER=1\nGATEWAY_RELAY_URL={url}\n\
                 GATEWAY_RELAY_WAKE_URL=https://w.example/x\nGATEWAY_RELAY_ID=gw\nGATEWAY_RELAY_DELIVERY_KEY=key{call}\n"
            )
        );
        assert_eq!(fs::metadata(home.file(".env")).expect("a file").permissions().mode() & 0o777, 0o600);
    }
    let requests = requests.lock().expect("no panic");
    assert!(requests[0].contains("authorization: Bearer identity\r\n"), "{}", requests[0]);
    assert!(requests[0].ends_with(r#"{"enrollmentToken":"t1","gatewayId":"gw"}"#), "{}", requests[0]);
}

#[test]
fn a_variable_that_counts_before_the_file_is_told() {
    let (url, _) = recording(|_, _| json("200 OK", r#"{"secret":"new"}"#));
    let mut home = before();
    home.set("GATEWAY_RELAY_SECRET", "hunter2");
    let (code, stdout, _) = home.run(&["enroll", "--connector-url", &url, "--token", "t"]);
    assert_eq!(code, 0);
    assert!(stdout.contains("Beware: the environment sets GATEWAY_RELAY_SECRET too"), "{stdout}");
}

#[test]
fn a_managed_install_is_not_for_this_program_to_write_and_the_token_is_not_used_up() {
    let (url, requests) = recording(|_, _| json("200 OK", r#"{"secret":"new"}"#));
    let arguments = ["enroll", "--connector-url", &url, "--token", "t"];
    let mut by_variable = before();
    by_variable.set("HERMES_MANAGED", "nixos");
    let by_marker = before();
    by_marker.write(".managed", "", 0o644);
    let marker = by_marker.file(".managed").display().to_string();
    for (home, place) in [(by_variable, "environment (HERMES_MANAGED)".to_owned()), (by_marker, marker)] {
        let (code, _, stderr) = home.run(&arguments);
        assert_eq!(code, 78);
        assert!(stderr.contains(&place) && stderr.contains("the token is still good"), "{stderr}");
        assert!(stderr.contains("GATEWAY_RELAY_SECRET"), "who stamps what: {stderr}");
        assert_eq!(dotenv(&home), BEFORE);
    }
    assert!(requests.lock().expect("no panic").is_empty());
}
