//! Deliveries as they wait: their numbers, their bounds, and how they leave.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use getset::{CopyGetters, WithSetters};
use relay_auth::UnixSeconds;

use super::error::StoreError;
use super::instance::Instance;
use super::storage_changes::StorageChanges;

/// The number of a buffered delivery. A store never gives one twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seq(pub u64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How much may wait for one instance. What is too old becomes a dead letter. Beyond the other bounds nothing more is
/// taken, and whoever brings it waits; only where another instance takes it, the oldest that wait become dead letters:
/// nobody is held up by a gateway that never comes back. Dead letters are bounded by the same numbers, and beyond them
/// the oldest are gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, CopyGetters, WithSetters)]
#[getset(get_copy = "pub", set_with = "pub")]
pub struct BufferLimits {
    /// Deliveries; 10,000 by default.
    pub(crate) items: usize,
    /// Bytes of their lines; 64 MiB by default.
    pub(crate) bytes: usize,
    /// How long they may wait, in whole seconds; 7 days by default.
    pub(crate) age: Duration,
}

impl Default for BufferLimits {
    fn default() -> Self {
        Self { items: 10_000, bytes: 64 * 1024 * 1024, age: Duration::from_hours(7 * 24) }
    }
}

/// A delivery on its way into buffers.
#[derive(Clone, Debug, WithSetters)]
#[getset(set_with = "pub")]
#[non_exhaustive]
pub struct NewDelivery {
    /// Whose buffers it goes to.
    pub instances: Vec<Instance>,
    /// The platform it came from.
    pub platform: String,
    /// Its frame as a line, without the buffer id that it is yet to get.
    pub line: Bytes,
    /// The time it came.
    pub now: UnixSeconds,
    /// The bounds of each buffer.
    pub limits: BufferLimits,
    /// What its front keeps from now on, stored in the same step.
    pub changes: StorageChanges,
    /// Whether somebody has it already: then it is stored for these in any case.
    pub is_taken: bool,
}

/// Why a delivery came into no buffer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// There is room for it in none of the buffers, and nothing was changed but what is too old.
    #[error("the buffers of all gateways that are to get it are full")]
    Full,
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl NewDelivery {
    /// A line of this platform for these instances, within the usual bounds.
    pub fn new(
        instances: Vec<Instance>,
        platform: impl Into<String>,
        line: impl Into<Bytes>,
        now: UnixSeconds,
    ) -> Self {
        Self {
            instances,
            platform: platform.into(),
            line: line.into(),
            now,
            limits: BufferLimits::default(),
            changes: StorageChanges::default(),
            is_taken: false,
        }
    }
}

/// A delivery that one instance's buffer has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Appended {
    /// The instance.
    pub instance: Instance,
    /// Its number.
    pub seq: Seq,
    /// How many older ones became dead letters to make room, or for their age.
    pub dead_letters: usize,
    /// How many earlier dead letters are gone for good.
    pub gone: usize,
}

impl Appended {
    /// The instance's buffer has it under this number, and nothing had to go for it.
    pub fn new(instance: Instance, seq: Seq) -> Self {
        Self { instance, seq, dead_letters: 0, gone: 0 }
    }
}

/// How far the deliveries of a platform were read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cursor {
    /// The platform.
    pub platform: String,
    /// The last number that was read.
    pub after: Seq,
}

impl Cursor {
    /// The platform's deliveries were read up to this one.
    pub fn new(platform: impl Into<String>, after: Seq) -> Self {
        Self { platform: platform.into(), after }
    }
}

/// A delivery that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Buffered {
    /// Its number.
    pub seq: Seq,
    /// The platform it came from.
    pub platform: String,
    /// Its frame as a line, without its buffer id.
    pub line: Bytes,
    /// How often its gateway had it and did not acknowledge it.
    pub nacks: u32,
    /// A connection was lost with it under way, and nobody knows whether it is why.
    pub suspect: bool,
}

impl Buffered {
    /// A delivery under this number, that its gateway had so often and did not acknowledge.
    pub fn new(seq: Seq, platform: impl Into<String>, line: impl Into<Bytes>, nacks: u32) -> Self {
        Self { seq, platform: platform.into(), line: line.into(), nacks, suspect: false }
    }

    /// The same, marked as a suspect or not.
    #[must_use]
    pub fn with_suspect(mut self, suspect: bool) -> Self {
        self.suspect = suspect;
        self
    }

    /// Whether it may be the end of whoever it is sent to.
    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect || self.nacks > 0
    }
}

/// When a delivery has been tried often enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedeliveryPolicy {
    /// Nacks after which it becomes a dead letter.
    pub max: u32,
    /// The time at which it becomes one.
    pub now: UnixSeconds,
    /// The bounds of the dead letters.
    pub limits: BufferLimits,
}

impl RedeliveryPolicy {
    /// So many deliveries without an ack make a dead letter, now and within these bounds.
    pub const fn new(max: u32, now: UnixSeconds, limits: BufferLimits) -> Self {
        Self { max, now, limits }
    }
}

/// What became of the dead letters that were due to be tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retried {
    /// How many were put back into their buffers.
    pub items: usize,
    /// When the next one is due, if there is any.
    pub next: Option<UnixSeconds>,
}

impl Retried {
    /// So many were put back, and the next one is due then.
    pub fn new(items: usize, next: Option<UnixSeconds>) -> Self {
        Self { items, next }
    }
}

/// The wait before an unacknowledged delivery is first tried again, in seconds; it doubles with each time.
pub(crate) const FIRST_RETRY: u32 = 60;

/// The longest such wait, in seconds.
pub(crate) const LONGEST_RETRY: u32 = 6 * 60 * 60;

/// How long a dead letter waits that was tried again so often, in seconds.
pub(crate) fn retry_wait(retries: u32) -> u64 {
    u64::from((FIRST_RETRY << retries.min(16)).min(LONGEST_RETRY))
}

/// How much waits for an instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backlog {
    /// Deliveries.
    pub items: usize,
    /// Bytes of their lines.
    pub bytes: usize,
}

impl Backlog {
    /// So many deliveries, and this much of their lines.
    pub const fn new(items: usize, bytes: usize) -> Self {
        Self { items, bytes }
    }
}

/// Why a delivery became a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeadLetterReason {
    /// Its gateway had it again and again and never acknowledged it.
    Unacknowledged,
    /// It was the oldest of too many.
    Overflow,
    /// It had waited for too long.
    TooOld,
}

impl DeadLetterReason {
    /// A word for it, in tables and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unacknowledged => "unacked",
            Self::Overflow => "overflow",
            Self::TooOld => "too_old",
        }
    }

    #[cfg(feature = "sqlite")]
    pub(crate) fn from_word(word: &str) -> Self {
        match word {
            "overflow" => Self::Overflow,
            "too_old" => Self::TooOld,
            _ => Self::Unacknowledged,
        }
    }
}

/// A delivery that is kept and not delivered any more, until somebody asks for it; an unacknowledged one is also tried
/// again by itself, for as long as its buffer would keep it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadLetter {
    /// Its number.
    pub seq: Seq,
    /// Whose it was.
    pub instance: Instance,
    /// The platform it came from.
    pub platform: String,
    /// Its frame as a line, without its buffer id.
    pub line: Bytes,
    /// How often its gateway had it and did not acknowledge it.
    pub nacks: u32,
    /// How often it was tried again by itself.
    pub retries: u32,
    /// When it came.
    pub arrived: UnixSeconds,
    /// When it became a dead letter.
    pub at: UnixSeconds,
    /// Why.
    pub reason: DeadLetterReason,
}

impl DeadLetter {
    /// What waited for this instance since `arrived`, and became a dead letter at this time.
    pub fn new(
        instance: Instance,
        delivery: Buffered,
        arrived: UnixSeconds,
        at: UnixSeconds,
        reason: DeadLetterReason,
    ) -> Self {
        let Buffered { seq, platform, line, nacks, suspect: _ } = delivery;
        Self { seq, instance, platform, line, nacks, retries: 0, arrived, at, reason }
    }

    /// The same, tried again by itself so often.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }
}

/// The deliveries of several platforms as one row, cut to what was asked for.
pub(crate) fn in_order(mut found: Vec<Buffered>, items: usize, bytes: usize) -> Vec<Buffered> {
    found.sort_unstable_by_key(|buffered| buffered.seq);
    let mut weight = 0;
    let within = |buffered: &Buffered| {
        let more = weight < bytes.max(1);
        weight += buffered.line.len();
        more
    };
    found.into_iter().take(items).take_while(within).collect()
}

#[cfg(test)]
mod tests {
    use super::retry_wait;

    #[test]
    fn the_wait_doubles_up_to_six_hours() {
        let waits: Vec<_> = [0, 1, 2, 8, 9, 60].map(retry_wait).to_vec();
        assert_eq!(waits, [60, 120, 240, 15_360, 21_600, 21_600]);
    }
}
