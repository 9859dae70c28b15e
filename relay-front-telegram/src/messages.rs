//! Texts in chats: one text may be several messages, and stays one to whoever edits or deletes it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use relay_wire::{ActionResult, Metadata};
use serde_json::{Value, json};

use crate::ApiError;
use crate::chat_caller::ChatCaller;
use crate::outcome::{coded, no_message, number, unsendable};
use crate::placement::placed;
use crate::text::{entities, messages};

/// How many long texts are remembered with all their messages.
const MOST_LONG_TEXTS: usize = 1000;

/// Sends, edits and deletes texts.
pub(crate) struct Messages {
    caller: ChatCaller,
    /// The further messages of a text that was too long for one, by chat and first message.
    parts: Mutex<HashMap<(String, i64), Vec<i64>>>,
}

impl Messages {
    pub(crate) fn new(caller: ChatCaller) -> Self {
        Self { caller, parts: Mutex::default() }
    }

    /// Sends a text as so many messages as it needs; the buttons go under the last, the result is the first.
    pub(crate) async fn send(
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
            match self.caller.call_with_text(chat, "sendMessage", parameters).await {
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
    pub(crate) async fn edit(
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
            let mut parameters = placed(metadata, None);
            parameters["text"] = json!(message.text);
            parameters["entities"] = entities(message);
            if let Some(id) = ids.get(index) {
                parameters["message_id"] = json!(id);
                match self.caller.call_with_text(chat, "editMessageText", parameters).await {
                    Err(error) if !error.is_unchanged() => return Err(error),
                    _ => {}
                }
            } else {
                let message = self.caller.call_with_text(chat, "sendMessage", parameters).await?;
                ids.extend(message["message_id"].as_i64());
                self.remember(chat, first, ids[1..].to_vec());
            }
        }
        for surplus in ids.drain(messages.len().min(ids.len())..) {
            if let Err(error) = self.caller.call(chat, "deleteMessage", json!({"message_id": surplus})).await
            {
                tracing::warn!(%error, "the end of a text that became shorter stays");
            }
        }
        self.remember(chat, first, ids[1..].to_vec());
        Ok(ActionResult::delivered(message_id.to_owned()))
    }

    pub(crate) async fn delete(&self, chat: &str, message_id: &str) -> Result<ActionResult, ApiError> {
        let Some(first) = number(message_id) else { return Ok(no_message(message_id)) };
        let mut ids = vec![first];
        ids.extend(self.rest_of(chat, first));
        for id in ids {
            self.caller.call(chat, "deleteMessage", json!({"message_id": id})).await?;
        }
        self.remember(chat, first, Vec::new());
        Ok(ActionResult::done())
    }
}
