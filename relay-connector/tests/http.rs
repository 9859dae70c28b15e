//! The HTTP routes: what is there, what is not, and enrollment.

mod rig;

use std::time::Duration;

use hyper::header::{ALLOW, CONTENT_TYPE, UPGRADE};
use relay_auth::Secret;
use relay_connector::{ENROLLMENT_TTL, RevokeOutcome, RotateError, Tenant};
use relay_runtime::TestClock;
use relay_wire::EnrollResponse;
use rig::{NOW, Rig};

fn body(token: &str, gateway_id: &str) -> String {
    serde_json::json!({ "enrollmentToken": token, "gatewayId": gateway_id }).to_string()
}

#[tokio::test]
async fn the_socket_asks_for_an_upgrade_and_all_else_is_told_what_is_wrong() {
    let rig = Rig::start().await;
    let answer = rig.http("GET", "/relay", "").await;
    assert_eq!(answer.status(), 426);
    assert_eq!(answer.headers()[UPGRADE], "websocket");
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(answer.body(), r#"{"error":"this is a WebSocket endpoint; connect a gateway to it"}"#);

    for (method, path, status) in [
        ("GET", "/", 404),
        ("GET", "/relay/policy", 405),
        ("POST", "/relay", 405),
        ("GET", "/relay/enroll", 405),
    ] {
        let answer = rig.http(method, path, "").await;
        assert_eq!(answer.status(), status, "{method} {path}");
        assert!(answer.body().starts_with(r#"{"error":""#), "{}", answer.body());
    }
    assert_eq!(rig.http("GET", "/relay/enroll", "").await.headers()[ALLOW], "POST");
}

#[tokio::test]
async fn an_enrolled_gateway_can_dial() {
    let rig = Rig::start().await;
    let answer = rig.http("POST", "/relay/enroll", body(&rig.enrollment_token(), "gw")).await;
    assert_eq!(answer.status(), 200);
    let enrolled: EnrollResponse = serde_json::from_str(answer.body()).unwrap();
    assert_eq!((enrolled.tenant.as_str(), enrolled.gateway_id.as_str()), ("home", "gw"));
    assert_eq!((enrolled.secret.len(), enrolled.delivery_key.len()), (64, 64));
    assert_ne!(enrolled.secret, enrolled.delivery_key);

    let token = Rig::upgrade_token("gw", &Secret::new(enrolled.secret));
    let mut peer = rig.dial(&token).await;
    peer.send(rig::HELLO).await;
    assert_eq!(peer.line().await, rig::DESCRIPTOR);
}

#[tokio::test]
async fn a_token_enrolls_once_also_when_two_try_at_the_same_time() {
    let rig = Rig::start().await;
    let token = rig.enrollment_token();
    let (a, b) = tokio::join!(
        rig.http("POST", "/relay/enroll", body(&token, "a")),
        rig.http("POST", "/relay/enroll", body(&token, "b")),
    );
    let mut statuses = [a.status().as_u16(), b.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 403]);
    let again = rig.http("POST", "/relay/enroll", body(&token, "a")).await;
    assert_eq!(again.status(), 403);
    assert_eq!(
        again.body(),
        r#"{"error":"the enrollment token was used before; ask the connector's operator for a new one"}"#
    );
}

#[tokio::test]
async fn an_expired_token_does_not_enroll() {
    let clock = TestClock::new(NOW);
    let rig = Rig::with(|builder| builder.clock(clock.clock())).await;
    let token = rig.enrollment_token();
    clock.advance(ENROLLMENT_TTL + Duration::from_secs(1));
    let answer = rig.http("POST", "/relay/enroll", body(&token, "gw")).await;
    assert_eq!(answer.status(), 403);
    assert!(answer.body().contains("expired"), "{}", answer.body());
}

#[tokio::test]
async fn the_two_kinds_of_token_do_not_stand_in_for_each_other() {
    let rig = Rig::start().await;
    let mut peer = rig.dial(&rig.enrollment_token()).await;
    assert_eq!(peer.closed().await, (4401, "unauthorized".to_owned()));

    let secret = rig.enroll("gw").await;
    for payload in ["gw", "enroll:home:00"] {
        let token = Rig::upgrade_token(payload, &secret);
        assert_eq!(rig.http("POST", "/relay/enroll", body(&token, "other")).await.status(), 403);
    }
}

#[tokio::test]
async fn a_gateway_of_another_tenant_is_not_taken_over() {
    let rig = Rig::start().await;
    let secret = rig.enroll("gw").await;
    let other = Tenant::new("somebody:else").unwrap();
    let token = rig.connector.mint_enrollment_token(&other, Duration::from_mins(1)).unwrap();
    assert_eq!(rig.http("POST", "/relay/enroll", body(token.expose(), "gw")).await.status(), 403);
    let mut peer = rig.dial(&Rig::upgrade_token("gw", &secret)).await;
    peer.send(rig::HELLO).await;
    assert_eq!(peer.line().await, rig::DESCRIPTOR);
    assert_eq!(rig.http("POST", "/relay/enroll", body(token.expose(), "gw2")).await.status(), 200);
}

#[tokio::test]
async fn garbage_is_called_garbage_and_leaves_the_token_good() {
    let rig = Rig::start().await;
    let token = rig.enrollment_token();
    for garbage in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        format!("{{\"enrollmentToken\":\"{token}\"}}"),
        format!("{{\"enrollmentToken\":\"{token}\",\"gatewayId\":7}}"),
        body(&token, " "),
        body(&token, "a\nb"),
        body(&token, "enroll:home:1"),
        body(&token, &"x".repeat(129)),
    ] {
        let answer = rig.http("POST", "/relay/enroll", garbage).await;
        assert_eq!(answer.status(), 400);
        assert!(!answer.body().contains(&token), "an error quotes no token");
    }
    assert_eq!(rig.http("POST", "/relay/enroll", "x".repeat(64 * 1024 + 1)).await.status(), 413);
    assert_eq!(rig.http("POST", "/relay/enroll", body(&token, "gw")).await.status(), 200);
}

#[tokio::test]
async fn a_rotated_gateway_dials_with_both_secrets_and_a_revoked_one_is_closed_and_kept_out() {
    let rig = Rig::start().await;
    let former = rig.enroll("gw").await;
    let newest = rig.connector.rotate(&"gw".parse().unwrap()).await.unwrap();
    for secret in [&former, &newest] {
        let mut peer = rig.dial(&Rig::upgrade_token("gw", secret)).await;
        peer.send(rig::HELLO).await;
        assert_eq!(peer.line().await, rig::DESCRIPTOR);
    }
    let mut live = rig.dial(&Rig::upgrade_token("gw", &newest)).await;
    live.send(rig::HELLO).await;
    assert_eq!(live.line().await, rig::DESCRIPTOR);

    assert_eq!(rig.connector.revoke(&"gw".parse().unwrap()).await.unwrap(), RevokeOutcome::Revoked);
    assert_eq!(live.closed().await, (4401, "unauthorized".to_owned()));
    let mut again = rig.dial(&Rig::upgrade_token("gw", &newest)).await;
    assert_eq!(again.closed().await, (4401, "unauthorized".to_owned()));
    assert!(matches!(rig.connector.rotate(&"gw".parse().unwrap()).await, Err(RotateError::Revoked)));
    assert!(matches!(rig.connector.rotate(&"other".parse().unwrap()).await, Err(RotateError::Unknown)));
}
