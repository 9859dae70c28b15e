//! The connector's HTTP routes beside the socket (contract, HTTP routes).

use std::time::Duration;

use relay_auth::{Secret, UnixSeconds};
use relay_wire::{EnrollRequest, EnrollResponse, GatewayId, PolicyRequest, ProvisionRequest};
use serde_json::Value;
use url::Url;

use crate::{ApiError, Credentials, HttpClient, Post, Provisioned};

/// Calls a connector's HTTP API.
#[derive(Clone, Debug)]
pub struct ConnectorApi {
    http: HttpClient,
}

/// What a gateway gets for its enrollment token.
#[derive(Clone, Debug)]
pub struct Enrolled {
    /// Signs the gateway's upgrade tokens.
    pub secret: Secret,
    /// Signs deliveries over HTTP; superseded by the socket.
    pub delivery_key: Option<Secret>,
    /// The tenant that the token was minted for; may be empty.
    pub tenant: String,
    /// The gateway's name as the connector keeps it.
    pub gateway_id: GatewayId,
}

impl ConnectorApi {
    /// Calls over this client.
    pub fn over(http: HttpClient) -> Self {
        Self { http }
    }

    /// Waits this long for a whole answer, in place of 15 s.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self::over(self.http.with_timeout(timeout))
    }

    /// Lets tokens travel unencrypted to another machine.
    #[must_use]
    pub fn allow_plaintext(self, allowed: bool) -> Self {
        Self::over(self.http.allow_plaintext(allowed))
    }

    /// Redeems an enrollment token at `url`, which ends in `/relay/enroll`. `bearer` is the identity token of
    /// the person who enrolls, where the connector asks for one.
    pub async fn enroll(
        &self,
        url: &Url,
        token: &Secret,
        gateway_id: &GatewayId,
        bearer: Option<&Secret>,
    ) -> Result<Enrolled, ApiError> {
        let body = EnrollRequest {
            enrollment_token: token.expose().to_owned(),
            gateway_id: gateway_id.as_str().to_owned(),
        };
        let mut post =
            Post::json(url, &body).secret(token).named("the identity token", "the enrollment token");
        if let Some(bearer) = bearer {
            post = post.bearer(bearer);
        }
        let answer = self.http.send(post).await?;
        let enrolled: EnrollResponse = answer.json()?;
        if enrolled.secret.trim().is_empty() {
            return Err(answer.blank_secret());
        }
        let delivery_key = Some(enrolled.delivery_key).filter(|key| !key.trim().is_empty()).map(Secret::new);
        let gateway_id =
            if enrolled.gateway_id.is_empty() { gateway_id.clone() } else { enrolled.gateway_id.into() };
        Ok(Enrolled { secret: enrolled.secret.into(), delivery_key, tenant: enrolled.tenant, gateway_id })
    }

    /// Brings up the gateway on one platform, at `url`, which ends in `/relay/provision`, under the caller's
    /// identity token.
    pub async fn provision(
        &self,
        url: &Url,
        identity: &Secret,
        request: &ProvisionRequest,
    ) -> Result<Provisioned, ApiError> {
        let post = Post::json(url, request).bearer(identity).named("the identity token", "the provisioning");
        let answer = self.http.send(post).await?;
        let mut fields = answer.fields()?;
        // The only word by which a missing secret is no mistake.
        let withheld = fields.get("secretIssued") == Some(&Value::Bool(false));
        if withheld {
            fields.insert("secret".to_owned(), Value::String(String::new()));
        }
        let provisioned = Provisioned::of(answer.read(fields)?, &request.gateway_id);
        match provisioned.secret {
            None if !withheld => Err(answer.blank_secret()),
            _ => Ok(provisioned),
        }
    }

    /// Declares which messages of a platform concern the agent, at `url`, which ends in `/relay/policy`. The
    /// gateway proves its name by a token minted for this call.
    pub async fn declare_policy(
        &self,
        url: &Url,
        credentials: &Credentials,
        now: UnixSeconds,
        policy: &PolicyRequest,
    ) -> Result<(), ApiError> {
        let token = Secret::new(credentials.token(now));
        let post = Post::json(url, policy).bearer(&token).named("the gateway's secret", "the policy");
        self.http.send(post).await.map(drop)
    }
}
