//! `POST /relay/policy`.

use relay_connector::{Instance, Policy, Tenant};
use serde_json::{Value, json};

use crate::rig::Rig;
use crate::{HOME, post, refused, start};

async fn token(rig: &Rig, gateway: &str) -> String {
    Rig::upgrade_token(gateway, &rig.enroll(gateway).await)
}

async fn stored(rig: &Rig, gateway: &str, platform: &str) -> Option<Policy> {
    let instance = Instance::of_gateway(Tenant::default(), &gateway.parse().unwrap());
    rig.connector.store().policy(&instance, platform).await.unwrap()
}

#[tokio::test]
async fn a_policy_is_kept_for_its_instance_and_platform_and_the_last_one_holds() {
    let rig = start().await;
    let token = token(&rig, "gw").await;
    let declare = |policy: Value| {
        let (rig, token) = (&rig, &token);
        async move { post(rig, "/relay/policy", token, &policy).await.status().as_u16() }
    };
    let strict = json!({"platform": "discord", "requireAddress": true, "freeResponseScopes": ["C1"], "allowOtherBots": true});
    assert_eq!(declare(strict).await, 200);
    let policy = Policy::default()
        .with_require_address(true)
        .with_free_response_scopes(vec!["C1".to_owned()])
        .with_allow_other_bots(true);
    assert_eq!(stored(&rig, "gw", "discord").await, Some(policy));
    assert_eq!(stored(&rig, "gw", "telegram").await, None);
    assert_eq!(declare(json!({"platform": "discord"})).await, 200);
    assert_eq!(stored(&rig, "gw", "discord").await, Some(Policy::default()));
}

#[tokio::test]
async fn a_policy_of_a_provisioned_gateway_is_its_instances() {
    let rig = start().await;
    let body = json!({"gatewayId": "gw", "platform": "discord", "instanceId": "agent-1"});
    let answer = post(&rig, "/relay/provision", HOME, &body).await;
    let secret = serde_json::from_str::<Value>(answer.body()).unwrap()["secret"].as_str().unwrap().to_owned();
    let token = Rig::upgrade_token("gw", &secret.into());
    let policy = json!({"platform": "discord", "requireAddress": true});
    assert_eq!(post(&rig, "/relay/policy", &token, &policy).await.status(), 200);
    assert!(
        rig.connector
            .store()
            .policy(&Instance::named(Tenant::default(), "agent-1"), "discord")
            .await
            .unwrap()
            .unwrap()
            .require_address
    );
}

#[tokio::test]
async fn only_an_upgrade_token_declares_and_only_what_can_be_kept() {
    let rig = start().await;
    let token = token(&rig, "gw").await;
    let policy = json!({"platform": "discord"});
    for bearer in ["", HOME, "nobody", &token[1..]] {
        assert_eq!(refused(&post(&rig, "/relay/policy", bearer, &policy).await), 401, "{bearer}");
    }
    for wrong in [
        json!({}),
        json!([]),
        json!({"platform": ""}),
        json!({"platform": "discord", "freeResponseScopes": vec!["c"; 1001]}),
        json!({"platform": "discord", "freeResponseScopes": ["a\nb"]}),
    ] {
        assert_eq!(refused(&post(&rig, "/relay/policy", &token, &wrong).await), 400, "{wrong}");
    }
    assert_eq!(stored(&rig, "gw", "discord").await, None);
}
