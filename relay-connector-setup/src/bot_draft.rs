//! A bot that is being set up: its secret is tried before anything is written.

use std::sync::Arc;

use relay_auth::Secret;
use relay_net::Dial;

use crate::FrontCheckOutcome;
use crate::front_kind::KINDS;

/// What a platform says of a secret that is good.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownBot {
    /// The bot as people know it, such as `@relaybot (Relay)`.
    pub name: String,
    /// Where people find it.
    pub link: String,
}

/// What somebody wants to set up, and has not written down yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BotDraft {
    /// The platform.
    pub platform: String,
    /// The bot's secret.
    pub secret: Secret,
    /// The address of the platform's API, where it is another than usual.
    pub api: Option<String>,
}

impl BotDraft {
    /// A bot on the platform of this name, by its secret.
    pub fn new(platform: impl Into<String>, secret: Secret) -> Self {
        Self { platform: platform.into(), secret, api: None }
    }

    /// Asks another address than the platform's own.
    #[must_use]
    pub fn with_api(mut self, api: Option<String>) -> Self {
        self.api = api;
        self
    }

    /// The platforms that this program can serve.
    pub fn platforms() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|kind| kind.platform)
    }

    /// Asks the platform whether it knows the bot.
    ///
    /// # Errors
    /// It does not, or does not answer: what was found, and what to do about it.
    pub async fn try_out(&self, dialer: Arc<dyn Dial>) -> Result<KnownBot, FrontCheckOutcome> {
        match KINDS.iter().find(|kind| kind.platform == self.platform) {
            Some(kind) => (kind.try_out)(self, dialer).await,
            None => Err(FrontCheckOutcome::Skipped("this program does not serve that platform".to_owned())),
        }
    }
}
