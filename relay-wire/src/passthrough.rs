//! A provider's HTTP request, forwarded as it came.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{surrogate, tolerant};

/// Senders in the field differ in whether they pad.
const BODY: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A request that a chat provider made to the connector (contract, Passthrough).
///
/// The connector has verified the provider's signature and removed every credential; the gateway
/// re-validates nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Forward {
    /// The platform whose provider called.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub platform: String,
    /// The bot that was called; may be empty.
    #[serde(rename = "botId", deserialize_with = "tolerant::text_or_empty")]
    pub bot_id: String,
    /// The HTTP method.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub method: String,
    /// The path that was called.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub path: String,
    /// The headers in their order; one name may stand several times.
    #[serde(deserialize_with = "tolerant::pairs")]
    pub headers: Vec<(String, String)>,
    /// The body, in base64; see [`body`](Self::body).
    #[serde(rename = "bodyB64", deserialize_with = "tolerant::text_or_empty")]
    pub body_b64: String,
    /// The agent profile this bot is routed to.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

impl Forward {
    /// The exact bytes of the body; empty when the base64 is malformed.
    pub fn body(&self) -> Vec<u8> {
        BODY.decode(self.body_b64.as_bytes()).unwrap_or_default()
    }

    /// The body as JSON, or `None` when it is none. Half a surrogate pair reads as U+FFFD, as in every frame.
    pub fn json_body(&self) -> Option<Value> {
        let body = self.body();
        serde_json::from_slice(&body)
            .or_else(|error| serde_json::from_slice(&surrogate::repair(&body).ok_or(error)?))
            .ok()
    }

    /// Sets the body from its bytes.
    pub fn set_body(&mut self, bytes: &[u8]) {
        self.body_b64 = STANDARD.encode(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::Forward;

    #[test]
    fn the_body_is_the_exact_bytes_and_malformed_base64_is_an_empty_one() {
        let mut forward = Forward::default();
        forward.set_body(&[0, 255, b'\n', 128]);
        assert_eq!(forward.body_b64, "AP8KgA==");
        assert_eq!(forward.body(), [0, 255, b'\n', 128]);
        forward.body_b64 = "AP8KgA".into();
        assert_eq!(forward.body(), [0, 255, b'\n', 128]);
        forward.body_b64 = "not base64!".into();
        assert_eq!(forward.body(), [0u8; 0]);
    }

    #[test]
    fn a_body_with_half_an_emoji_is_still_json_and_one_that_is_no_json_is_none() {
        let mut forward = Forward::default();
        forward.set_body(br#"{"name":"a\ud83d"}"#);
        assert_eq!(forward.json_body(), Some(serde_json::json!({"name": "a\u{fffd}"})));
        forward.set_body(br#"{"name":"#);
        assert_eq!(forward.json_body(), None);
        forward.set_body(br#"{"name":"\ud83d"#);
        assert_eq!(forward.json_body(), None);
    }

    #[test]
    fn headers_keep_order_and_repeats_and_a_broken_one_spares_its_neighbours() {
        let forward: Forward = serde_json::from_str(
            r#"{"headers":[["b","1"],["a","2"],["b",3],["lonely"],7,{"x":1},["a","2","extra"]]}"#,
        )
        .expect("the forward decodes");
        let headers: Vec<_> =
            forward.headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        assert_eq!(headers, [("b", "1"), ("a", "2"), ("b", "3"), ("a", "2")]);
    }
}
