//! The link's state machine: one table, through which every published state goes.

use tokio::sync::watch;
use tracing::error;

use crate::LinkState;

/// A state without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Connecting,
    Handshaking,
    Live,
    Draining,
    Hibernating,
    Disabled,
    Closed,
}

/// What moves a link from one state to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The dial became a WebSocket.
    Upgraded,
    /// The first descriptor of the connection came.
    Described,
    /// `going_idle` was written.
    GoesIdle,
    /// Idling was given up: the connector did not confirm it in time, or the link was woken.
    StaysLive,
    /// There is no connection and none is wanted for the time being.
    Hibernates,
    /// A connection is wanted again.
    Wakes,
    /// There is no connection, and the link dials again.
    Lost,
    /// The connector, or the configuration, rules out every further dial.
    Rejected,
    /// The owner closed the link.
    Closes,
}

/// From, what happens, to. What is not listed does not happen; `docs/architecture.md` shows the same table.
pub(crate) const TABLE: [(Stage, Step, Stage); 21] = {
    use Stage::{Closed, Connecting, Disabled, Draining, Handshaking, Hibernating, Live};
    use Step::{Closes, Described, GoesIdle, Hibernates, Lost, Rejected, StaysLive, Upgraded, Wakes};
    [
        (Connecting, Upgraded, Handshaking),
        (Connecting, Lost, Connecting),
        (Connecting, Hibernates, Hibernating),
        (Connecting, Rejected, Disabled),
        (Connecting, Closes, Closed),
        (Handshaking, Described, Live),
        (Handshaking, Lost, Connecting),
        (Handshaking, Hibernates, Hibernating),
        (Handshaking, Rejected, Disabled),
        (Handshaking, Closes, Closed),
        (Live, GoesIdle, Draining),
        (Live, Lost, Connecting),
        (Live, Rejected, Disabled),
        (Live, Closes, Closed),
        (Draining, StaysLive, Live),
        (Draining, Hibernates, Hibernating),
        (Draining, Lost, Connecting),
        (Draining, Rejected, Disabled),
        (Draining, Closes, Closed),
        (Hibernating, Wakes, Connecting),
        (Hibernating, Closes, Closed),
    ]
};

/// Where a step leads; `None` where the table has no such step.
pub(crate) fn next(from: Stage, step: Step) -> Option<Stage> {
    TABLE.iter().find(|row| (row.0, row.1) == (from, step)).map(|row| row.2)
}

impl LinkState {
    pub(crate) fn stage(&self) -> Stage {
        match self {
            Self::Connecting { .. } => Stage::Connecting,
            Self::Handshaking => Stage::Handshaking,
            Self::Live => Stage::Live,
            Self::Draining => Stage::Draining,
            Self::Hibernating => Stage::Hibernating,
            Self::Disabled { .. } => Stage::Disabled,
            Self::Closed => Stage::Closed,
        }
    }
}

/// The published state. It changes by the steps of the table and in no other way.
#[derive(Debug)]
pub(crate) struct Stages(watch::Sender<LinkState>);

impl Stages {
    pub(crate) fn new() -> (Self, watch::Receiver<LinkState>) {
        let (sender, state) = watch::channel(LinkState::Connecting { attempt: 1 });
        (Self(sender), state)
    }

    pub(crate) fn stage(&self) -> Stage {
        self.0.borrow().stage()
    }

    pub(crate) fn is_hibernating(&self) -> bool {
        self.stage() == Stage::Hibernating
    }

    /// Takes a step to a state, which must be the one that the table has for it.
    pub(crate) fn step(&self, step: Step, to: LinkState) {
        let from = self.stage();
        if next(from, step) != Some(to.stage()) {
            debug_assert!(false, "{from:?} has no step {step:?} to {to:?}");
            error!(?from, ?step, %to, "the relay link has no such step and stays as it is; report this");
            return;
        }
        self.0.send_replace(to);
    }
}

#[cfg(test)]
mod tests {
    use super::{Stage, TABLE, next};

    const DOCUMENT: &str = include_str!("../../../docs/architecture.md");

    /// The rows of the document's table of states: the first three cells, with the code's names.
    fn documented() -> Vec<[String; 3]> {
        let section = DOCUMENT.split("<!-- link states -->").nth(1).expect("the table is marked");
        let rows = section.trim_start().lines().take_while(|line| line.starts_with('|')).skip(2);
        rows.map(|row| {
            let mut cells = row.split('|').skip(1).map(|cell| cell.trim().trim_matches('`').to_owned());
            std::array::from_fn(|_| cells.next().expect("three cells"))
        })
        .collect()
    }

    #[test]
    fn the_document_shows_the_same_table() {
        let coded: Vec<[String; 3]> = TABLE
            .iter()
            .map(|(from, step, to)| [format!("{from:?}"), format!("{step:?}"), format!("{to:?}")])
            .collect();
        assert_eq!(
            documented(),
            coded,
            "docs/architecture.md (left) and TABLE (right) differ; change either"
        );
    }

    #[test]
    fn no_state_has_two_ways_to_take_one_step() {
        for (number, (from, step, to)) in TABLE.iter().enumerate() {
            assert_eq!(next(*from, *step), Some(*to), "row {number}");
        }
    }

    #[test]
    fn what_has_ended_stays_so() {
        assert!(TABLE.iter().all(|row| !matches!(row.0, Stage::Disabled | Stage::Closed)));
    }
}
