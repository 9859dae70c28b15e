//! Does this machine know the time?

use super::outcome::{CheckOutcome, Finding};
use crate::cli::Exit;

/// How long an upgrade token lives, in seconds (contract, Connection).
const TOKEN_LIVES: u64 = relay_auth::UPGRADE_TOKEN_TTL_SECONDS;

/// What is worth a word, in seconds: beyond a slow answer and a `Date` of whole seconds.
const NOTEWORTHY: u64 = 30;

/// What the connector's host says of the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PeerClock {
    /// Unix seconds there, and here at the same moment.
    Told { there: u64, here: u64 },
    /// It answered without a date.
    Untold,
    /// It could not be asked.
    Unasked(String),
}

pub(crate) fn outcome(clock: &PeerClock) -> CheckOutcome {
    let (there, here) = match clock {
        PeerClock::Told { there, here } => (*there, *here),
        PeerClock::Untold => {
            return CheckOutcome::Skipped("the connector's host says no date in its answers".to_owned());
        }
        PeerClock::Unasked(why) => return CheckOutcome::Skipped(why.clone()),
    };
    let off = there.abs_diff(here);
    let side = if here < there { "behind" } else { "ahead of" };
    let what = format!("this machine's clock is {off} s {side} the connector's");
    let remedy = "set this machine's clock, or let it be set (timedatectl set-ntp true); in a virtual machine \
                  or container, its host's";
    if off <= NOTEWORTHY {
        CheckOutcome::Passed(format!("within {off} s of the connector's"))
    } else if here < there && off >= TOKEN_LIVES {
        let what = format!("{what}, so that its tokens have expired before they arrive");
        CheckOutcome::Failed(Finding::new(what, remedy), Exit::Config)
    } else {
        CheckOutcome::Warned(Finding::new(what, remedy))
    }
}

#[cfg(test)]
mod tests {
    use super::{PeerClock, outcome};

    #[test]
    fn a_clock_is_judged_by_what_it_does_to_the_tokens() {
        for (here, there, word) in [
            (1_000, 1_000, "passed"),
            (1_000, 1_030, "passed"),
            (1_000, 1_031, "warned"),
            (1_000, 1_299, "warned"),
            (1_000, 1_300, "failed"),
            (2_000, 1_000, "warned"),
        ] {
            let found = outcome(&PeerClock::Told { there, here });
            assert_eq!(found.word(), word, "{here} here, {there} there: {found:?}");
        }
        assert_eq!(outcome(&PeerClock::Untold).word(), "skipped");
        assert_eq!(outcome(&PeerClock::Unasked("tcp failed".to_owned())).detail(), "tcp failed");
    }
}
