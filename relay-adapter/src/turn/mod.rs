//! A turn: the agent answers one message, and its chat sees it happen.

mod ledger;
mod report;
mod run;
mod typing;

pub(crate) use ledger::TurnLedger;
pub use report::{TurnEnd, TurnReport};
