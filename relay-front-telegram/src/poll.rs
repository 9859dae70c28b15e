//! Long polling: asks for updates, has their events stored, and confirms them by asking for the next.

use std::time::Duration;

use relay_connector::{
    AccessDecision, AccessError, AccessReply, Arrival, DeliverError, Delivery, FrontContext, FrontError,
    TenantRouter,
};
use relay_wire::{ChatType, Source};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::front::TelegramFront;
use crate::media::{described, fetch};
use crate::offset::Offset;
use crate::prompt::answer_press;
use crate::update::{Bot, Incoming, IncomingFile, Update, album, read_album};
use crate::{ApiError, commands};

/// What is asked for; Telegram would leave some of it out by itself.
const KINDS: [&str; 6] =
    ["message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member"];

/// How long beyond its own wait a poll may take.
const GRACE: Duration = Duration::from_secs(10);

/// How long after one message of an album the next may come.
const ALBUM: Duration = Duration::from_millis(800);

/// How long a store that fails is left alone.
const STORE_RETRY: Duration = Duration::from_secs(1);

/// The longest wait between polls that fail.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

pub(crate) struct Poller<'a> {
    front: &'a TelegramFront,
    context: &'a FrontContext,
    tenants: TenantRouter,
    bot: Bot,
    offset: Offset,
    failures: u32,
}

impl<'a> Poller<'a> {
    pub(crate) fn new(front: &'a TelegramFront, context: &'a FrontContext, tenants: TenantRouter) -> Self {
        let (bot, offset) = (Bot::default(), Offset::default());
        Self { front, context, tenants, bot, offset, failures: 0 }
    }

    /// Polls until it is stopped; an error is one that only a person can mend.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) -> Result<(), FrontError> {
        let (front, context) = (self.front, self.context);
        tokio::select! {
            biased;
            () = shutdown.cancelled() => Ok(()),
            error = self.poll_on() => Err(error),
            never = front.performer().make_late_edits(context) => match never {},
            error = commands::keep_up_to_date(&front.caller().api, context) => Err(fatal(error)),
        }
    }

    async fn poll_on(&mut self) -> FrontError {
        self.offset = loop {
            match Offset::read(&self.context.storage).await {
                Ok(offset) => break offset,
                Err(error) => {
                    self.context.state.degraded(error.to_string());
                    tokio::time::sleep(STORE_RETRY).await;
                }
            }
        };
        loop {
            match self.introduce().await {
                // The first poll may be held for long where nobody writes.
                Ok(()) => {
                    self.context.state.live();
                    break;
                }
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
                    self.context.state.live();
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
        let me = self.front.caller().api.call("getMe", &json!({})).await?;
        self.bot = Bot {
            id: me["id"].as_i64().unwrap_or_default(),
            username: me["username"].as_str().unwrap_or_default().to_owned(),
            reads_groups: me["can_read_all_group_messages"] == true,
        };
        self.front.caller().api.call("deleteWebhook", &json!({"drop_pending_updates": false})).await?;
        tracing::info!(bot = %self.bot.username, "Telegram knows the bot");
        if !self.bot.reads_groups {
            tracing::info!(
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
        match tokio::time::timeout(poll, self.context.events.wanted_by_anyone()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the store cannot say who wants messages; trying again");
                tokio::time::sleep(STORE_RETRY).await;
                return Ok(false);
            }
            Err(_) => {
                let why = "no gateway takes messages of Telegram yet; start one and let it announce the platform `telegram`";
                self.context.state.degraded(why);
                return Ok(false);
            }
        }
        let now = self.context.clock.now();
        let parameters =
            json!({"offset": self.offset.to_ask(now), "timeout": poll.as_secs(), "allowed_updates": KINDS});
        let updates = self.updates(parameters, poll + GRACE).await?;
        for updates in updates.chunk_by(|one, next| album(one).is_some() && album(one) == album(next)) {
            let Some(id) = updates.iter().filter_map(|update| update["update_id"].as_i64()).max() else {
                tracing::warn!("skipping an update without an id");
                continue;
            };
            let behind = self.offset.behind(id, self.context.clock.now());
            // Asking with the offset behind it is what makes Telegram forget the update: it is stored by then.
            if !self.take(updates, behind).await {
                self.keep(behind).await;
            }
            self.offset = behind;
        }
        Ok(true)
    }

    /// Asks for updates. Where the last of them belongs to an album, whose messages come one by one, it waits until no
    /// more of that come: asking again with the same offset brings all of them again.
    async fn updates(&self, mut parameters: Value, deadline: Duration) -> Result<Vec<Value>, ApiError> {
        let api = &self.front.caller().api;
        let list = |updates: Value| if let Value::Array(updates) = updates { updates } else { Vec::new() };
        let mut updates = list(api.ask_within("getUpdates", &parameters, deadline).await?);
        parameters["timeout"] = json!(0);
        while updates.last().is_some_and(|last| album(last).is_some()) {
            tokio::time::sleep(ALBUM).await;
            let again = list(api.ask_within("getUpdates", &parameters, deadline).await?);
            if again.len() <= updates.len() {
                break;
            }
            updates = again;
        }
        Ok(updates)
    }

    /// Stores the offset behind an update of which nothing else is kept.
    async fn keep(&self, offset: Offset) {
        while let Err(error) = self.context.storage.apply(offset.change()).await {
            tracing::error!(%error, "the offset is not stored yet; trying again");
            tokio::time::sleep(STORE_RETRY).await;
        }
    }

    /// Takes an update, or all of an album; whether the offset behind it was stored with it.
    async fn take(&mut self, updates: &[Value], behind: Offset) -> bool {
        match read_album(updates, &self.bot) {
            Update::Message(incoming) => self.take_message(*incoming, behind).await,
            Update::Membership { source, is_in } => {
                self.note_membership(&source, is_in).await;
                false
            }
            Update::Moved { old, new } => {
                self.insist(|| self.context.access.moved(&old, &new)).await;
                false
            }
            Update::Press { callback, press } => {
                let press = match press {
                    Some(press) if self.is_admitted(&press).await => Some(press),
                    _ => None,
                };
                answer_press(self.front.caller(), callback, press.as_deref());
                match press {
                    Some(press) => self.store(&press, behind).await,
                    None => false,
                }
            }
            Update::Other => {
                tracing::debug!("skipping an update of no kind that is passed on");
                false
            }
        }
    }

    async fn take_message(&mut self, mut incoming: Incoming, behind: Offset) -> bool {
        if !self.is_admitted(&incoming).await {
            return false;
        }
        // What everybody sends first, by a button that says so.
        if incoming.event.source.chat_type == ChatType::Dm && incoming.event.text.trim() == "/start" {
            self.front
                .say(&incoming.event.source, "Write something: the agent answers. /help lists its commands.");
            return false;
        }
        let files = std::mem::take(&mut incoming.files);
        for file in &files {
            self.attach(&mut incoming, file).await;
        }
        if !files.is_empty() && incoming.event.media_urls.is_empty() && incoming.event.text.is_empty() {
            return false;
        }
        self.store(&incoming, behind).await
    }

    /// Brings the file of a message to the connector. Where that cannot be, its sender is told.
    async fn attach(&self, incoming: &mut Incoming, file: &IncomingFile) {
        let fetched = match self.tenants.tenant_of_source(&incoming.event.source).await {
            Ok(tenant) => {
                fetch(self.front.caller(), self.context, &tenant, file).await.map_err(|e| e.to_string())
            }
            Err(error) => Err(error.to_string()),
        };
        match fetched {
            Ok(stored) => {
                incoming.event.media.push(described(file, &stored));
                incoming.event.media_urls.push(stored.url);
            }
            Err(why) => {
                tracing::warn!(%why, "a file is not passed on");
                self.front.say(&incoming.event.source, &why);
            }
        }
    }

    /// Whether who did this may talk. What is to be said to those who may not is said.
    async fn is_admitted(&self, incoming: &Incoming) -> bool {
        let (source, text) = (&incoming.event.source, incoming.event.text.as_str());
        let decision = self.insist(|| self.context.access.judge(source, text)).await;
        self.follow(decision)
    }

    async fn note_membership(&self, source: &Source, is_in: bool) {
        if !is_in {
            return self.insist(|| self.context.access.removed_from(&source.chat_id)).await;
        }
        let decision = self.insist(|| self.context.access.invited(source)).await;
        if self.follow(decision) && !self.bot.reads_groups && source.chat_type != ChatType::Channel {
            let hint = "I am here. In groups I get only commands, answers to me and what mentions me.";
            self.front.say(source, hint);
        }
    }

    /// Says what is to be said; whether something is passed on.
    fn follow(&self, decision: AccessDecision) -> bool {
        match decision {
            AccessDecision::Admitted => true,
            AccessDecision::Withheld(replies) => {
                for AccessReply { chat_id, thread_id, text, .. } in replies {
                    self.front.say_in(chat_id, thread_id.as_deref(), &text);
                }
                false
            }
        }
    }

    /// Asks who may talk until the store answers: before that nothing is known.
    async fn insist<T, F: Future<Output = Result<T, AccessError>>>(&self, ask: impl Fn() -> F) -> T {
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(error) => {
                    tracing::error!(%error, "it is not known who may talk; trying again");
                    tokio::time::sleep(STORE_RETRY).await;
                }
            }
        }
    }

    /// Stores an event with the offset behind it, however long that takes; `false` where neither can be.
    async fn store(&self, incoming: &Incoming, behind: Offset) -> bool {
        loop {
            match self.deliver(incoming, behind).await {
                Ok(Delivery::Unwanted) => {
                    tracing::debug!("no gateway's policy admits a message");
                    return true;
                }
                Ok(_) => return true,
                Err(DeliverError::Store(error)) => {
                    tracing::error!(%error, "a message is not stored yet; trying again");
                    tokio::time::sleep(STORE_RETRY).await;
                }
                // Telegram keeps what is not confirmed; the connector has logged why it waits.
                Err(DeliverError::Full) => tokio::time::sleep(STORE_RETRY).await,
                Err(DeliverError::Gone) => return std::future::pending().await,
                Err(error) => {
                    tracing::error!(%error, "a message is lost");
                    return false;
                }
            }
        }
    }

    async fn deliver(&self, incoming: &Incoming, behind: Offset) -> Result<Delivery, DeliverError> {
        let tenant = self.tenants.tenant_of_source(&incoming.event.source).await?;
        let arrival = Arrival::event(tenant, incoming.event.clone()).with_changes(behind.change());
        self.context.events.take(arrival).await
    }

    /// Waits as long as the failure asks for; answers it where no wait helps.
    async fn back_off(&mut self, error: ApiError) -> Option<FrontError> {
        if matches!(error, ApiError::Unauthorized(_)) {
            return Some(fatal(error));
        }
        self.failures = self.failures.saturating_add(1);
        let wait = match &error {
            ApiError::TooMany { retry_after } => *retry_after,
            // The other reader's poll must have ended by itself, if it ends at all.
            ApiError::Conflict(_) => self.front.poll_time() + GRACE,
            _ => LONGEST_BACKOFF.min(Duration::from_secs(1 << self.failures.min(6)) / 2),
        };
        tracing::warn!(%error, wait = wait.as_secs(), "updates of Telegram do not come in; trying again");
        self.context.state.degraded(error.to_string());
        tokio::time::sleep(wait).await;
        None
    }
}

/// What only the bot's owner can mend.
fn fatal(error: ApiError) -> FrontError {
    let (why, remedy) =
        ("Telegram does not know the bot's token", "take the token from @BotFather and start again");
    FrontError::new(why, remedy).caused_by(error)
}
