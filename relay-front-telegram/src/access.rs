//! Who may talk to the agent.

use std::collections::BTreeSet;

/// Whose messages are passed on, in private chats and in groups.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// Anybody's who finds the bot.
    Everyone,
    /// Those of these users, by their numeric ids.
    Users(BTreeSet<i64>),
}

impl Access {
    /// Whether this user's messages are passed on.
    pub fn admits(&self, user: i64) -> bool {
        match self {
            Self::Everyone => true,
            Self::Users(users) => users.contains(&user),
        }
    }
}
