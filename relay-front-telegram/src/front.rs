//! The front: what gateways ask for, as calls to Telegram.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_connector::{ActionContext, Front, FrontContext, FrontError, Tenant};
use relay_wire::{
    Action, ActionResult, CapabilityDescriptor, ChatInfo, EGRESS_DECLINED, LenUnit, Metadata, Op, OptionId,
    PromptAction, PromptId, PromptToken, Source,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::api::BotApi;
use crate::pace::{LONGEST_WAIT, Pace, TooLong};
use crate::poll::Poller;
use crate::reaction::curated;
use crate::text::{LONGEST_MESSAGE, MOST_MESSAGES, entities, messages};
use crate::update::Incoming;
use crate::{Access, ApiError, TelegramSettings};

/// What is performed, and so what the descriptor lists.
const OPS: [Op; 9] = [
    Op::Send,
    Op::Edit,
    Op::Delete,
    Op::Typing,
    Op::GetChatInfo,
    Op::Prompt,
    Op::React,
    Op::ThreadCreate,
    Op::ThreadRename,
];

/// How many long texts are remembered with all their messages.
const MOST_LONG_TEXTS: usize = 1000;

/// A bot on Telegram.
pub struct TelegramFront {
    api: Arc<BotApi>,
    tenant: Tenant,
    access: Access,
    poll: Duration,
    pace: Arc<Pace>,
    /// What the connector gave; there once it runs the front.
    context: OnceLock<FrontContext>,
    /// The further messages of a text that was too long for one, by chat and first message.
    parts: Mutex<HashMap<(String, i64), Vec<i64>>>,
    /// Groups that have become supergroups, by the id that gateways know.
    migrated: Mutex<HashMap<String, String>>,
}

impl fmt::Debug for TelegramFront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelegramFront")
            .field("tenant", &self.tenant)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl TelegramFront {
    /// Makes a front; nothing is sent before a connector runs it.
    pub fn new(settings: TelegramSettings) -> Self {
        let TelegramSettings { token, tenant, access, base_url, dialer, poll } = settings;
        Self {
            api: Arc::new(BotApi::new(dialer, base_url, token)),
            tenant,
            access,
            poll,
            pace: Arc::default(),
            context: OnceLock::new(),
            parts: Mutex::default(),
            migrated: Mutex::default(),
        }
    }

    pub(crate) fn api(&self) -> &BotApi {
        &self.api
    }

    pub(crate) fn access(&self) -> &Access {
        &self.access
    }

    pub(crate) fn poll_time(&self) -> Duration {
        self.poll
    }

    /// Stops the spinner of a button and takes the buttons of a prompt away, beside everything else.
    pub(crate) fn answer_press(&self, callback: String, press: Option<&Incoming>) {
        let api = Arc::clone(&self.api);
        let is_admitted = press.is_some_and(|press| self.access.admits(press.user));
        let prompt = press.filter(|_| is_admitted).and_then(|press| {
            let message_id: i64 =
                press.event.prompt_response.as_ref()?.prompt_message_id.as_deref()?.parse().ok()?;
            Some(json!({"chat_id": press.event.source.chat_id, "message_id": message_id}))
        });
        tokio::spawn(async move {
            if let Err(error) = api.call("answerCallbackQuery", &json!({"callback_query_id": callback})).await
            {
                tracing::debug!(%error, "a press was not answered");
            }
            if let Some(prompt) = prompt
                && let Err(error) = api.call("editMessageReplyMarkup", &prompt).await
            {
                tracing::warn!(%error, "the buttons of an answered prompt stay");
            }
        });
    }

    /// Says a line of the front's own, beside everything else.
    pub(crate) fn say(&self, source: &Source, text: &str) {
        let (api, pace) = (Arc::clone(&self.api), Arc::clone(&self.pace));
        let chat = source.chat_id.clone();
        let mut parameters = json!({"chat_id": chat, "text": text});
        set_thread(&mut parameters, source.thread_id.as_deref());
        tokio::spawn(async move {
            if pace.turn(&chat).await.is_ok()
                && let Err(error) = api.call("sendMessage", &parameters).await
            {
                tracing::debug!(%error, "a notice was not sent");
            }
        });
    }

    /// Calls a method for a chat when its turn comes. A wait that Telegram asks for is kept to the end, and the call
    /// then made again: nothing was done. A group that has become a supergroup is written to there.
    async fn call(&self, chat: &str, method: &str, mut parameters: Value) -> Result<Value, ApiError> {
        let begun = tokio::time::Instant::now();
        let mut chat = self.migrated(chat);
        let mut has_moved = false;
        loop {
            parameters["chat_id"] = json!(chat);
            if let Err(TooLong(retry_after)) = self.pace.turn(&chat).await {
                return Err(ApiError::TooMany { retry_after });
            }
            match self.api.call(method, &parameters).await {
                Err(ApiError::TooMany { retry_after }) => {
                    self.pace.hold(&chat, retry_after);
                    if begun.elapsed() + retry_after > LONGEST_WAIT {
                        return Err(ApiError::TooMany { retry_after });
                    }
                }
                Err(ApiError::Migrated { chat_id }) if !has_moved => {
                    has_moved = true;
                    let new = chat_id.to_string();
                    tracing::info!(old = %chat, %new, "a group has become a supergroup");
                    let mut migrated = self.migrated.lock().unwrap_or_else(PoisonError::into_inner);
                    migrated.insert(chat, new.clone());
                    chat = new;
                }
                other => return other,
            }
        }
    }

    /// Whether the chat is this tenant's.
    async fn is_owner(&self, tenant: &Tenant, chat: &str) -> bool {
        let Some(context) = self.context.get() else { return *tenant == self.tenant };
        let owner = context.tenants.clone().with_default(self.tenant.clone()).tenant_of(&[chat]).await;
        owner
            .inspect_err(|error| tracing::error!(%error, "whose a chat is cannot be read"))
            .is_ok_and(|owner| owner == *tenant)
    }

    fn migrated(&self, chat: &str) -> String {
        let migrated = self.migrated.lock().unwrap_or_else(PoisonError::into_inner);
        migrated.get(chat).cloned().unwrap_or_else(|| chat.to_owned())
    }

    /// Calls a method with a text; one whose looks are refused goes without them, once.
    async fn call_with_text(&self, chat: &str, method: &str, parameters: Value) -> Result<Value, ApiError> {
        match self.call(chat, method, parameters.clone()).await {
            Err(error) if error.is_about_entities() => {
                tracing::warn!(%error, "a message goes without its looks");
                let mut bare = parameters;
                bare["entities"] = json!([]);
                self.call(chat, method, bare).await
            }
            other => other,
        }
    }

    async fn act(&self, action: Action) -> Result<ActionResult, ApiError> {
        match action {
            Action::Send(a) => {
                let parameters = addressed(&a.metadata, a.reply_to.as_deref());
                self.send(&a.chat_id, &a.content, parameters, None).await
            }
            Action::Edit(a) => self.edit(&a.chat_id, &a.message_id, &a.content, &a.metadata).await,
            Action::Delete(a) => self.delete(&a.chat_id, &a.message_id).await,
            Action::Typing(a) if a.content.as_deref() == Some("") => Ok(ActionResult::done()),
            Action::Typing(a) => {
                let mut parameters = json!({"chat_id": self.migrated(&a.chat_id), "action": "typing"});
                set_thread(&mut parameters, a.metadata.thread());
                self.api.call("sendChatAction", &parameters).await?;
                Ok(ActionResult::done())
            }
            Action::GetChatInfo(a) => self.chat_info(&a.chat_id).await,
            Action::Prompt(a) => self.prompt(&a).await,
            Action::React(a) => {
                let Some(message_id) = number(&a.message_id) else { return Ok(no_message(&a.message_id)) };
                let Some(emoji) = curated(&a.emoji) else {
                    let error = format!("Telegram has no reaction `{}` for bots", a.emoji.escape_debug());
                    return Ok(coded("unsupported_reaction", error));
                };
                let reaction = if a.remove { json!([]) } else { json!([{"type": "emoji", "emoji": emoji}]) };
                let parameters = json!({"message_id": message_id, "reaction": reaction});
                self.call(&a.chat_id, "setMessageReaction", parameters).await?;
                Ok(ActionResult::done())
            }
            Action::ThreadCreate(a) => {
                let topic = self.call(&a.chat_id, "createForumTopic", json!({"name": a.thread_name})).await?;
                match topic["message_thread_id"].as_i64() {
                    Some(id) => Ok(ActionResult { thread_id: Some(id.to_string()), ..ActionResult::done() }),
                    None => Err(ApiError::Unknown("a topic without an id".into())),
                }
            }
            Action::ThreadRename(a) if a.only_if_current_name.is_some() => Ok(coded(
                "unsupported",
                "Telegram does not tell bots the name of a topic, so it stays".into(),
            )),
            Action::ThreadRename(a) => {
                let Some(topic) = number(&a.message_id) else { return Ok(no_message(&a.message_id)) };
                let parameters = json!({"message_thread_id": topic, "name": a.thread_name});
                self.call(&a.chat_id, "editForumTopic", parameters).await?;
                Ok(ActionResult::done())
            }
            other => Ok(coded("unsupported_op", format!("this front does not perform `{}`", other.op()))),
        }
    }

    /// Sends a text as so many messages as it needs; the buttons go under the last, the result is the first.
    async fn send(
        &self,
        chat: &str,
        content: &str,
        mut base: Value,
        buttons: Option<Value>,
    ) -> Result<ActionResult, ApiError> {
        let messages = messages(content);
        if let Some(refusal) = unsendable(messages.len()) {
            return Ok(refusal);
        }
        let mut sent: Vec<i64> = Vec::new();
        for (index, message) in messages.iter().enumerate() {
            let mut parameters = base.clone();
            parameters["text"] = json!(message.text);
            parameters["entities"] = entities(message);
            if index + 1 == messages.len()
                && let Some(buttons) = &buttons
            {
                parameters["reply_markup"] = buttons.clone();
            }
            match self.call_with_text(chat, "sendMessage", parameters).await {
                Ok(message) => sent.extend(message["message_id"].as_i64()),
                Err(error) if sent.is_empty() || error.is_unknown() => return Err(error),
                Err(error) => {
                    let error =
                        format!("only {} of {} messages were sent: {error}", sent.len(), messages.len());
                    return Ok(coded("incomplete", error));
                }
            }
            // What follows answers nothing: it belongs to what is above it.
            if let Some(base) = base.as_object_mut() {
                base.remove("reply_parameters");
            }
        }
        let mut sent = sent.into_iter();
        let first = sent.next().ok_or_else(|| ApiError::Unknown("a message without an id".into()))?;
        self.remember(chat, first, sent.collect());
        Ok(ActionResult::delivered(first.to_string()))
    }

    fn remember(&self, chat: &str, first: i64, rest: Vec<i64>) {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        if parts.len() >= MOST_LONG_TEXTS {
            parts.clear();
        }
        let key = (chat.to_owned(), first);
        if rest.is_empty() {
            parts.remove(&key)
        } else {
            parts.insert(key, rest)
        };
    }

    fn rest_of(&self, chat: &str, first: i64) -> Vec<i64> {
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.get(&(chat.to_owned(), first)).cloned().unwrap_or_default()
    }

    /// Changes a text: the messages that it has are edited, further ones sent, surplus ones deleted.
    async fn edit(
        &self,
        chat: &str,
        message_id: &str,
        content: &str,
        metadata: &Metadata,
    ) -> Result<ActionResult, ApiError> {
        let Some(first) = number(message_id) else { return Ok(no_message(message_id)) };
        let messages = messages(content);
        if let Some(refusal) = unsendable(messages.len()) {
            return Ok(refusal);
        }
        let mut ids = vec![first];
        ids.extend(self.rest_of(chat, first));
        for (index, message) in messages.iter().enumerate() {
            let mut parameters = addressed(metadata, None);
            parameters["text"] = json!(message.text);
            parameters["entities"] = entities(message);
            if let Some(id) = ids.get(index) {
                parameters["message_id"] = json!(id);
                match self.call_with_text(chat, "editMessageText", parameters).await {
                    Err(error) if !error.is_unchanged() => return Err(error),
                    _ => {}
                }
            } else {
                let message = self.call_with_text(chat, "sendMessage", parameters).await?;
                ids.extend(message["message_id"].as_i64());
                self.remember(chat, first, ids[1..].to_vec());
            }
        }
        for surplus in ids.drain(messages.len().min(ids.len())..) {
            if let Err(error) = self.call(chat, "deleteMessage", json!({"message_id": surplus})).await {
                tracing::warn!(%error, "the end of a text that became shorter stays");
            }
        }
        self.remember(chat, first, ids[1..].to_vec());
        Ok(ActionResult::delivered(message_id.to_owned()))
    }

    async fn delete(&self, chat: &str, message_id: &str) -> Result<ActionResult, ApiError> {
        let Some(first) = number(message_id) else { return Ok(no_message(message_id)) };
        let mut ids = vec![first];
        ids.extend(self.rest_of(chat, first));
        for id in ids {
            self.call(chat, "deleteMessage", json!({"message_id": id})).await?;
        }
        self.remember(chat, first, Vec::new());
        Ok(ActionResult::done())
    }

    async fn chat_info(&self, chat: &str) -> Result<ActionResult, ApiError> {
        let info = self.call(chat, "getChat", json!({})).await?;
        let name = ["title", "first_name", "username"].iter().find_map(|name| info[*name].as_str());
        let kind = match info["type"].as_str() {
            Some("private") => "dm",
            Some("channel") => "channel",
            _ if info["is_forum"] == true => "forum",
            _ => "group",
        };
        let chat_info = ChatInfo { name: name.unwrap_or_default().to_owned(), kind: kind.into() };
        Ok(ActionResult { chat_info: Some(chat_info), ..ActionResult::done() })
    }

    async fn prompt(&self, prompt: &PromptAction) -> Result<ActionResult, ApiError> {
        let mut rows = Vec::new();
        for option in &prompt.options {
            let token = PromptId::new(prompt.prompt_id.as_str()).and_then(|prompt_id| {
                Ok(PromptToken { prompt_id, option_id: OptionId::new(option.id.as_str())? })
            });
            let token = match token {
                Ok(token) => token.to_string(),
                Err(error) => return Ok(coded("bad_request", error.to_string())),
            };
            if PromptToken::parse(&token).is_none() {
                return Ok(coded(
                    "bad_request",
                    "the ids of a button may have 64 bytes together at most".into(),
                ));
            }
            let label = if option.label.is_empty() { &option.id } else { &option.label };
            rows.push(json!([{"text": label, "callback_data": token}]));
        }
        if rows.is_empty() {
            return Ok(coded("bad_request", "a prompt needs options".into()));
        }
        let parameters = addressed(&prompt.metadata, prompt.reply_to.as_deref());
        self.send(&prompt.chat_id, &prompt.content, parameters, Some(json!({"inline_keyboard": rows}))).await
    }
}

/// The parameters that say where a message goes beside its chat.
fn addressed(metadata: &Metadata, reply_to: Option<&str>) -> Value {
    let mut parameters = json!({});
    set_thread(&mut parameters, metadata.thread());
    if let Some(message_id) = reply_to.and_then(number) {
        parameters["reply_parameters"] =
            json!({"message_id": message_id, "allow_sending_without_reply": true});
    }
    if metadata.get("unfurl_links") == Some(&Value::Bool(false)) {
        parameters["link_preview_options"] = json!({"is_disabled": true});
    }
    parameters
}

/// The topic; the one that every forum has must not be named.
fn set_thread(parameters: &mut Value, thread: Option<&str>) {
    if let Some(thread) = thread.and_then(number).filter(|thread| *thread != 1) {
        parameters["message_thread_id"] = json!(thread);
    }
}

fn number(id: &str) -> Option<i64> {
    id.parse().ok()
}

fn coded(code: &'static str, error: String) -> ActionResult {
    ActionResult { code: Some(code.into()), ..ActionResult::failed(error) }
}

fn no_message(id: &str) -> ActionResult {
    let id: String = id.escape_debug().take(64).collect();
    coded("not_found", format!("`{id}` is no message or topic of Telegram's, whose ids are numbers"))
}

fn unsendable(count: usize) -> Option<ActionResult> {
    match count {
        0 => Some(coded(
            "empty",
            "there is nothing to see in this text, and Telegram takes no empty message".into(),
        )),
        count if count > MOST_MESSAGES => {
            let error =
                format!("this text needs {count} messages, and {MOST_MESSAGES} are sent at most; shorten it");
            Some(coded("too_long", error))
        }
        _ => None,
    }
}

fn failed(error: &ApiError) -> ActionResult {
    let code = match error {
        ApiError::TooMany { .. } => "rate_limited",
        ApiError::Forbidden(_) => "forbidden",
        ApiError::Refused(text) if text.contains("not found") => "not_found",
        ApiError::Refused(_) | ApiError::Migrated { .. } => "bad_request",
        _ => "unreachable",
    };
    coded(code, error.to_string())
}

impl Front for TelegramFront {
    fn platform(&self) -> &'static str {
        "telegram"
    }

    fn run(
        &self,
        context: FrontContext,
        shutdown: CancellationToken,
    ) -> BoxFuture<'_, Result<(), FrontError>> {
        async move {
            context.descriptor.publish(descriptor());
            // One that is run again gets the same.
            let context = self.context.get_or_init(|| context);
            let tenants = context.tenants.clone().with_default(self.tenant.clone());
            Poller::new(self, context, tenants).run(shutdown).await
        }
        .boxed()
    }

    fn perform(&self, action: Action, context: ActionContext) -> BoxFuture<'_, ActionResult> {
        async move {
            if !self.is_owner(&context.tenant, action.chat_id().unwrap_or_default()).await {
                return coded(
                    EGRESS_DECLINED,
                    "egress declined: these chats belong to another tenant".into(),
                );
            }
            match self.act(action).await {
                Ok(result) => result,
                Err(error) if error.is_unknown() => {
                    tracing::warn!(%error, "an action is left without a result");
                    // A guess would be worse: the connector lets the gateway know that nothing is known.
                    std::future::pending().await
                }
                Err(error) => failed(&error),
            }
        }
        .boxed()
    }
}

fn descriptor() -> CapabilityDescriptor {
    CapabilityDescriptor {
        platform: "telegram".into(),
        label: "Telegram".into(),
        max_message_length: LONGEST_MESSAGE,
        len_unit: LenUnit::Utf16,
        supports_edit: true,
        supports_threads: true,
        markdown_dialect: "markdown_v2".into(),
        emoji: "✈️".into(),
        platform_hint: "Write Markdown; prefer lists to tables.".into(),
        supported_ops: OPS.iter().map(|op| op.as_str().into()).collect(),
        ..CapabilityDescriptor::default()
    }
}
