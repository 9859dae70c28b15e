//! `POST /relay/enroll`: a token that the operator handed over becomes a gateway's secret.

use std::sync::Arc;

use axum::extract::{Request, State};
use hyper::StatusCode;
use relay_wire::EnrollRequest;

use crate::access::accounts::GatewayAccounts;
use crate::server::routes::answer::{HttpResponse, Refused, error, json};
use crate::server::routes::{bearer, json_body};
use crate::{EnrollError, Limits};

const SHAPE: &str = "the body must be a JSON object with the texts enrollmentToken and gatewayId";

pub(super) async fn enroll(
    State(accounts): State<Arc<GatewayAccounts>>,
    State(limits): State<Arc<Limits>>,
    request: Request,
) -> Result<HttpResponse, Refused> {
    // Where identities can be checked, they are: a token that was overheard is worth nothing without one.
    let identity = bearer::tenant(request.headers(), &accounts).await?;
    let request: EnrollRequest = json_body::read(request, &limits, SHAPE).await?;
    Ok(match accounts.enroll(request, identity.as_ref()).await {
        Ok(response) => {
            tracing::info!(gateway = ?response.gateway_id, tenant = response.tenant, "a gateway is enrolled");
            json(StatusCode::OK, &response)
        }
        Err(reason) => {
            tracing::info!(%reason, "an enrollment is refused");
            let status = match reason {
                EnrollError::GatewayId => StatusCode::BAD_REQUEST,
                EnrollError::TokenInvalid
                | EnrollError::TokenExpired
                | EnrollError::TokenUsed
                | EnrollError::ForeignIdentity
                | EnrollError::ForeignGateway => StatusCode::FORBIDDEN,
                EnrollError::Random(_) | EnrollError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            error(status, reason.to_string())
        }
    })
}
