//! `POST /relay/provision`.

use std::collections::HashSet;

use relay_auth::Secret;
use relay_wire::{GatewayId, Identity, ProvisionResponse};
use serde_json::{Value, json};

use crate::rig::{self, Rig};
use crate::{HOME, WORK, post, refused, start};

fn body(gateway: &str, platform: &str) -> Value {
    json!({"gatewayId": gateway, "platform": platform, "botId": "B1", "gatewayEndpoint": "", "routeKeys": ["g1"]})
}

async fn provision(rig: &Rig, body: &Value) -> ProvisionResponse {
    let answer = post(rig, "/relay/provision", HOME, body).await;
    assert_eq!(answer.status(), 200, "{}", answer.body());
    serde_json::from_str(answer.body()).unwrap()
}

#[tokio::test]
async fn a_provisioned_gateway_can_dial_and_its_tenant_is_that_of_the_identity() {
    let rig = start().await;
    let mut body = body("gw", "local");
    body["tenant"] = json!("work");
    let told = provision(&rig, &body).await;
    assert_eq!((told.tenant.as_str(), told.gateway_id.as_str()), ("home", "gw"));
    assert_eq!((told.secret.len(), told.delivery_key.len()), (64, 64));
    assert_eq!(told.route_keys, ["g1"]);
    let mut peer = rig.dial(&Rig::upgrade_token("gw", &Secret::new(told.secret))).await;
    peer.send(rig::HELLO).await;
    assert_eq!(peer.line().await, rig::DESCRIPTOR);
}

#[tokio::test]
async fn every_platform_and_every_start_gets_the_same_secret() {
    let rig = start().await;
    let mut secrets = HashSet::new();
    for platform in ["discord", "telegram", "slack", "local", "discord"] {
        secrets.insert(provision(&rig, &body("gw", platform)).await.secret);
    }
    assert_eq!(secrets.len(), 1);
    let record = rig.connector.gateway(&GatewayId::new("gw").unwrap()).await.unwrap().unwrap();
    let platforms: Vec<_> = record.identities.iter().map(|identity| identity.platform.as_str()).collect();
    assert_eq!(platforms, ["discord", "local", "slack", "telegram"]);
    assert_eq!(record.identities[0], Identity { platform: "discord".into(), bot_id: "B1".into() });
}

#[tokio::test]
async fn platforms_that_are_provisioned_at_the_same_time_get_the_same_secret() {
    let rig = start().await;
    let calls = ["a", "b", "c", "d", "e", "f", "g", "h"].map(|platform| {
        let (rig, body) = (&rig, body("gw", platform));
        async move { provision(rig, &body).await.secret }
    });
    let secrets: HashSet<_> = futures_util::future::join_all(calls).await.into_iter().collect();
    assert_eq!(secrets.len(), 1);
}

#[tokio::test]
async fn after_a_rotation_the_newest_secret_is_told() {
    let rig = start().await;
    let first = provision(&rig, &body("gw", "local")).await.secret;
    let newest = rig.connector.rotate(&GatewayId::new("gw").unwrap()).await.unwrap();
    assert_ne!(newest.expose(), first);
    assert_eq!(provision(&rig, &body("gw", "local")).await.secret, newest.expose());
}

#[tokio::test]
async fn what_a_gateway_says_of_itself_is_kept_and_brought_up_to_date() {
    let rig = start().await;
    let gateway = GatewayId::new("gw").unwrap();
    provision(&rig, &body("gw", "local")).await;
    let record = rig.connector.gateway(&gateway).await.unwrap().unwrap();
    assert_eq!((record.instance.name(), record.wake_url, record.endpoint), ("gw", None, None));
    let mut more = body("gw", "local");
    more["instanceId"] = json!("agent-1");
    more["wakeUrl"] = json!("https://gw.example/wake");
    more["gatewayEndpoint"] = json!("https://gw.example");
    more["routeKeys"] = json!(["g1", "g2"]);
    assert_eq!(provision(&rig, &more).await.route_keys, ["g1", "g2"]);
    let record = rig.connector.gateway(&gateway).await.unwrap().unwrap();
    assert_eq!((record.instance.name(), record.instance.tenant().as_str()), ("agent-1", "home"));
    assert_eq!(record.wake_url.as_deref(), Some("https://gw.example/wake"));
    assert_eq!(record.endpoint.as_deref(), Some("https://gw.example"));
    assert_eq!(record.route_keys, ["g1", "g2"]);
}

#[tokio::test]
async fn a_gateway_of_another_tenant_is_not_handed_out() {
    let rig = start().await;
    let secret = provision(&rig, &body("gw", "local")).await.secret;
    let answer = post(&rig, "/relay/provision", WORK, &body("gw", "local")).await;
    assert_eq!(refused(&answer), 403);
    assert!(!answer.body().contains(&secret));
    assert_eq!(provision(&rig, &body("gw", "local")).await.secret, secret);
}

#[tokio::test]
async fn a_revoked_gateway_stays_out() {
    let rig = start().await;
    provision(&rig, &body("gw", "local")).await;
    rig.connector.store().revoke(&GatewayId::new("gw").unwrap(), rig::NOW).await.unwrap();
    assert_eq!(refused(&post(&rig, "/relay/provision", HOME, &body("gw", "local")).await), 403);
}

#[tokio::test]
async fn nobody_is_provisioned_without_an_identity() {
    let rig = start().await;
    for bearer in ["", "nobody", &HOME[1..]] {
        let answer = post(&rig, "/relay/provision", bearer, &body("gw", "local")).await;
        assert_eq!(refused(&answer), 401, "{bearer}");
        assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    }
    assert!(rig.connector.gateway(&GatewayId::new("gw").unwrap()).await.unwrap().is_none());
    let unknowing = Rig::start().await;
    assert_eq!(refused(&post(&unknowing, "/relay/provision", HOME, &body("gw", "local")).await), 401);
}

#[tokio::test]
async fn ids_and_addresses_that_cannot_be_kept_are_refused() {
    let rig = start().await;
    for (member, value) in [
        ("gatewayId", json!("")),
        ("gatewayId", json!("a\nb")),
        ("gatewayId", json!("enroll:home:1")),
        ("gatewayId", json!("x".repeat(129))),
        ("gatewayId", json!(7)),
        ("platform", json!("")),
        ("platform", json!("dis\u{1b}cord")),
        ("platform", Value::Null),
        ("botId", json!("x".repeat(257))),
        ("instanceId", json!("a\u{7f}")),
        ("wakeUrl", json!("file:///etc/passwd")),
        ("gatewayEndpoint", json!("gw.example")),
        ("routeKeys", json!(["a", ""])),
        ("routeKeys", json!(vec!["k"; 1001])),
    ] {
        let mut body = body("gw", "local");
        body[member] = value;
        assert_eq!(refused(&post(&rig, "/relay/provision", HOME, &body).await), 400, "{body}");
    }
    assert!(rig.connector.store().gateways().await.unwrap().is_empty());
}
