//! What a Telegram front is made of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::Tenant;
use relay_net::Dial;
use url::Url;

use crate::{Access, BotToken};

/// The settings of a [`TelegramFront`](crate::TelegramFront).
#[derive(Clone)]
pub struct TelegramSettings {
    /// The bot.
    pub token: BotToken,
    /// Whose chats these are.
    pub tenant: Tenant,
    /// Who may talk to the agent.
    pub access: Access,
    /// The Bot API: Telegram's, a self-hosted server, or a test's.
    pub base_url: Url,
    /// Opens the connections.
    pub dialer: Arc<dyn Dial>,
    /// How long Telegram may hold a request for updates, in whole seconds.
    pub poll: Duration,
}

impl fmt::Debug for TelegramSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramSettings")
            .field("token", &self.token)
            .field("tenant", &self.tenant)
            .field("access", &self.access)
            .field("poll", &self.poll)
            .finish_non_exhaustive()
    }
}

impl TelegramSettings {
    /// Telegram's own Bot API, asked every 50 seconds at least.
    pub fn new(token: BotToken, tenant: Tenant, access: Access, dialer: Arc<dyn Dial>) -> Self {
        let base_url = Url::parse("https://api.telegram.org").expect("a valid address");
        Self { token, tenant, access, base_url, dialer, poll: Duration::from_secs(50) }
    }
}
