//! The identifiers that travel in frames, each its own type so that none can stand in for another.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the identifier as the peer or the configuration gave it.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The identifier as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier! {
    /// Names a gateway towards its connector; the payload of its upgrade token (contract, Connection).
    GatewayId
}
identifier! {
    /// Names one buffered delivery; the gateway acknowledges it by this id (contract, Frames).
    BufferId
}
identifier! {
    /// Pairs an `outbound` with its `outbound_result`; unique on one connection (contract, Frames).
    RequestId
}
identifier! {
    /// Names a conversation, as [`Source::session_key`](crate::Source::session_key) builds it.
    SessionKey
}
