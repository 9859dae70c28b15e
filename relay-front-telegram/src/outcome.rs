//! What becomes of an action, in the words of the contract.

use relay_wire::ActionResult;

use crate::ApiError;
use crate::text::MOST_MESSAGES;

pub(crate) fn coded(code: &str, error: impl Into<String>) -> ActionResult {
    ActionResult { code: Some(code.into()), ..ActionResult::failed(error) }
}

/// The id of a message or topic.
pub(crate) fn number(id: &str) -> Option<i64> {
    id.parse().ok()
}

pub(crate) fn no_message(id: &str) -> ActionResult {
    let id: String = id.escape_debug().take(64).collect();
    coded("not_found", format!("`{id}` is no message or topic of Telegram's, whose ids are numbers"))
}

/// Why a text that became so many messages is not sent.
pub(crate) fn unsendable(count: usize) -> Option<ActionResult> {
    match count {
        0 => {
            Some(coded("empty", "there is nothing to see in this text, and Telegram takes no empty message"))
        }
        count if count > MOST_MESSAGES => {
            let error =
                format!("this text needs {count} messages, and {MOST_MESSAGES} are sent at most; shorten it");
            Some(coded("too_long", error))
        }
        _ => None,
    }
}

pub(crate) fn failed(error: &ApiError) -> ActionResult {
    let code = match error {
        ApiError::TooMany { retry_after } => {
            let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
            return coded("rate_limited", error.to_string()).retry_after(seconds);
        }
        ApiError::Forbidden(_) => "forbidden",
        ApiError::Refused(text) if text.contains("not found") => "not_found",
        ApiError::Refused(_) | ApiError::Migrated { .. } => "bad_request",
        _ => "unreachable",
    };
    coded(code, error.to_string())
}
