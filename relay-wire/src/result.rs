//! What became of an outbound action.

use serde::{Deserialize, Serialize};

use crate::text::{owned, owned_opt};
use crate::{Text, tolerant};

/// The `code` of a refusal.
pub const EGRESS_DECLINED: &str = "egress_declined";

/// What connectors without a `code` write somewhere in the `error` of a refusal, in any case.
const DECLINED_WORDS: &str = "egress declined";

/// The connector's answer to an action (contract, Results).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ActionResult<'a> {
    /// The action was performed.
    #[serde(deserialize_with = "tolerant::flag_or_false")]
    pub success: bool,
    /// The message that was made or changed.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub message_id: Option<Text<'a>>,
    /// What went wrong, for people.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub error: Option<Text<'a>>,
    /// What went wrong, for programs.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub code: Option<Text<'a>>,
    /// Nobody knows whether the action was performed, as after a lost answer of the platform.
    #[serde(deserialize_with = "tolerant::flag", skip_serializing_if = "Option::is_none")]
    pub ambiguous: Option<bool>,
    /// The thread that was made.
    #[serde(borrow, deserialize_with = "tolerant::text", skip_serializing_if = "Option::is_none")]
    pub thread_id: Option<Text<'a>>,
    /// The answer to `get_chat_info`.
    #[serde(borrow, deserialize_with = "tolerant::object", skip_serializing_if = "Option::is_none")]
    pub chat_info: Option<ChatInfo<'a>>,
}

impl<'a> ActionResult<'a> {
    /// A success that made or changed a message.
    pub fn delivered(message_id: impl Into<Text<'a>>) -> Self {
        Self { success: true, message_id: Some(message_id.into()), ..Self::default() }
    }

    /// A success that has nothing more to say.
    pub fn done() -> Self {
        Self { success: true, ..Self::default() }
    }

    /// A failure, with what went wrong.
    pub fn failed(error: impl Into<Text<'a>>) -> Self {
        Self { error: Some(error.into()), ..Self::default() }
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

    /// Detaches the value from the line it was read from.
    pub fn into_owned(self) -> ActionResult<'static> {
        ActionResult {
            success: self.success,
            message_id: owned_opt(self.message_id),
            error: owned_opt(self.error),
            code: owned_opt(self.code),
            ambiguous: self.ambiguous,
            thread_id: owned_opt(self.thread_id),
            chat_info: self.chat_info.map(ChatInfo::into_owned),
        }
    }
}

/// A chat's name and type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ChatInfo<'a> {
    /// The chat's display name.
    #[serde(borrow, deserialize_with = "tolerant::text_or_empty")]
    pub name: Text<'a>,
    /// The chat's type, in the words of [`ChatType`](crate::ChatType).
    #[serde(borrow, rename = "type", deserialize_with = "tolerant::text_or_empty")]
    pub kind: Text<'a>,
}

impl ChatInfo<'_> {
    /// Detaches the value from the line it was read from.
    pub fn into_owned(self) -> ChatInfo<'static> {
        ChatInfo { name: owned(self.name), kind: owned(self.kind) }
    }
}

#[cfg(test)]
mod tests {
    use super::ActionResult;

    fn declined(json: &str) -> bool {
        serde_json::from_str::<ActionResult<'_>>(json).expect("the result decodes").is_declined()
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
