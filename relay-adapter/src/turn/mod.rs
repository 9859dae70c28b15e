//! A turn: the agent answers one message, and its chat sees it happen.

mod clock;
mod ledger;
mod reactions;
mod report;
mod run;
mod typing;

pub(crate) use clock::TurnClock;
pub(crate) use ledger::TurnLedger;
pub(crate) use reactions::{Reactions, reaction};
pub use report::{TurnEnd, TurnReport};
