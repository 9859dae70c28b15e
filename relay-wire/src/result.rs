//! What became of an outbound action.

use serde::{Deserialize, Serialize};

use crate::tolerant;

/// The `code` of a refusal.
pub const EGRESS_DECLINED: &str = "egress_declined";

/// What connectors without a `code` write somewhere in the `error` of a refusal, in any case.
const DECLINED_WORDS: &str = "egress declined";

/// The connector's answer to an action (contract, Results).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActionResult {
    /// The action was performed.
    #[serde(deserialize_with = "tolerant::flag_or_false")]
    pub success: bool,
    /// The message that was made or changed.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// What went wrong, for people.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What went wrong, for programs.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Nobody knows whether the action was performed, as after a lost answer of the platform.
    #[serde(deserialize_with = "tolerant::flag", skip_serializing_if = "Option::is_none")]
    pub ambiguous: Option<bool>,
    /// The platform asks to wait for so many seconds; the same action may succeed then. Older gateways see an
    /// ordinary failure.
    #[serde(deserialize_with = "tolerant::count", skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The thread that was made.
    #[serde(deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<String>,
    /// The answer to `get_chat_info`.
    #[serde(deserialize_with = "tolerant::object", skip_serializing_if = "Option::is_none")]
    pub chat_info: Option<ChatInfo>,
}

impl ActionResult {
    /// A success that made or changed a message.
    pub fn delivered(message_id: impl Into<String>) -> Self {
        Self { success: true, message_id: Some(message_id.into()), ..Self::default() }
    }

    /// A success that has nothing more to say.
    pub fn done() -> Self {
        Self { success: true, ..Self::default() }
    }

    /// A failure, with what went wrong.
    pub fn failed(error: impl Into<String>) -> Self {
        Self { error: Some(error.into()), ..Self::default() }
    }

    /// The same, with the seconds after which it may succeed.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The connector refused the action. That is final: it is never retried, nor said again by another op.
    ///
    /// What succeeded was not refused, and what is [`ambiguous`](Self::ambiguous) may have been performed.
    pub fn is_declined(&self) -> bool {
        if self.success || self.ambiguous == Some(true) {
            return false;
        }
        let by_code = self.code.as_deref() == Some(EGRESS_DECLINED);
        let by_error = |error: &str| error.to_ascii_lowercase().contains(DECLINED_WORDS);
        by_code || self.error.as_deref().is_some_and(by_error)
    }
}

/// A chat's name and type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatInfo {
    /// The chat's display name.
    #[serde(deserialize_with = "tolerant::text_or_empty")]
    pub name: String,
    /// The chat's type, in the words of [`ChatType`](crate::ChatType).
    #[serde(rename = "type", deserialize_with = "tolerant::text_or_empty")]
    pub kind: String,
}

#[cfg(test)]
mod tests {
    use super::ActionResult;

    fn declined(json: &str) -> bool {
        serde_json::from_str::<ActionResult>(json).expect("the result decodes").is_declined()
    }

    #[test]
    fn a_wait_is_written_in_whole_seconds_and_nonsense_is_none() {
        let failed = ActionResult::failed("slow down").retry_after(30);
        let json = r#"{"success":false,"error":"slow down","retry_after":30}"#;
        assert_eq!(serde_json::to_string(&failed).unwrap(), json);
        assert_eq!(serde_json::from_str::<ActionResult>(json).unwrap(), failed);
        for nonsense in [r#"{"retry_after":"soon"}"#, r#"{"retry_after":-1}"#, r#"{"retry_after":null}"#] {
            assert_eq!(
                serde_json::from_str::<ActionResult>(nonsense).unwrap().retry_after,
                None,
                "{nonsense}"
            );
        }
    }

    #[test]
    fn a_refusal_is_told_by_its_code_or_by_what_its_error_contains() {
        assert!(declined(r#"{"success":false,"code":"egress_declined"}"#));
        assert!(declined(r#"{"success":false,"error":"Egress Declined: not a member"}"#));
        assert!(!declined(r#"{"success":false,"error":"rate limited","code":"http_429"}"#));
        assert!(declined(r#"{"success":false,"error":"whatsapp egress declined: chat is not on the list"}"#));
        assert!(declined(r#"{"success":false,"error":"Ä: EGRESS DECLINED"}"#));
        assert!(!declined(r#"{"success":false,"error":"ä"}"#));
        assert!(!declined(r#"{"success":false,"error":"egress declined: ?","ambiguous":true}"#));
        assert!(!declined(r#"{"success":false,"code":"egress_declined","ambiguous":true}"#));
        assert!(declined(r#"{"success":false,"code":"egress_declined","ambiguous":false}"#));
        assert!(!declined(r#"{"success":true,"code":"egress_declined"}"#), "what succeeded was not refused");
    }
}
