//! The identifiers that travel in frames, each its own type so that none can stand in for another, and none empty.

use std::borrow::Borrow;
use std::error::Error;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

/// Why a text is no identifier: it is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptyId {
    what: &'static str,
}

impl EmptyId {
    /// What was to be named, for people: `gateway id`.
    pub fn what(&self) -> &'static str {
        self.what
    }
}

impl fmt::Display for EmptyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} is empty; give it a name, or leave it out where it may be missing", self.what)
    }
}

impl Error for EmptyId {}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// It is never empty. In a frame an empty one reads as a missing one.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(deserialize_with = "not_empty")] String);

        impl $name {
            /// Takes the identifier as the peer or the configuration gave it, unless it is empty.
            pub fn new(id: impl Into<String>) -> Result<Self, EmptyId> {
                let id = id.into();
                if id.is_empty() { Err(EmptyId { what: $what }) } else { Ok(Self(id)) }
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

        impl FromStr for $name {
            type Err = EmptyId;

            fn from_str(id: &str) -> Result<Self, EmptyId> {
                Self::new(id)
            }
        }

        impl TryFrom<String> for $name {
            type Error = EmptyId;

            fn try_from(id: String) -> Result<Self, EmptyId> {
                Self::new(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

identifier! {
    /// Names a gateway towards its connector; the payload of its upgrade token (contract, Connection).
    GatewayId, "gateway id"
}
identifier! {
    /// Names one buffered delivery; the gateway acknowledges it by this id (contract, Frames).
    BufferId, "buffer id"
}
identifier! {
    /// Pairs an `outbound` with its `outbound_result`; unique on one connection (contract, Frames).
    RequestId, "request id"
}
identifier! {
    /// Names a conversation, as [`Source::session_key`](crate::Source::session_key) builds it.
    SessionKey, "session key"
}

impl SessionKey {
    /// A key that begins with words of its own.
    pub(crate) fn built(key: String) -> Self {
        debug_assert!(!key.is_empty());
        Self(key)
    }
}

/// For formats where an identifier stands alone; frames read it as a text that may be missing.
fn not_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    if id.is_empty() { Err(serde::de::Error::custom("an identifier is empty")) } else { Ok(id) }
}

/// Writes a session key where the contract has the field always: nothing is the empty text.
#[allow(clippy::ref_option, reason = "serde gives the field as it is declared")]
pub(crate) fn or_empty<S: Serializer>(key: &Option<SessionKey>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.as_ref().map_or("", SessionKey::as_str))
}

#[cfg(test)]
mod tests {
    use super::{BufferId, EmptyId, GatewayId, RequestId, SessionKey};

    #[test]
    fn an_empty_identifier_does_not_construct_and_its_error_says_of_what() {
        let what: Vec<_> = [
            GatewayId::new("").map(|_| ()),
            BufferId::new("").map(|_| ()),
            RequestId::new("").map(|_| ()),
            SessionKey::new("").map(|_| ()),
        ]
        .into_iter()
        .map(|refused| refused.unwrap_err().what())
        .collect();
        assert_eq!(what, ["gateway id", "buffer id", "request id", "session key"]);
        let error: EmptyId = "".parse::<BufferId>().unwrap_err();
        assert!(error.to_string().starts_with("the buffer id is empty; "), "{error}");
        assert_eq!(BufferId::try_from(String::new()), Err(error));
    }

    #[test]
    fn blanks_and_colons_are_the_senders_business() {
        assert_eq!(GatewayId::new(" ").unwrap().as_str(), " ");
        assert_eq!("gw:1".parse::<GatewayId>().unwrap().to_string(), "gw:1");
    }

    #[test]
    fn an_identifier_that_stands_alone_in_json_is_not_empty_either() {
        assert_eq!(serde_json::from_str::<BufferId>(r#""b1""#).unwrap(), BufferId::new("b1").unwrap());
        assert!(serde_json::from_str::<BufferId>(r#""""#).is_err());
        assert_eq!(serde_json::to_string(&BufferId::new("b1").unwrap()).unwrap(), r#""b1""#);
    }
}
