//! What follows from a loss: the one table of close codes and upgrade statuses (contract, Connection).

use crate::DisabledReason;
use crate::link::reconnect::Loss;

/// Where the link stands when a connection is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
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
pub(crate) enum Verdict {
    /// Dial again without waiting.
    AtOnce,
    /// Dial again after the backoff.
    Backoff,
    /// Dial again after a hold and the backoff.
    TryLater,
    /// Never dial again.
    Disable(DisabledReason),
    /// Dial when the link is woken, or wakes by itself.
    Rest,
    /// The owner closed the link.
    End,
}

/// The reason with which a connector closes when a token was genuine, but old.
const EXPIRED: &str = "expired";

impl Standing {
    /// A dial begins.
    pub(crate) fn dialing(&mut self) {
        self.attempt = self.attempt.saturating_add(1);
    }

    /// A descriptor came.
    pub(crate) fn live(&mut self) {
        self.ever_live = true;
        self.doubted = false;
    }

    /// Judges a loss. `healthy` says whether the connection had lived long enough for a new beginning.
    pub(crate) fn judge(&mut self, loss: &Loss, healthy: bool) -> Verdict {
        // What the peer says wrongly it may say again on the next connection, and however long it took to say it, the
        // waits must grow. A connection that was confirmed idle ended as it should, however short it was.
        let faulty = matches!(loss, Loss::NotUtf8 | Loss::TooLarge { .. } | Loss::Protocol { .. });
        let healthy = healthy && !faulty;
        if healthy || matches!(loss, Loss::Rest) {
            (self.attempt, self.hurried, self.refreshed) = (0, false, false);
        }
        match loss {
            Loss::Owner => Verdict::End,
            Loss::Rest => Verdict::Rest,
            Loss::Idle => Verdict::AtOnce,
            Loss::Closed { code: 4401, reason } if reason == EXPIRED => {
                at_once_if(!std::mem::replace(&mut self.refreshed, true))
            }
            Loss::Closed { code: 4401, reason } => self.rejected(reason),
            Loss::Upgrade { status: 401, .. } if self.doubted => {
                Verdict::Disable(DisabledReason::Revoked { reason: "HTTP 401 at the upgrade".to_owned() })
            }
            Loss::Closed { code: 1013, .. } => Verdict::TryLater,
            // 1008 is another gateway with the same id: dialing at once, the two would throw each other out.
            Loss::Closed { code: 1008, .. }
            | Loss::Dial(_)
            | Loss::DialTimeout { .. }
            | Loss::Upgrade { .. }
            | Loss::NoWebSocket { .. }
            | Loss::NoDescriptor { .. } => Verdict::Backoff,
            Loss::Closed { .. }
            | Loss::Broken { .. }
            | Loss::Silent { .. }
            | Loss::WriteStuck { .. }
            | Loss::NotUtf8
            | Loss::TooLarge { .. }
            | Loss::Protocol { .. } => at_once_if(healthy),
        }
    }

    fn rejected(&mut self, reason: &str) -> Verdict {
        if self.doubted {
            return Verdict::Disable(DisabledReason::Revoked { reason: reason.to_owned() });
        }
        if !self.ever_live {
            // A cold start: the connector may not have been told of this gateway yet.
            return Verdict::Backoff;
        }
        self.doubted = true;
        at_once_if(!std::mem::replace(&mut self.hurried, true))
    }
}

fn at_once_if(condition: bool) -> Verdict {
    if condition { Verdict::AtOnce } else { Verdict::Backoff }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::{Standing, Verdict};
    use crate::DisabledReason;
    use crate::link::reconnect::{Initiator, Loss};
    use relay_net::DialError;

    const LIMIT: Duration = Duration::from_secs(1);

    fn closed(code: u16, reason: &str) -> Loss {
        Loss::Closed { code, reason: reason.to_owned() }
    }

    fn upgrade(status: u16) -> Loss {
        Loss::Upgrade { status, location: None }
    }

    fn once_live() -> Standing {
        Standing { attempt: 3, ever_live: true, ..Standing::default() }
    }

    fn revoked(reason: &str) -> Verdict {
        Verdict::Disable(DisabledReason::Revoked { reason: reason.to_owned() })
    }

    #[test]
    fn the_table_of_losses() {
        use Initiator::{Connector, Link, Network, Owner};
        use Verdict::{AtOnce, Backoff, End, Rest, TryLater};
        let tls =
            || DialError::Tls { host: "h".to_owned(), source: io::Error::other("bad certificate").into() };
        let refused = || DialError::Connect { host: "h".to_owned(), port: 1, source: io::Error::other("no") };
        let detail = || "d".to_owned();
        // Loss, initiator, verdict before a connection was healthy, verdict after.
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
            (Loss::Broken { detail: detail() }, Network, Backoff, AtOnce),
            (Loss::Silent { limit: LIMIT }, Link, Backoff, AtOnce),
            (Loss::WriteStuck { limit: LIMIT }, Link, Backoff, AtOnce),
            (Loss::NotUtf8, Link, Backoff, Backoff),
            (Loss::TooLarge { detail: detail() }, Link, Backoff, Backoff),
            (Loss::Protocol { detail: detail() }, Link, Backoff, Backoff),
            (Loss::NoDescriptor { limit: LIMIT }, Link, Backoff, Backoff),
            (Loss::Dial(tls()), Network, Backoff, Backoff),
            (Loss::Dial(refused()), Network, Backoff, Backoff),
            (Loss::DialTimeout { limit: LIMIT }, Network, Backoff, Backoff),
            (Loss::NoWebSocket { detail: detail() }, Network, Backoff, Backoff),
            (upgrade(301), Connector, Backoff, Backoff),
            (upgrade(400), Connector, Backoff, Backoff),
            (upgrade(401), Connector, Backoff, Backoff),
            (upgrade(403), Connector, Backoff, Backoff),
            (upgrade(404), Connector, Backoff, Backoff),
            (upgrade(429), Connector, Backoff, Backoff),
            (upgrade(503), Connector, Backoff, Backoff),
            (Loss::Owner, Owner, End, End),
            (Loss::Rest, Owner, Rest, Rest),
            (Loss::Idle, Owner, AtOnce, AtOnce),
        ];
        for (loss, initiator, early, late) in table {
            assert_eq!(loss.initiator(), initiator, "{loss}");
            assert_eq!(once_live().judge(&loss, false), early, "{loss}, early");
            assert_eq!(once_live().judge(&loss, true), late, "{loss}, after a healthy connection");
        }
    }

    #[test]
    fn a_4401_before_any_descriptor_is_tried_again_however_often() {
        let mut standing = Standing::default();
        for _ in 0..10 {
            standing.dialing();
            assert_eq!(standing.judge(&closed(4401, "unknown gateway"), false), Verdict::Backoff);
        }
    }

    #[test]
    fn a_second_4401_without_a_descriptor_between_is_final() {
        let mut standing = once_live();
        assert_eq!(standing.judge(&closed(4401, "gone"), false), Verdict::AtOnce);
        assert_eq!(standing.judge(&closed(4401, "revoked"), false), revoked("revoked"));
    }

    #[test]
    fn a_401_at_the_upgrade_is_final_only_where_it_is_the_second_rejection() {
        let mut standing = once_live();
        assert_eq!(standing.judge(&upgrade(401), false), Verdict::Backoff);
        assert_eq!(standing.judge(&closed(4401, "gone"), false), Verdict::AtOnce);
        assert_eq!(standing.judge(&upgrade(401), false), revoked("HTTP 401 at the upgrade"));
    }

    #[test]
    fn a_descriptor_removes_the_doubt_and_the_next_4401_waits_its_turn() {
        let mut standing = once_live();
        assert_eq!(standing.judge(&closed(4401, "gone"), false), Verdict::AtOnce);
        standing.live();
        assert_eq!(standing.judge(&closed(4401, "gone"), false), Verdict::Backoff, "not at once for ever");
        assert_eq!(standing.judge(&closed(4401, "gone"), false), revoked("gone"));
    }

    #[test]
    fn a_dial_that_reached_nobody_leaves_the_doubt() {
        let mut standing = once_live();
        standing.judge(&closed(4401, "gone"), false);
        assert_eq!(standing.judge(&Loss::DialTimeout { limit: LIMIT }, false), Verdict::Backoff);
        assert_eq!(standing.judge(&closed(4401, "gone"), false), revoked("gone"));
    }

    #[test]
    fn an_expired_token_is_renewed_at_once_but_not_again_and_again_and_never_final() {
        let mut standing = Standing::default();
        assert_eq!(standing.judge(&closed(4401, "expired"), false), Verdict::AtOnce);
        for _ in 0..10 {
            assert_eq!(standing.judge(&closed(4401, "expired"), false), Verdict::Backoff);
        }
        assert_eq!(standing.judge(&closed(4401, "expired"), true), Verdict::AtOnce);
    }

    #[test]
    fn a_fault_of_the_peer_never_starts_the_attempts_anew() {
        let mut standing = Standing { attempt: 7, ..once_live() };
        let large = Loss::TooLarge { detail: String::new() };
        assert_eq!(standing.judge(&large, true), Verdict::Backoff);
        assert_eq!(standing.attempt, 7);
    }

    #[test]
    fn a_healthy_connection_starts_the_attempts_anew() {
        let mut standing = Standing { attempt: 7, ..once_live() };
        standing.judge(&closed(1001, ""), false);
        assert_eq!(standing.attempt, 7);
        standing.judge(&closed(1001, ""), true);
        assert_eq!(standing.attempt, 0);
        standing.dialing();
        assert_eq!(standing.attempt, 1);
    }
}
