//! Whom a gateway fronts.

use crate::Hello;

/// An identity that a gateway fronts: a platform, and its bot there.
///
/// It is what a `hello` announces and what an `outbound` names to choose among several bots. The two halves of the
/// protocol, their configuration and their stores mean the same one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    /// The platform's name on the wire.
    pub platform: String,
    /// The bot's id on that platform; empty where the gateway names none.
    pub bot_id: String,
}

impl Identity {
    /// An identity of a platform and a bot (may be empty).
    pub fn new(platform: impl Into<String>, bot_id: impl Into<String>) -> Self {
        Self { platform: platform.into(), bot_id: bot_id.into() }
    }
}

/// The hello of an identity without slash commands.
impl From<Identity> for Hello {
    fn from(identity: Identity) -> Self {
        Self { platform: identity.platform, bot_id: identity.bot_id, command_manifest: None }
    }
}
