//! `POST /relay/policy`: which messages of a platform concern a gateway's agent.

use std::sync::Arc;

use axum::extract::{Request, State};
use hyper::StatusCode;
use relay_wire::PolicyRequest;
use serde_json::json;

use crate::Limits;
use crate::access::accounts::GatewayAccounts;
use crate::access::declared;
use crate::server::routes::answer::{self, HttpResponse, Refused, error};
use crate::server::routes::{bearer, json_body};

const SHAPE: &str = "the body must be a JSON object with the text platform";

pub(super) async fn declare(
    State(accounts): State<Arc<GatewayAccounts>>,
    State(limits): State<Arc<Limits>>,
    request: Request,
) -> Result<HttpResponse, Refused> {
    let gateway = bearer::gateway(request.headers(), &accounts).await?;
    let policy: PolicyRequest = json_body::read(request, &limits, SHAPE).await?;
    if let Err(reason) = declared::platform(&policy.platform)
        .and_then(|()| declared::keys("freeResponseScopes", &policy.free_response_scopes))
    {
        return Ok(error(StatusCode::BAD_REQUEST, reason.to_string()));
    }
    let platform = policy.platform.clone();
    if let Err(reason) = accounts.set_policy(&gateway.instance, &platform, policy.into()).await {
        tracing::error!(%reason, "a policy could not be stored");
        return Ok(error(StatusCode::SERVICE_UNAVAILABLE, "the policy cannot be stored now; try again"));
    }
    tracing::info!(gateway = ?gateway.gateway_id, platform, "a policy is declared");
    Ok(answer::json(StatusCode::OK, &json!({})))
}
