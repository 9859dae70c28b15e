//! The portal login against a portal whose refresh tokens are good once.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use relay_auth::UnixSeconds;
use relay_runtime::Clock;

use super::PortalLogin;
use crate::identity::IdentityTokens as _;
use crate::identity::rig::{Endpoint, http};

/// 2026-11-23T07:30:00Z.
const NOW: UnixSeconds = UnixSeconds(1_795_419_000);

struct Home(tempfile::TempDir);

impl Home {
    fn with_login(expires_at: &str) -> Self {
        let home = Self(tempfile::tempdir().expect("a folder"));
        let text = format!(
            "{{\"version\":1,\"providers\":{{\"nous\":{{\"refresh_token\":\"r0\",\"later\":[1],\"access_token\":\"a0\",\
             \"expires_at\":\"{expires_at}\"}}}},\"active\":\"nous\"}}"
        );
        fs::write(home.path(), text).expect("a file");
        home
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("auth.json")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).expect("a file")
    }

    fn login(&self, portal: &Endpoint) -> PortalLogin {
        PortalLogin::new(self.path(), Some(portal.url.clone()), http(), Clock::fixed(NOW))
    }
}

/// Refresh tokens count up: `rN` is good once, for `aN+1` and `rN+1`.
fn portal() -> Endpoint {
    let spent = Arc::new(Mutex::new(HashSet::new()));
    Endpoint::start(move |_, request| {
        let token = header(request, "x-nous-refresh-token");
        if !spent.lock().expect("no panic").insert(token.clone()) {
            return (
                400,
                r#"{"error":"invalid_grant","error_description":"reuse of a refresh token"}"#.to_owned(),
            );
        }
        let next = token[1..].parse::<u32>().expect("one of ours") + 1;
        (
            200,
            format!(
                r#"{{"access_token":"a{next}","refresh_token":"r{next}","expires_in":3600,"token_type":"Bearer"}}"#
            ),
        )
    })
}

fn header(request: &str, name: &str) -> String {
    let value = request
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix(&format!("{name}: ")).map(str::to_owned));
    value.expect("the header")
}

async fn fault(login: &PortalLogin) -> String {
    let told = login.token().await.expect_err("no token").to_string();
    assert!(!told.contains("r0") && !told.contains("a0"), "{told}");
    told
}

#[tokio::test]
async fn a_login_that_lasts_is_used_as_it_is_and_one_that_ends_in_two_minutes_is_refreshed() {
    let portal = portal();
    let home = Home::with_login("2026-11-23T07:32:01+00:00");
    assert_eq!(home.login(&portal).token().await.expect("a token").expose(), "a0");
    assert!(portal.requests().is_empty() && !home.path().with_file_name("auth.lock").exists());

    for ending in ["2026-11-23T07:32:00+00:00", "2026-11-23T07:00:00Z", "whenever"] {
        let home = Home::with_login(ending);
        let portal = self::portal();
        let login = home.login(&portal);
        assert_eq!(login.token().await.expect("a token").expose(), "a1");
        assert_eq!(login.token().await.expect("a token").expose(), "a1", "this one lasts");
        let requests = portal.requests();
        assert_eq!(requests.len(), 1);
        assert!(requests[0].starts_with("POST /api/oauth/token HTTP/1.1\r\n"), "{}", requests[0]);
        assert!(
            requests[0].ends_with("\r\n\r\ngrant_type=refresh_token&client_id=hermes-cli"),
            "{}",
            requests[0]
        );
        assert_eq!(
            home.text(),
            "{\"version\":1,\"providers\":{\"nous\":{\"refresh_token\":\"r1\",\"later\":[1],\"access_token\":\"a1\",\
             \"expires_at\":\"2026-11-23T08:30:00+00:00\"}},\"active\":\"nous\"}"
        );
        let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o777;
        assert_eq!((mode(&home.path()), mode(&home.path().with_file_name("auth.lock"))), (0o600, 0o600));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_refresh_at_once_one_asks_the_portal_and_all_have_its_token() {
    let (portal, home) = (portal(), Home::with_login("2026-11-23T07:00:00Z"));
    let logins = (0..16).map(|_| {
        let login = home.login(&portal);
        tokio::spawn(async move { login.token().await.map(|token| token.expose().to_owned()) })
    });
    for login in logins.collect::<Vec<_>>() {
        assert_eq!(login.await.expect("no panic").expect("a token"), "a1");
    }
    assert_eq!(portal.requests().len(), 1);
}

#[tokio::test]
async fn what_cannot_be_stored_is_neither_used_nor_lost() {
    let home = Home::with_login("2026-11-23T07:00:00Z");
    let (path, kept) = (home.path(), home.text());
    // While the portal answers, something that cannot be replaced takes the file's place.
    let portal = Endpoint::start(move |_, _| {
        fs::remove_file(&path).expect("a file");
        fs::create_dir(&path).expect("room");
        (200, r#"{"access_token":"a1","refresh_token":"r1","expires_in":3600}"#.to_owned())
    });
    let login = home.login(&portal);
    let told = fault(&login).await;
    assert!(told.contains("auth.json cannot be written"), "{told}");
    fs::remove_dir(home.path()).expect("a folder");
    fs::write(home.path(), kept).expect("a file");
    assert_eq!(login.token().await.expect("a token").expose(), "a1");
    assert_eq!(portal.requests().len(), 1, "the old token was not spent twice");
    assert!(home.text().contains("\"r1\""));
}

#[tokio::test]
async fn no_refresh_token_is_spent_where_the_new_one_could_not_be_stored() {
    let (portal, home) = (portal(), Home::with_login("2026-11-23T07:00:00Z"));
    let file = super::AuthFile::read(&home.path()).expect("read").expect("a login");
    // A folder that is gone is one that takes no file, whoever asks.
    let elsewhere = PortalLogin::new(
        PathBuf::from("/dev/null/auth.json"),
        Some(portal.url.clone()),
        http(),
        Clock::fixed(NOW),
    );
    let told = elsewhere.refresh(&file).await.expect_err("no room").to_string();
    assert!(told.contains("cannot be written"), "{told}");
    assert!(portal.requests().is_empty());
}

#[tokio::test]
async fn a_login_that_is_over_is_told_with_the_remedy_and_left_as_it_is() {
    for (status, body, told) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"r0 is expired"}"#,
            "invalid_grant: [redacted] is expired",
        ),
        (401, r#"{"error":"refresh_token_reused"}"#, "log in again"),
        (
            400,
            r#"{"error":"other","error_description":"Reuse detected"}"#,
            ". The login is over: log in again",
        ),
        (503, "", "is busy"),
        (200, "{}", "holds no identity token"),
    ] {
        let home = Home::with_login("2026-11-23T07:00:00Z");
        let before = home.text();
        let portal = Endpoint::start(move |_, _| (status, body.to_owned()));
        let fault = fault(&home.login(&portal)).await;
        assert!(fault.contains(told), "{fault}");
        assert_eq!(home.text(), before);
    }
}

#[tokio::test]
async fn a_file_that_holds_no_usable_login_is_told_and_one_without_a_login_is_none() {
    let portal = portal();
    let home = Home(tempfile::tempdir().expect("a folder"));
    assert!(!home.login(&portal).is_there(), "no file");
    fs::write(home.path(), "{}").expect("a file");
    assert!(!home.login(&portal).is_there(), "no login");
    fs::write(home.path(), "{").expect("a file");
    assert!(home.login(&portal).is_there(), "something is there, and it is told");
    assert!(fault(&home.login(&portal)).await.contains("no JSON"));
    fs::write(home.path(), r#"{"providers":{"nous":{"access_token":"a0"}}}"#).expect("a file");
    assert!(fault(&home.login(&portal)).await.contains("holds no refresh token; log in again"));
}
