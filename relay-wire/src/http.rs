//! Bodies of the HTTP requests beside the socket (contract, HTTP routes).
//!
//! Both sides tolerate fields of later contracts and read what is missing, null or of the wrong type as empty,
//! all but the fields without which a request or an answer is worth nothing. What
//! carries a credential does not show it in `Debug`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::tolerant;

const REDACTED: &str = "[redacted]";

/// `POST /relay/provision`: bring up a gateway under the caller's identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvisionRequest {
    /// The gateway.
    pub gateway_id: String,
    /// One platform that it fronts.
    pub platform: String,
    /// Its bot there; may be empty.
    #[serde(default, deserialize_with = "tolerant::text_or_empty")]
    pub bot_id: String,
    /// Where the gateway could be called; empty for one without a public address.
    #[serde(default, deserialize_with = "tolerant::text_or_empty")]
    pub gateway_endpoint: String,
    /// The chats or scopes that belong to this gateway.
    #[serde(default, deserialize_with = "tolerant::texts")]
    pub route_keys: Vec<String>,
    /// The instance; left out, not empty, when unset.
    #[serde(default, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub instance_id: Option<String>,
    /// Where a sleeping gateway is woken; left out, not empty, when unset.
    #[serde(default, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub wake_url: Option<String>,
}

/// The answer to [`ProvisionRequest`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvisionResponse {
    /// Signs the gateway's upgrade tokens.
    pub secret: String,
    /// Signs deliveries over HTTP; superseded by the socket.
    #[serde(default, deserialize_with = "tolerant::text_or_empty")]
    pub delivery_key: String,
    /// The tenant, as the connector took it from the identity.
    #[serde(default, deserialize_with = "tolerant::text_or_empty")]
    pub tenant: String,
    /// The gateway.
    #[serde(default, deserialize_with = "tolerant::text_or_empty")]
    pub gateway_id: String,
    /// The chats or scopes that now belong to it.
    #[serde(default, deserialize_with = "tolerant::texts")]
    pub route_keys: Vec<String>,
}

impl fmt::Debug for ProvisionResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProvisionResponse")
            .field("secret", &REDACTED)
            .field("delivery_key", &REDACTED)
            .field("tenant", &self.tenant)
            .field("gateway_id", &self.gateway_id)
            .field("route_keys", &self.route_keys)
            .finish()
    }
}

/// `POST /relay/enroll`: redeem an enrollment token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrollRequest {
    /// The token, good for one use.
    pub enrollment_token: String,
    /// The name that the gateway wants.
    pub gateway_id: String,
}

impl fmt::Debug for EnrollRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrollRequest")
            .field("enrollment_token", &REDACTED)
            .field("gateway_id", &self.gateway_id)
            .finish()
    }
}

/// The answer to [`EnrollRequest`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrollResponse {
    /// Signs the gateway's upgrade tokens.
    pub secret: String,
    /// Signs deliveries over HTTP; superseded by the socket.
    #[serde(default, deserialize_with = "tolerant::text_or_empty")]
    pub delivery_key: String,
    /// The tenant that the token was minted for.
    #[serde(default, deserialize_with = "tolerant::text_or_empty")]
    pub tenant: String,
    /// The gateway's name as the connector keeps it.
    #[serde(default, deserialize_with = "tolerant::text_or_empty")]
    pub gateway_id: String,
}

impl fmt::Debug for EnrollResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrollResponse")
            .field("secret", &REDACTED)
            .field("delivery_key", &REDACTED)
            .field("tenant", &self.tenant)
            .field("gateway_id", &self.gateway_id)
            .finish()
    }
}

/// `POST /relay/policy`: which messages of a platform concern the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRequest {
    /// The platform.
    pub platform: String,
    /// In groups, only messages that address the bot are delivered.
    #[serde(default, deserialize_with = "tolerant::flag_or_false")]
    pub require_address: bool,
    /// Chats where every message is delivered all the same.
    #[serde(default, deserialize_with = "tolerant::texts")]
    pub free_response_scopes: Vec<String>,
    /// Messages by other bots are delivered too.
    #[serde(default, deserialize_with = "tolerant::flag_or_false")]
    pub allow_other_bots: bool,
}

/// The answer to `POST /relay/media`; the file is then at `/relay/media/{id}` for about an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MediaResponse {
    /// Names the file.
    pub id: String,
    /// Its size in bytes.
    #[serde(default, deserialize_with = "tolerant::count_or_zero")]
    pub size: u64,
}

/// The body of every answer outside 2xx.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    #[serde(default, deserialize_with = "tolerant::text_or_empty")]
    pub error: String,
}

#[cfg(test)]
mod tests {
    use super::{EnrollRequest, EnrollResponse, PolicyRequest, ProvisionRequest, ProvisionResponse};

    #[test]
    fn an_unset_instance_and_wake_url_are_left_out_not_empty() {
        let request = ProvisionRequest {
            gateway_id: "gw".into(),
            platform: "discord".into(),
            bot_id: String::new(),
            gateway_endpoint: String::new(),
            route_keys: vec!["g1".into()],
            instance_id: None,
            wake_url: None,
        };
        assert_eq!(
            serde_json::to_string(&request).expect("plain data"),
            r#"{"gatewayId":"gw","platform":"discord","botId":"","gatewayEndpoint":"","routeKeys":["g1"]}"#
        );
    }

    #[test]
    fn what_a_request_has_null_or_of_another_type_reads_as_unset() {
        let request: ProvisionRequest = serde_json::from_str(
            r#"{"gatewayId":"gw","platform":"discord","botId":null,"gatewayEndpoint":{},"routeKeys":"g1",
                "instanceId":null,"wakeUrl":[]}"#,
        )
        .expect("both required texts are there");
        let unset = r#"{"gatewayId":"gw","platform":"discord"}"#;
        assert_eq!(request, serde_json::from_str(unset).expect("nothing else is required"));
        let policy: PolicyRequest = serde_json::from_str(
            r#"{"platform":"discord","requireAddress":"yes","freeResponseScopes":null}"#,
        )
        .expect("the platform is there");
        assert!(!policy.require_address && policy.free_response_scopes.is_empty());
    }

    #[test]
    fn debug_shows_no_credential() {
        let shown = [
            format!("{:?}", EnrollRequest { enrollment_token: "hunter2".into(), gateway_id: "gw".into() }),
            format!(
                "{:?}",
                EnrollResponse {
                    secret: "hunter2".into(),
                    delivery_key: "hunter2".into(),
                    tenant: "t".into(),
                    gateway_id: "gw".into()
                }
            ),
            format!(
                "{:?}",
                ProvisionResponse {
                    secret: "hunter2".into(),
                    delivery_key: "hunter2".into(),
                    tenant: "t".into(),
                    gateway_id: "gw".into(),
                    route_keys: vec![]
                }
            ),
        ];
        for text in shown {
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains("gw"), "{text}");
        }
    }
}
