//! Long polling: asks for updates, has their events stored, and confirms them by asking for the next.

use std::collections::HashSet;
use std::time::Duration;

use relay_connector::{DeliverError, Delivery};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::front::TelegramFront;
use crate::update::{Bot, Incoming, Update, read};
use crate::{ApiError, Events, TelegramState};

/// What is asked for; Telegram would leave some of it out by itself.
const KINDS: [&str; 5] =
    ["message", "edited_message", "channel_post", "edited_channel_post", "callback_query"];

/// How long beyond its own wait a poll may take.
const GRACE: Duration = Duration::from_secs(10);

/// How long a store that fails is left alone.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// The longest wait between polls that fail.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// How many strangers and chats are remembered as told.
const MOST_TOLD: usize = 1000;

pub(crate) struct Poller<'a> {
    front: &'a TelegramFront,
    events: &'a dyn Events,
    bot: Bot,
    offset: i64,
    failures: u32,
    /// Who was told already why nothing is answered.
    told: HashSet<String>,
}

impl<'a> Poller<'a> {
    pub(crate) fn new(front: &'a TelegramFront, events: &'a dyn Events) -> Self {
        Self { front, events, bot: Bot::default(), offset: 0, failures: 0, told: HashSet::new() }
    }

    /// Polls until it is stopped; an error is one that only a person can mend.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), ApiError> {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => Ok(()),
            error = self.poll_on() => Err(error),
        }
    }

    async fn poll_on(&mut self) -> ApiError {
        loop {
            match self.introduce().await {
                Ok(()) => break,
                Err(error) => {
                    if let Some(fatal) = self.back_off(error).await {
                        return fatal;
                    }
                }
            }
        }
        loop {
            match self.poll_once().await {
                Ok(false) => {}
                Ok(true) => {
                    self.failures = 0;
                    self.front.publish(TelegramState::Live);
                }
                Err(error) => {
                    if let Some(fatal) = self.back_off(error).await {
                        return fatal;
                    }
                }
            }
        }
    }

    /// Learns who the bot is. A webhook would keep every update from us; it is removed, and what waits is kept.
    async fn introduce(&mut self) -> Result<(), ApiError> {
        let me = self.front.api().call("getMe", &json!({})).await?;
        self.bot = Bot {
            id: me["id"].as_i64().unwrap_or_default(),
            username: me["username"].as_str().unwrap_or_default().to_owned(),
            reads_groups: me["can_read_all_group_messages"] == true,
        };
        self.front.api().call("deleteWebhook", &json!({"drop_pending_updates": false})).await?;
        tracing::info!(bot = %self.bot.username, "Telegram knows the bot");
        if !self.bot.reads_groups {
            tracing::warn!(
                "privacy mode is on: in groups the bot gets only commands, answers to it and mentions; send \
                 /setprivacy to @BotFather and add the bot to the group again to change that"
            );
        }
        Ok(())
    }

    /// Whether Telegram was asked, and has answered.
    async fn poll_once(&mut self) -> Result<bool, ApiError> {
        let poll = self.front.poll_time();
        // What nobody would get stays with Telegram, which keeps it for a day.
        match tokio::time::timeout(poll, self.events.wanted(self.front.tenant())).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the store cannot say who wants messages; trying again");
                tokio::time::sleep(STORE_RETRY).await;
                return Ok(false);
            }
            Err(_) => {
                let why = "no gateway takes messages of Telegram yet; start one and let it announce the platform `telegram`";
                self.front.publish(TelegramState::Degraded { why: why.into() });
                return Ok(false);
            }
        }
        let parameters = json!({"offset": self.offset, "timeout": poll.as_secs(), "allowed_updates": KINDS});
        let updates = self.front.api().call_within("getUpdates", &parameters, poll + GRACE).await?;
        for update in updates.as_array().into_iter().flatten() {
            let Some(id) = update["update_id"].as_i64() else {
                tracing::warn!("skipping an update without an id");
                continue;
            };
            self.take(update).await;
            // Only now: asking with this offset is what makes Telegram forget the update.
            self.offset = self.offset.max(id + 1);
        }
        Ok(true)
    }

    async fn take(&mut self, update: &Value) {
        match read(update, &self.bot) {
            Update::Message(incoming) => self.take_message(*incoming).await,
            Update::Press { callback, press } => {
                self.front.answer_press(callback, press.as_deref());
                if let Some(press) = press.filter(|press| self.front.access().admits(press.user)) {
                    self.store(&press).await;
                }
            }
            Update::Other => tracing::debug!("skipping an update of no kind that is passed on"),
        }
    }

    async fn take_message(&mut self, incoming: Incoming) {
        // A channel's post has no author: who may write there is the channel's own rule.
        let is_post = incoming.user == 0;
        if !is_post && !self.front.access().admits(incoming.user) {
            if incoming.is_private {
                let user = incoming.user;
                let text = format!(
                    "This bot answers only people whom its owner has let in. Your id is {user}; give it to the owner."
                );
                self.tell(&incoming, format!("stranger {user}"), &text);
            }
            return;
        }
        if incoming.has_file {
            let chat = &incoming.event.source.chat_id;
            self.tell(&incoming, format!("file {chat}"), "Files are not passed on to the agent; text is.");
            if incoming.event.text.is_empty() {
                return;
            }
        }
        self.store(&incoming).await;
    }

    /// Says something once, beside everything else.
    fn tell(&mut self, incoming: &Incoming, key: String, text: &str) {
        if self.told.len() >= MOST_TOLD {
            self.told.clear();
        }
        if self.told.insert(key) {
            self.front.say(&incoming.event.source, text);
        }
    }

    /// Stores an event, however long that takes.
    async fn store(&self, incoming: &Incoming) {
        loop {
            match self.events.deliver(self.front.tenant(), incoming.event.clone()).await {
                Ok(Delivery::Delivered(_) | Delivery::Buffered(_)) => return,
                Ok(Delivery::Unwanted) => {
                    tracing::debug!("no gateway's policy admits a message");
                    return;
                }
                Err(DeliverError::Store(error)) => {
                    tracing::error!(%error, "a message is not stored yet; trying again");
                    tokio::time::sleep(STORE_RETRY).await;
                }
                Err(DeliverError::Gone) => return std::future::pending().await,
                Err(error @ DeliverError::TooLong { .. }) => {
                    tracing::error!(%error, "a message is lost");
                    return;
                }
            }
        }
    }

    /// Waits as long as the failure asks for; answers it where no wait helps.
    async fn back_off(&mut self, error: ApiError) -> Option<ApiError> {
        if matches!(error, ApiError::Unauthorized(_)) {
            self.front.publish(TelegramState::Fatal { why: error.to_string() });
            return Some(error);
        }
        self.failures = self.failures.saturating_add(1);
        let wait = match &error {
            ApiError::TooMany { retry_after } => *retry_after,
            // The other reader's poll must have ended by itself, if it ends at all.
            ApiError::Conflict(_) => self.front.poll_time() + GRACE,
            _ => LONGEST_BACKOFF.min(Duration::from_secs(1 << self.failures.min(6)) / 2),
        };
        tracing::warn!(%error, wait = wait.as_secs(), "updates of Telegram do not come in; trying again");
        self.front.publish(TelegramState::Degraded { why: error.to_string() });
        tokio::time::sleep(wait).await;
        None
    }
}
