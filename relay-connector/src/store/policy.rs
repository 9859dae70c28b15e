//! Which messages concern an agent, as its gateway declared it.

use getset::WithSetters;
use relay_wire::PolicyRequest;

/// What `POST /relay/policy` declares for one instance and platform (contract, HTTP routes). The default is
/// what holds where nothing was declared: everything but what other bots write.
#[derive(Clone, Debug, Default, PartialEq, Eq, WithSetters)]
#[getset(set_with = "pub")]
#[non_exhaustive]
pub struct Policy {
    /// In chats of several people, only what addresses the bot is delivered.
    pub require_address: bool,
    /// Chats and scopes where everything is delivered all the same.
    pub free_response_scopes: Vec<String>,
    /// What other bots write is delivered too.
    pub allow_other_bots: bool,
}

impl From<PolicyRequest> for Policy {
    fn from(request: PolicyRequest) -> Self {
        let PolicyRequest { platform: _, require_address, free_response_scopes, allow_other_bots } = request;
        Self { require_address, free_response_scopes, allow_other_bots }
    }
}
