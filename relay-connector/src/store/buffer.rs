//! Deliveries as they wait: their numbers, their bounds, and how they leave.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use getset::{CopyGetters, WithSetters};
use relay_auth::UnixSeconds;

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

/// How much may wait for one instance. Beyond it the oldest become dead letters: they are kept, and what is new still
/// comes through. Dead letters are bounded by the same numbers, and beyond them the oldest are gone.
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
    /// How often it was delivered and not acknowledged.
    pub nacks: u32,
}

impl Buffered {
    /// A delivery under this number, that so many connections got and none acknowledged.
    pub fn new(seq: Seq, platform: impl Into<String>, line: impl Into<Bytes>, nacks: u32) -> Self {
        Self { seq, platform: platform.into(), line: line.into(), nacks }
    }
}

/// When a delivery has been tried often enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedeliveryPolicy {
    /// Deliveries without an ack after which it becomes a dead letter.
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
    /// It was delivered again and again and never acknowledged.
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

/// A delivery that is kept and not delivered any more, until somebody asks for it.
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
    /// How often it was delivered and not acknowledged.
    pub nacks: u32,
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
        let Buffered { seq, platform, line, nacks } = delivery;
        Self { seq, instance, platform, line, nacks, arrived, at, reason }
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
