//! What became of an action.

use relay_wire::ActionResult;

/// What is known of an action's fate. The difference decides what may be done next: saying a thing twice is
/// worse than saying it late.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The connector performed it.
    Delivered(ActionResult),
    /// The connector refused it (`egress_declined`). Final: never retried, nor said again by another op.
    Declined(ActionResult),
    /// The connector tried and the platform did not take it (a rate limit, a message that is gone). It did
    /// not happen; another op may still get through.
    Failed(ActionResult),
    /// It never reached the socket: safe to send again.
    NotSent,
    /// It was written and no answer came, or one that says nobody knows: it may have happened, so it is never sent again by us.
    Unknown,
}

impl Outcome {
    /// Sorts a connector's answer.
    pub fn of(result: ActionResult) -> Self {
        if result.success {
            Self::Delivered(result)
        } else if result.is_declined() {
            Self::Declined(result)
        } else if result.ambiguous == Some(true) {
            Self::Unknown
        } else {
            Self::Failed(result)
        }
    }

    /// The message that was made or changed, when the action was delivered and the connector named it.
    pub fn message_id(&self) -> Option<&str> {
        match self {
            Self::Delivered(result) => result.message_id.as_deref(),
            _ => None,
        }
    }

    /// One word for logs and counters.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Delivered(_) => "delivered",
            Self::Declined(_) => "declined",
            Self::Failed(_) => "failed",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use relay_wire::{ActionResult, EGRESS_DECLINED};

    use super::Outcome;

    #[test]
    fn what_nobody_knows_may_have_happened_and_is_never_sent_again() {
        let refused =
            ActionResult { code: Some(EGRESS_DECLINED.into()), ..ActionResult::failed("not yours") };
        assert!(matches!(Outcome::of(refused.clone()), Outcome::Declined(_)));
        assert_eq!(Outcome::of(ActionResult { ambiguous: Some(true), ..refused }), Outcome::Unknown);
        let lost =
            ActionResult { ambiguous: Some(true), ..ActionResult::failed("the platform's answer was lost") };
        assert_eq!(Outcome::of(lost), Outcome::Unknown);
        assert!(matches!(Outcome::of(ActionResult::failed("rate limited")), Outcome::Failed(_)));
    }
}
