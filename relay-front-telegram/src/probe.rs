//! What Telegram says of a bot, for whoever sets one up or looks what is wrong.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use relay_auth::UnixSeconds;
use relay_net::Dial;
use serde_json::json;
use url::Url;

use crate::api::BotApi;
use crate::{ApiError, BotToken};

/// How long one question may take.
const ANSWER: Duration = Duration::from_secs(10);

/// How long it is listened for another reader, in seconds.
const LISTEN: u64 = 3;

/// The longest name that is believed, in characters.
const LONGEST_NAME: usize = 64;

/// Asks Telegram about a bot. Nothing is changed, and no message is taken.
pub struct BotProbe {
    api: BotApi,
}

impl fmt::Debug for BotProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotProbe").finish_non_exhaustive()
    }
}

/// What a bot is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BotProfile {
    /// Its number.
    pub id: i64,
    /// Its user name, without the `@`.
    pub username: String,
    /// Its name.
    pub name: String,
    /// It gets every message of its groups, not only those that address it.
    pub reads_groups: bool,
    /// What time it was at Telegram.
    pub answered_at: Option<UnixSeconds>,
}

impl BotProfile {
    /// Where people find the bot. Who presses its button says `/start` and these words, which hold letters, digits, `_` and
    /// `-` alone.
    pub fn link(&self, start: Option<&str>) -> String {
        match start {
            Some(words) => format!("https://t.me/{}?start={words}", self.username),
            None => format!("https://t.me/{}", self.username),
        }
    }
}

impl BotProbe {
    /// Asks as the bot of this token.
    pub fn new(token: BotToken, base_url: Url, dialer: Arc<dyn Dial>) -> Self {
        Self { api: BotApi::new(dialer, base_url, token) }
    }

    /// Who the bot is.
    ///
    /// # Errors
    /// Telegram does not know the token, or does not answer.
    pub async fn profile(&self) -> Result<BotProfile, ApiError> {
        let (me, answered_at) = self.api.ask_when("getMe", &json!({}), ANSWER).await?;
        let text = |key: &str| -> String {
            let text = me[key].as_str().unwrap_or_default();
            text.chars().filter(|character| !character.is_control()).take(LONGEST_NAME).collect()
        };
        let username = text("username").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        Ok(BotProfile {
            id: me["id"].as_i64().unwrap_or_default(),
            username,
            name: text("first_name"),
            reads_groups: me["can_read_all_group_messages"] == true,
            answered_at,
        })
    }

    /// The host of the webhook that is set, which keeps every message from whoever asks for messages; `None` without one.
    ///
    /// # Errors
    /// Telegram does not answer.
    pub async fn webhook(&self) -> Result<Option<String>, ApiError> {
        let info = self.api.ask_within("getWebhookInfo", &json!({}), ANSWER).await?;
        let url = info["url"].as_str().unwrap_or_default();
        // The rest of the URL may be somebody's secret.
        let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        Ok((!url.is_empty()).then(|| host.unwrap_or_else(|| "an address that is none".to_owned())))
    }

    /// Whether another program takes this bot's messages now, as far as some seconds show it. That one is disturbed once,
    /// and asks again by itself.
    ///
    /// # Errors
    /// Telegram does not answer.
    pub async fn has_other_reader(&self) -> Result<bool, ApiError> {
        // What waits stays: only a higher offset would take it.
        let parameters = json!({"limit": 1, "timeout": LISTEN});
        match self.api.ask_within("getUpdates", &parameters, ANSWER).await {
            Ok(_) => Ok(false),
            Err(ApiError::Conflict(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }
}
