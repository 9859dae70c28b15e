//! What a run came to.

use std::fmt;
use std::time::Duration;

use super::faults::Faults;
use super::ledger::Account;

/// Violations that are told one by one.
const TOLD: usize = 20;

/// The figures of one run.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) account: Account,
    pub(crate) faults: Faults,
    pub(crate) offered_again: u64,
    pub(crate) orphans: u64,
    pub(crate) redelivered: usize,
    pub(crate) connections: u64,
    pub(crate) slices: u64,
    /// Until the last thing happened.
    pub(crate) worked: Duration,
    /// With the wait for what must not come, and the end of both programs.
    pub(crate) took: Duration,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account { taken, seen, reruns, replied, unknown, unknown_noticed, notices, violations } =
            &self.account;
        let (worked, took) = (self.worked.as_secs_f64(), self.took.as_secs_f64());
        writeln!(f, "seed          {}", self.seed)?;
        writeln!(f, "faults        {}", self.faults)?;
        writeln!(f, "connections   {}, carried in {} pieces", self.connections, self.slices)?;
        writeln!(
            f,
            "taken         {taken}, {} of them offered again to a new connector",
            self.offered_again
        )?;
        writeln!(f, "redelivered   {} that the gateway had taken before", self.redelivered)?;
        writeln!(
            f,
            "agent saw     {seen}, {reruns} once more after a SIGKILL; {} began and were told nothing",
            self.orphans
        )?;
        writeln!(f, "replied       {replied}")?;
        writeln!(
            f,
            "unknown       {unknown} replies that a fault cut off, {unknown_noticed} in chats that were told"
        )?;
        writeln!(f, "notices       {notices}")?;
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let rate = *taken as f64 / worked;
        writeln!(
            f,
            "time          {worked:.1} s, {rate:.0} messages/s; {took:.1} s with the wait for what must not come"
        )?;
        write!(f, "violations    {}", violations.len())?;
        for violation in violations.iter().take(TOLD) {
            write!(f, "\n  {violation}")?;
        }
        if violations.len() > TOLD {
            write!(f, "\n  and {} more", violations.len() - TOLD)?;
        }
        Ok(())
    }
}
