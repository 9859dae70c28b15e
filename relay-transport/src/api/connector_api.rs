//! The connector's HTTP routes beside the socket (contract, HTTP routes).

use std::time::Duration;

use relay_auth::{Secret, UnixSeconds};
use relay_net::{Deadlines, HttpClient, HttpRequest, HttpResponse};
use relay_wire::{EnrollRequest, GatewayId, MediaResponse, PolicyRequest, ProvisionRequest};
use serde_json::Value;
use url::Url;

use super::error::Subjects;
use super::fields::{fields, read};
use super::{ConnectorApiError, Enrolled, MediaFile, Provisioned};
use crate::Credentials;

/// How long no byte of an upload may move. What the system has taken and not yet sent counts as moved, and on a slow line
/// that is much.
const UPLOAD_SILENCE: Duration = Duration::from_mins(1);

/// Calls a connector's HTTP API.
#[derive(Clone, Debug)]
pub struct ConnectorApi {
    http: HttpClient,
}

impl ConnectorApi {
    /// Calls over this client.
    pub fn over(http: HttpClient) -> Self {
        Self { http }
    }

    /// Waits this long for a whole answer, in place of 15 s.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self::over(self.http.with_deadlines(Deadlines::total(timeout)))
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
    ) -> Result<Enrolled, ConnectorApiError> {
        let body = EnrollRequest {
            enrollment_token: token.expose().to_owned(),
            gateway_id: gateway_id.as_str().to_owned(),
        };
        let subjects = Subjects { identity: "the identity token", grant: "the enrollment token" };
        let mut request = HttpRequest::post(url).json(&body).redacting(token);
        if let Some(bearer) = bearer {
            request = request.bearer(bearer);
        }
        let response = self.call(request, subjects).await?;
        let enrolled = Enrolled::of(read(&response, fields(&response)?)?, gateway_id);
        enrolled.ok_or_else(|| ConnectorApiError::BlankSecret { url: response.url() })
    }

    /// Brings up the gateway on one platform, at `url`, which ends in `/relay/provision`, under the caller's
    /// identity token.
    pub async fn provision(
        &self,
        url: &Url,
        identity: &Secret,
        request: &ProvisionRequest,
    ) -> Result<Provisioned, ConnectorApiError> {
        let subjects = Subjects { identity: "the identity token", grant: "the provisioning" };
        let response = self.call(HttpRequest::post(url).json(request).bearer(identity), subjects).await?;
        let mut fields = fields(&response)?;
        // The only word by which a missing secret is no mistake.
        let withheld = fields.get("secretIssued") == Some(&Value::Bool(false));
        if withheld {
            fields.insert("secret".to_owned(), Value::String(String::new()));
        }
        let provisioned = Provisioned::of(read(&response, fields)?, &request.gateway_id)
            .map_err(|_| response.not_json("it names no gateway, and neither did the request"))?;
        match provisioned.secret {
            None if !withheld => Err(ConnectorApiError::BlankSecret { url: response.url() }),
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
    ) -> Result<(), ConnectorApiError> {
        let token = Secret::new(credentials.token(now));
        let subjects = Subjects { identity: "the gateway's secret", grant: "the policy" };
        self.call(HttpRequest::post(url).json(policy).bearer(&token), subjects).await.map(drop)
    }

    /// Uploads a file for a chat, at `url`, which ends in `/relay/media`, and answers where the connector has it for
    /// about an hour. It refuses what is larger than 25 MiB. It may take as long as bytes move, and 60 s while none does,
    /// whatever the other calls have. The gateway proves its name by a token minted for this
    /// call.
    pub async fn upload_media(
        &self,
        url: &Url,
        credentials: &Credentials,
        now: UnixSeconds,
        file: MediaFile,
    ) -> Result<Url, ConnectorApiError> {
        let token = Secret::new(credentials.token(now));
        let subjects = Subjects { identity: "the gateway's secret", grant: "the file" };
        let mut request = HttpRequest::post(url).body(&file.content_type, file.bytes).bearer(&token);
        if let Some(name) = &file.name {
            // A header holds no other characters; whoever sends the file names it again.
            let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '_' };
            request = request.header("x-media-filename", name.chars().map(plain).collect::<String>().trim());
        }
        // A large file over a slow line takes as long as it takes.
        let http = self.http.clone().with_deadlines(Deadlines::silence(UPLOAD_SILENCE));
        let response = http.call(request).await.map_err(|error| subjects.explain(error))?;
        let stored: MediaResponse = response.json()?;
        let mut place = url.clone();
        match place.path_segments_mut() {
            Ok(mut segments) if !stored.id.is_empty() => drop(segments.push(&stored.id)),
            _ => return Err(response.not_json("it does not name the file").into()),
        }
        Ok(place)
    }

    async fn call(
        &self,
        request: HttpRequest,
        subjects: Subjects,
    ) -> Result<HttpResponse, ConnectorApiError> {
        self.http.call(request).await.map_err(|error| subjects.explain(error))
    }
}
