//! `POST /relay/enroll` where identities can be checked.

use relay_connector::Tenant;
use serde_json::json;

use crate::{HOME, WORK, post, refused, start};

#[tokio::test]
async fn the_identity_must_be_good_and_of_the_tokens_tenant_and_a_refusal_spends_no_token() {
    let rig = start().await;
    let token = rig.enrollment_token_for(&Tenant::default());
    let body = json!({"enrollmentToken": token, "gatewayId": "gw"});
    for bearer in ["", "nobody"] {
        assert_eq!(refused(&post(&rig, "/relay/enroll", bearer, &body).await), 401, "{bearer}");
    }
    let foreign = post(&rig, "/relay/enroll", WORK, &body).await;
    assert_eq!(refused(&foreign), 403);
    assert!(foreign.body().contains("another tenant"), "{}", foreign.body());
    assert_eq!(post(&rig, "/relay/enroll", HOME, &body).await.status(), 200);
    assert_eq!(refused(&post(&rig, "/relay/enroll", HOME, &body).await), 403);
}
