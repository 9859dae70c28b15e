//! Requests that are wrong by their method, kind, size or pace.

use std::time::Duration;

use hyper::Request;

use crate::rig::{self, Rig};
use crate::{HOME, limits, refused, start, start_with};

#[tokio::test]
async fn each_route_takes_its_one_method() {
    let rig = start().await;
    for (path, allowed) in [
        ("/relay/provision", "POST"),
        ("/relay/enroll", "POST"),
        ("/relay/policy", "POST"),
        ("/relay/media", "POST"),
        ("/relay/media/0123", "GET"),
        ("/relay", "GET"),
    ] {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH"] {
            if method == allowed {
                continue;
            }
            let answer = rig.http(method, path, "").await;
            assert_eq!(refused(&answer), 405, "{method} {path}");
            assert_eq!(answer.headers()["allow"], allowed, "{method} {path}");
        }
    }
    for path in ["/relay/provision/", "/relay/policy/x", "/provision", "/relay/other"] {
        assert_eq!(refused(&rig.http("POST", path, "").await), 404, "{path}");
    }
}

#[tokio::test]
async fn a_form_is_not_taken_for_json() {
    let rig = start().await;
    for path in ["/relay/provision", "/relay/enroll"] {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {HOME}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("{}".into())
            .unwrap();
        assert_eq!(refused(&rig::exchange(rig.address, request).await), 415, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused() {
    let rig = start().await;
    for path in ["/relay/provision", "/relay/enroll"] {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {HOME}"))
            .body("x".repeat(64 * 1024 + 1).into())
            .unwrap();
        assert_eq!(refused(&rig::exchange(rig.address, request).await), 413, "{path}");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let rig = start_with(limits(|limits| limits.with_request(Duration::from_millis(50)))).await;
    let gateway = Rig::upgrade_token("gw", &rig.enroll("gw").await);
    for (path, bearer) in
        [("provision", HOME), ("enroll", HOME), ("policy", gateway.as_str()), ("media", gateway.as_str())]
    {
        let head = format!(
            "POST /relay/{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {bearer}\r\nContent-Length: 100\r\n\r\n{{"
        );
        let answer = rig::raw(rig.address, &head).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{path}: {answer}");
    }
}

#[tokio::test]
async fn an_upload_that_drips_is_given_up_as_a_whole() {
    let rig = start_with(limits(|limits| limits.with_upload(Duration::ZERO))).await;
    let token = Rig::upgrade_token("gw", &rig.enroll("gw").await);
    let head = format!(
        "POST /relay/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 100\r\n\r\n"
    );
    let answer = rig::raw(rig.address, &head).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn a_huge_bearer_is_refused_by_its_size() {
    let rig = start().await;
    let request = Request::post("/relay/provision")
        .header("authorization", format!("Bearer {}", "x".repeat(20 * 1024)))
        .body("{}".into())
        .unwrap();
    let answer = rig::exchange(rig.address, request).await;
    assert_eq!(refused(&answer), 401);
    assert!(answer.body().contains("longer than"), "{}", answer.body());
}
