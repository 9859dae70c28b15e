//! Who ended a connection.

use std::fmt;

/// Who ended a connection, or kept it from coming about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initiator {
    /// The connector, and it said why.
    Connector,
    /// Something between, or the connector without a word.
    Network,
    /// This link, which could not go on.
    Link,
    /// Whoever holds the link.
    Owner,
}

impl fmt::Display for Initiator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connector => "connector",
            Self::Network => "network",
            Self::Link => "link",
            Self::Owner => "owner",
        })
    }
}
