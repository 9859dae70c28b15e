//! Guards that are broken on purpose: a simulation that does not see the break would not see the bug.

/// A deliberate break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// The inbox says that it has committed a message before it has.
    AckBeforeCommit,
    /// The inbox never knows a message again.
    NoMemory,
    /// The link says of an action that may have happened that it did not.
    UnknownIsNotSent,
    /// The connector tells the platform that it has a message before it has.
    TakenBeforeAppend,
    /// The connector forgets a waiting message when a gateway comes back.
    DrainDrops,
}

impl Break {
    pub const ALL: [Self; 5] = [
        Self::AckBeforeCommit,
        Self::NoMemory,
        Self::UnknownIsNotSent,
        Self::TakenBeforeAppend,
        Self::DrainDrops,
    ];
}

impl Break {
    /// Within how many seeds each must be seen.
    pub const SEEDS: u64 = 200;

    /// What the model may say of it.
    pub fn seen_as(self) -> &'static [&'static str] {
        match self {
            Self::AckBeforeCommit => &["before it is committed"],
            Self::NoMemory => &["is admitted twice"],
            Self::UnknownIsNotSent => &["is said twice", "status messages, and its turn began"],
            // The next message of the same person betrays it sooner than the end.
            Self::TakenBeforeAppend | Self::DrainDrops => &["is lost", "is admitted before"],
        }
    }
}
