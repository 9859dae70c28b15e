//! What follows from a disconnect: the one table of close codes and upgrade statuses (contract, Connection).

use std::time::Duration;

use crate::DisabledReason;
use crate::link::reconnect::DisconnectReason;

/// The longest time that a connector is left alone because it asked for that: a page that says tomorrow must not keep a
/// gateway out for a day.
const LONGEST_HOLD: Duration = Duration::from_mins(10);

/// Decides what follows from the end of a connection, by what has happened on the connections before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReconnectPolicy {
    /// Dials since the last healthy connection.
    pub(crate) attempt: u32,
    /// A descriptor has come at some time, so the connector once knew this gateway.
    pub(crate) ever_live: bool,
    /// The connector has said 4401 since the last descriptor; a second time is final.
    pub(crate) doubted: bool,
    /// Since the last healthy connection there has been a dial at once because of 4401. The next one waits,
    /// or a connector that takes and closes every connection would be dialed without end.
    pub(crate) hurried: bool,
    /// The same, because of an expired token.
    pub(crate) refreshed: bool,
}

/// What the link does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reconnect {
    /// Dial again without waiting.
    AtOnce,
    /// Dial again after the backoff.
    Backoff,
    /// Dial again after a hold and the backoff.
    TryLater,
    /// Dial again after the time that the connector asks for, and the backoff.
    After(Duration),
    /// Never dial again.
    Disable(DisabledReason),
    /// Dial when the link is woken, or wakes by itself.
    Hibernate,
    /// The owner closed the link.
    End,
}

/// The reason with which a connector closes when a token was genuine, but old.
const EXPIRED: &str = "expired";

impl ReconnectPolicy {
    /// A dial begins.
    pub(crate) fn dialing(&mut self) {
        self.attempt = self.attempt.saturating_add(1);
    }

    /// A descriptor came.
    pub(crate) fn live(&mut self) {
        self.ever_live = true;
        self.doubted = false;
    }

    /// Decides what follows from a disconnect. `healthy` says whether the connection had lived long enough for a new beginning.
    pub(crate) fn decide(&mut self, reason: &DisconnectReason, healthy: bool) -> Reconnect {
        // What the peer says wrongly it may say again on the next connection, and however long it took to say it, the
        // waits must grow. A connection that was confirmed idle ended as it should, however short it was.
        let faulty = matches!(
            reason,
            DisconnectReason::NotUtf8 | DisconnectReason::TooLarge { .. } | DisconnectReason::Protocol { .. }
        );
        let healthy = healthy && !faulty;
        if healthy || matches!(reason, DisconnectReason::Hibernate) {
            (self.attempt, self.hurried, self.refreshed) = (0, false, false);
        }
        match reason {
            DisconnectReason::Owner => Reconnect::End,
            DisconnectReason::Hibernate => Reconnect::Hibernate,
            DisconnectReason::Idle => Reconnect::AtOnce,
            DisconnectReason::Closed { code: 4401, reason } if reason == EXPIRED => {
                at_once_if(!std::mem::replace(&mut self.refreshed, true))
            }
            DisconnectReason::Closed { code: 4401, reason } => self.rejected(reason),
            DisconnectReason::Upgrade { status: 401, .. } if self.doubted => {
                Reconnect::Disable(DisabledReason::Revoked { reason: "HTTP 401 at the upgrade".to_owned() })
            }
            DisconnectReason::Closed { code: 1013, .. } => Reconnect::TryLater,
            DisconnectReason::Upgrade { retry_after: Some(wait), .. } => {
                Reconnect::After((*wait).min(LONGEST_HOLD))
            }
            // 1008 is another gateway with the same id: dialing at once, the two would throw each other out.
            DisconnectReason::Closed { code: 1008, .. }
            | DisconnectReason::Dial(_)
            | DisconnectReason::DialTimeout { .. }
            | DisconnectReason::Upgrade { .. }
            | DisconnectReason::NoWebSocket { .. }
            | DisconnectReason::NoDescriptor { .. } => Reconnect::Backoff,
            DisconnectReason::Closed { .. }
            | DisconnectReason::Broken { .. }
            | DisconnectReason::Silent { .. }
            | DisconnectReason::Unanswered { .. }
            | DisconnectReason::WriteStuck { .. }
            | DisconnectReason::NotUtf8
            | DisconnectReason::TooLarge { .. }
            | DisconnectReason::Protocol { .. } => at_once_if(healthy),
        }
    }

    fn rejected(&mut self, reason: &str) -> Reconnect {
        if self.doubted {
            return Reconnect::Disable(DisabledReason::Revoked { reason: reason.to_owned() });
        }
        if !self.ever_live {
            // A cold start: the connector may not have been told of this gateway yet.
            return Reconnect::Backoff;
        }
        self.doubted = true;
        at_once_if(!std::mem::replace(&mut self.hurried, true))
    }
}

fn at_once_if(condition: bool) -> Reconnect {
    if condition { Reconnect::AtOnce } else { Reconnect::Backoff }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::{Reconnect, ReconnectPolicy};
    use crate::DisabledReason;
    use crate::link::reconnect::{DisconnectReason, Initiator};
    use relay_net::DialError;

    const LIMIT: Duration = Duration::from_secs(1);

    fn closed(code: u16, reason: &str) -> DisconnectReason {
        DisconnectReason::Closed { code, reason: reason.to_owned() }
    }

    fn upgrade(status: u16) -> DisconnectReason {
        DisconnectReason::Upgrade { status, location: None, retry_after: None }
    }

    fn once_live() -> ReconnectPolicy {
        ReconnectPolicy { attempt: 3, ever_live: true, ..ReconnectPolicy::default() }
    }

    fn revoked(reason: &str) -> Reconnect {
        Reconnect::Disable(DisabledReason::Revoked { reason: reason.to_owned() })
    }

    #[test]
    fn the_table_of_losses() {
        use Initiator::{Connector, Link, Network, Owner};
        use Reconnect::{AtOnce, Backoff, End, Hibernate, TryLater};
        let tls =
            || DialError::Tls { host: "h".to_owned(), source: io::Error::other("bad certificate").into() };
        let refused = || DialError::Connect { host: "h".to_owned(), port: 1, source: io::Error::other("no") };
        let detail = || "d".to_owned();
        // Reason, initiator, what follows before a connection was healthy, what follows after.
        let table = [
            (closed(4401, "expired"), Connector, AtOnce, AtOnce),
            (closed(4401, "unknown gateway"), Connector, AtOnce, AtOnce),
            (closed(1008, "duplicate session"), Connector, Backoff, Backoff),
            (closed(1013, "hold"), Connector, TryLater, TryLater),
            (closed(1000, ""), Connector, Backoff, AtOnce),
            (closed(1001, "going away"), Connector, Backoff, AtOnce),
            (closed(1005, ""), Connector, Backoff, AtOnce),
            (closed(1012, "restart"), Connector, Backoff, AtOnce),
            (closed(4000, "something new"), Connector, Backoff, AtOnce),
            (DisconnectReason::Broken { detail: detail() }, Network, Backoff, AtOnce),
            (DisconnectReason::Silent { limit: LIMIT }, Link, Backoff, AtOnce),
            (DisconnectReason::Unanswered { limit: LIMIT }, Link, Backoff, AtOnce),
            (DisconnectReason::WriteStuck { limit: LIMIT }, Link, Backoff, AtOnce),
            (DisconnectReason::NotUtf8, Link, Backoff, Backoff),
            (DisconnectReason::TooLarge { detail: detail() }, Link, Backoff, Backoff),
            (DisconnectReason::Protocol { detail: detail() }, Link, Backoff, Backoff),
            (DisconnectReason::NoDescriptor { limit: LIMIT }, Link, Backoff, Backoff),
            (DisconnectReason::Dial(tls()), Network, Backoff, Backoff),
            (DisconnectReason::Dial(refused()), Network, Backoff, Backoff),
            (DisconnectReason::DialTimeout { limit: LIMIT }, Network, Backoff, Backoff),
            (DisconnectReason::NoWebSocket { detail: detail() }, Network, Backoff, Backoff),
            (upgrade(301), Connector, Backoff, Backoff),
            (upgrade(400), Connector, Backoff, Backoff),
            (upgrade(401), Connector, Backoff, Backoff),
            (upgrade(403), Connector, Backoff, Backoff),
            (upgrade(404), Connector, Backoff, Backoff),
            (upgrade(429), Connector, Backoff, Backoff),
            (upgrade(503), Connector, Backoff, Backoff),
            (DisconnectReason::Owner, Owner, End, End),
            (DisconnectReason::Hibernate, Owner, Hibernate, Hibernate),
            (DisconnectReason::Idle, Owner, AtOnce, AtOnce),
        ];
        for (reason, initiator, early, late) in table {
            assert_eq!(reason.initiator(), initiator, "{reason}");
            assert_eq!(once_live().decide(&reason, false), early, "{reason}, early");
            assert_eq!(once_live().decide(&reason, true), late, "{reason}, after a healthy connection");
        }
    }

    #[test]
    fn a_4401_before_any_descriptor_is_tried_again_however_often() {
        let mut policy = ReconnectPolicy::default();
        for _ in 0..10 {
            policy.dialing();
            assert_eq!(policy.decide(&closed(4401, "unknown gateway"), false), Reconnect::Backoff);
        }
    }

    #[test]
    fn a_second_4401_without_a_descriptor_between_is_final() {
        let mut policy = once_live();
        assert_eq!(policy.decide(&closed(4401, "gone"), false), Reconnect::AtOnce);
        assert_eq!(policy.decide(&closed(4401, "revoked"), false), revoked("revoked"));
    }

    #[test]
    fn a_401_at_the_upgrade_is_final_only_where_it_is_the_second_rejection() {
        let mut policy = once_live();
        assert_eq!(policy.decide(&upgrade(401), false), Reconnect::Backoff);
        assert_eq!(policy.decide(&closed(4401, "gone"), false), Reconnect::AtOnce);
        assert_eq!(policy.decide(&upgrade(401), false), revoked("HTTP 401 at the upgrade"));
    }

    #[test]
    fn a_descriptor_removes_the_doubt_and_the_next_4401_waits_its_turn() {
        let mut policy = once_live();
        assert_eq!(policy.decide(&closed(4401, "gone"), false), Reconnect::AtOnce);
        policy.live();
        assert_eq!(policy.decide(&closed(4401, "gone"), false), Reconnect::Backoff, "not at once for ever");
        assert_eq!(policy.decide(&closed(4401, "gone"), false), revoked("gone"));
    }

    #[test]
    fn a_dial_that_reached_nobody_leaves_the_doubt() {
        let mut policy = once_live();
        policy.decide(&closed(4401, "gone"), false);
        assert_eq!(policy.decide(&DisconnectReason::DialTimeout { limit: LIMIT }, false), Reconnect::Backoff);
        assert_eq!(policy.decide(&closed(4401, "gone"), false), revoked("gone"));
    }

    #[test]
    fn an_expired_token_is_renewed_at_once_but_not_again_and_again_and_never_final() {
        let mut policy = ReconnectPolicy::default();
        assert_eq!(policy.decide(&closed(4401, "expired"), false), Reconnect::AtOnce);
        for _ in 0..10 {
            assert_eq!(policy.decide(&closed(4401, "expired"), false), Reconnect::Backoff);
        }
        assert_eq!(policy.decide(&closed(4401, "expired"), true), Reconnect::AtOnce);
    }

    #[test]
    fn a_fault_of_the_peer_never_starts_the_attempts_anew() {
        let mut policy = ReconnectPolicy { attempt: 7, ..once_live() };
        let large = DisconnectReason::TooLarge { detail: String::new() };
        assert_eq!(policy.decide(&large, true), Reconnect::Backoff);
        assert_eq!(policy.attempt, 7);
    }

    #[test]
    fn a_healthy_connection_starts_the_attempts_anew() {
        let mut policy = ReconnectPolicy { attempt: 7, ..once_live() };
        policy.decide(&closed(1001, ""), false);
        assert_eq!(policy.attempt, 7);
        policy.decide(&closed(1001, ""), true);
        assert_eq!(policy.attempt, 0);
        policy.dialing();
        assert_eq!(policy.attempt, 1);
    }
}
