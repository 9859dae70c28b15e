//! `POST /relay/provision`: a gateway brings itself up under its owner's identity.

use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use relay_wire::ProvisionRequest;

use crate::ProvisionError;
use crate::connector::Shared;
use crate::server::routes::answer::{HttpResponse, error, json, unauthorized};
use crate::server::routes::{bearer, json_body};

const SHAPE: &str = "the body must be a JSON object with the texts gatewayId and platform";

pub(super) async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
) -> Result<HttpResponse, Box<HttpResponse>> {
    let Some(verifier) = &shared.identity else {
        return Ok(unauthorized(
            "this connector was not told how to check identities; enroll with a token of its operator's instead",
        ));
    };
    let tenant = bearer::tenant(request.headers(), verifier.as_ref(), shared).await?;
    let request: ProvisionRequest = json_body::read(request, &shared.limits, SHAPE).await?;
    let platform = request.platform.clone();
    Ok(match shared.provision(request, &tenant).await {
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
