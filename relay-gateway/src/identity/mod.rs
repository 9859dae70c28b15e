//! Who the gateway's owner is, proved to a connector with an identity token.
//!
//! Each way to come by a token is a provider in a file of its own; [`choose`] takes the first that is configured.

mod client_credentials;
mod command;
mod error;
mod file;
mod given;
mod portal;
#[cfg(test)]
pub(crate) mod rig;
mod token;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use relay_auth::Secret;
use relay_config::{AccessToken, Home, Settings};
use relay_net::HttpClient;
use relay_runtime::Clock;

use self::client_credentials::ClientCredentials;
use self::command::TokenCommand;
pub(crate) use self::error::IdentityError;
use self::file::TokenFile;
use self::given::GivenToken;
use self::portal::PortalLogin;

/// Where identity tokens come from.
pub(crate) trait IdentityTokens: Send + Sync {
    /// The provider, for the log; no secret is in it.
    fn name(&self) -> String;

    /// A token that is good now.
    fn token(&self) -> BoxFuture<'_, Result<Secret, IdentityError>>;

    /// A connector did not accept the last token: one that is kept is not given again.
    fn refused(&self) {}
}

/// The provider that the settings name, else the portal login where there is one. The first that is configured
/// is the only one: where it fails, nobody else's identity takes its place.
pub(crate) fn choose(
    settings: &Settings,
    home: &Home,
    http: &HttpClient,
    clock: &Clock,
) -> Option<Arc<dyn IdentityTokens>> {
    if let Some(access) = &settings.access_token {
        let origin = access.origin.clone();
        return Some(match &access.value {
            AccessToken::Given(token) => Arc::new(GivenToken::new(token.clone(), origin)),
            AccessToken::File(path) => Arc::new(TokenFile::new(path.clone(), origin)),
            AccessToken::Command(command) => Arc::new(TokenCommand::new(command.clone(), origin)),
        });
    }
    if let Some(provider) = &settings.identity_provider {
        return Some(Arc::new(ClientCredentials::new(provider.clone(), http.clone(), clock.clone())));
    }
    let portal = settings.portal_url.as_ref().map(|portal| portal.value.clone());
    let login = PortalLogin::new(home.auth(), portal, http.clone(), clock.clone());
    login.is_there().then(|| Arc::new(login) as Arc<dyn IdentityTokens>)
}
