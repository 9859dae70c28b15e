//! The identity as several programs share it.

use std::collections::HashSet;
use std::fs::{File, TryLockError};
use std::process::Stdio;
use std::sync::Mutex;

use crate::program::Home;
use crate::servers::closed_port;
use crate::{json, recording};

const EXPIRED: &str = r#"{"version":1,"providers":{"nous":{"access_token":"a0","refresh_token":"r0","expires_at":"2020-01-01T00:00:00Z"}}}"#;

#[test]
fn of_several_programs_that_refresh_one_login_at_once_each_refresh_token_is_spent_once() {
    let mut home = Home::new();
    home.write("auth.json", EXPIRED, 0o600);
    let lock = home.file("auth.lock");
    let spent = Mutex::new(HashSet::new());
    let (portal, requests) = recording(move |_, request| {
        // However they are timed, whoever asks must keep the others out.
        let held =
            File::open(&lock).is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
        if !held {
            return json("500 Not Locked", "{}");
        }
        let token =
            request.lines().find_map(|line| line.strip_prefix("x-nous-refresh-token: ")).expect("a token");
        if !spent.lock().expect("no panic").insert(token.to_owned()) {
            return json("400 Bad Request", r#"{"error":"refresh_token_reused"}"#);
        }
        json("200 OK", r#"{"access_token":"a1","refresh_token":"r1","expires_in":3600}"#)
    });
    home.set("NOUS_PORTAL_BASE_URL", portal);
    let url = format!("http://{}", closed_port());
    let arguments = ["enroll", "--connector-url", &url, "--token", "t"];
    let programs: Vec<_> = (0..4)
        .map(|_| home.command(&arguments).stderr(Stdio::piped()).spawn().expect("the program starts"))
        .collect();
    for program in programs {
        let output = program.wait_with_output().expect("it ends");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(69), "{stderr}");
        assert!(!stderr.contains("without an identity"), "{stderr}");
    }
    assert_eq!(requests.lock().expect("no panic").len(), 1);
    let kept = std::fs::read_to_string(home.file("auth.json")).expect("a file");
    assert!(
        kept.contains("\"a1\"") && kept.contains("\"r1\"") && kept.starts_with(r#"{"version":1,"#),
        "{kept}"
    );
}

#[test]
fn a_login_that_is_over_is_told_and_enrolling_goes_on_without_it() {
    let (portal, _) = recording(|_, _| json("400 Bad Request", r#"{"error":"invalid_grant"}"#));
    let (connector, requests) = recording(|_, _| json("401 Unauthorized", r#"{"error":"who are you"}"#));
    let mut home = Home::new();
    home.write("auth.json", EXPIRED, 0o600);
    home.set("HERMES_PORTAL_BASE_URL", portal);
    let (code, _, stderr) = home.run(&["enroll", "--connector-url", &connector, "--token", "t"]);
    assert_eq!(code, 67, "{stderr}");
    assert!(stderr.contains("Going on without an identity") && stderr.contains("log in again"), "{stderr}");
    assert!(!requests.lock().expect("no panic")[0].contains("authorization"));
}
