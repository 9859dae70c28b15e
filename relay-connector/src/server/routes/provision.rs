//! `POST /relay/provision`: a gateway brings itself up under its owner's identity.

use std::sync::Arc;

use axum::extract::{Request, State};
use hyper::StatusCode;
use relay_wire::ProvisionRequest;

use crate::access::accounts::GatewayAccounts;
use crate::server::routes::answer::{HttpResponse, Refused, error, json, unauthorized};
use crate::server::routes::{bearer, json_body};
use crate::{Limits, ProvisionError};

const SHAPE: &str = "the body must be a JSON object with the texts gatewayId and platform";

pub(super) async fn provision(
    State(accounts): State<Arc<GatewayAccounts>>,
    State(limits): State<Arc<Limits>>,
    request: Request,
) -> Result<HttpResponse, Refused> {
    let Some(tenant) = bearer::tenant(request.headers(), &accounts).await? else {
        return Ok(unauthorized(
            "this connector was not told how to check identities; enroll with a token of its operator's instead",
        ));
    };
    let request: ProvisionRequest = json_body::read(request, &limits, SHAPE).await?;
    let platform = request.platform.clone();
    Ok(match accounts.provision(request, &tenant).await {
        Ok(response) => {
            tracing::info!(
                gateway = ?response.gateway_id, tenant = response.tenant, platform, "a gateway is provisioned"
            );
            json(StatusCode::OK, &response)
        }
        Err(reason) => {
            tracing::info!(%reason, tenant = tenant.as_str(), "a provisioning is refused");
            let status = match reason {
                ProvisionError::GatewayId | ProvisionError::Declared(_) => StatusCode::BAD_REQUEST,
                ProvisionError::ForeignGateway | ProvisionError::Revoked => StatusCode::FORBIDDEN,
                ProvisionError::Random(_) | ProvisionError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            error(status, reason.to_string())
        }
    })
}
