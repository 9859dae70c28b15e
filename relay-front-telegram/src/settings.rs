//! What a Telegram front is made of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::Tenant;
use relay_net::Dial;
use url::Url;

use crate::BotToken;

/// The settings of a [`TelegramFront`](crate::TelegramFront).
#[derive(Clone)]
pub struct TelegramSettings {
    pub(crate) token: BotToken,
    pub(crate) tenant: Tenant,
    pub(crate) base_url: Url,
    pub(crate) dialer: Arc<dyn Dial>,
    pub(crate) poll: Duration,
}

impl fmt::Debug for TelegramSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramSettings")
            .field("token", &self.token)
            .field("tenant", &self.tenant)
            .field("poll", &self.poll)
            .finish_non_exhaustive()
    }
}

impl TelegramSettings {
    /// This bot, whose chats are this tenant's. Its connections are opened by `dialer`, to Telegram's own Bot API, which may
    /// hold a request for updates for 50 seconds.
    pub fn new(token: BotToken, tenant: Tenant, dialer: Arc<dyn Dial>) -> Self {
        let base_url = Url::parse("https://api.telegram.org").expect("a valid address");
        Self { token, tenant, base_url, dialer, poll: Duration::from_secs(50) }
    }

    /// Asks another Bot API: a self-hosted server, or a test's.
    #[must_use]
    pub fn with_base_url(mut self, base_url: Url) -> Self {
        self.base_url = base_url;
        self
    }

    /// Lets Telegram hold a request for updates this long, in whole seconds.
    #[must_use]
    pub fn with_poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Whose chats these are.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The Bot API.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// How long Telegram may hold a request for updates.
    pub fn poll(&self) -> Duration {
        self.poll
    }
}
