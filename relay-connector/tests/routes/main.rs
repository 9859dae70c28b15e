//! The routes that need to know who asks: provisioning, enrollment with an identity, policies, files.

#[path = "../rig/mod.rs"]
mod rig;

mod enroll;
mod hostile;
mod media;
mod policy;
mod provision;

use std::sync::Arc;

use hyper::{Request, Response};
use relay_auth::Secret;
use relay_connector::{ConnectorBuilder, Limits, StaticTokens, Tenant};
use relay_wire::ErrorBody;
use rig::Rig;
use serde_json::Value;

/// The identity of the tenant `home`.
const HOME: &str = "identity-of-home-0123456789abcdef";
/// The identity of the tenant `work`.
const WORK: &str = "identity-of-work-0123456789abcdef";

/// A connector that knows two tenants.
async fn start() -> Rig {
    start_with(|builder| builder).await
}

async fn start_with(add: impl FnOnce(ConnectorBuilder) -> ConnectorBuilder) -> Rig {
    let tokens = [("home", HOME), ("work", WORK)]
        .map(|(tenant, token)| (Tenant::new(tenant).unwrap(), Secret::new(token)));
    let tokens = Arc::new(StaticTokens::new(tokens).unwrap());
    Rig::with(|builder| add(builder.identity(tokens))).await
}

fn limits(change: impl FnOnce(Limits) -> Limits) -> impl FnOnce(ConnectorBuilder) -> ConnectorBuilder {
    let limits = change(Limits::default());
    |builder| builder.limits(limits)
}

/// `POST` of JSON with this bearer; an empty one is left out.
async fn post(rig: &Rig, path: &str, bearer: &str, body: &Value) -> Response<String> {
    let mut request = Request::post(path).header("content-type", "application/json");
    if !bearer.is_empty() {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    rig::exchange(rig.address, request.body(body.to_string().into()).unwrap()).await
}

/// The status, after a look at whether the body says why.
#[track_caller]
fn refused(answer: &Response<String>) -> u16 {
    let body: ErrorBody = serde_json::from_str(answer.body()).unwrap();
    assert!(!body.error.is_empty(), "a refusal says why");
    assert_eq!(answer.headers()["content-type"], "application/json");
    for identity in [HOME, WORK] {
        assert!(!body.error.contains(identity), "no credential is repeated");
    }
    answer.status().as_u16()
}
