//! Calls for a chat: in its pace, to where it is now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::ApiError;
use crate::api::BotApi;
use crate::pace::{LONGEST_WAIT, Pace, TooLong};

/// Makes calls for chats. Clones share their pace.
#[derive(Clone)]
pub(crate) struct ChatCaller {
    pub(crate) api: Arc<BotApi>,
    pace: Arc<Pace>,
    /// Groups that have become supergroups, by the id that gateways know.
    migrated: Arc<Mutex<HashMap<String, String>>>,
}

impl ChatCaller {
    pub(crate) fn new(api: Arc<BotApi>) -> Self {
        Self { api, pace: Arc::default(), migrated: Arc::default() }
    }

    /// Waits until the chat may be written to, and takes its turn.
    pub(crate) async fn turn(&self, chat: &str) -> Result<(), ApiError> {
        self.pace.turn(chat).await.map_err(|TooLong(retry_after)| ApiError::TooMany { retry_after })
    }

    /// Calls a method for a chat when its turn comes. A wait that Telegram asks for is kept to the end, and the call
    /// then made again: nothing was done. A group that has become a supergroup is written to there.
    pub(crate) async fn call(
        &self,
        chat: &str,
        method: &str,
        mut parameters: Value,
    ) -> Result<Value, ApiError> {
        let begun = tokio::time::Instant::now();
        let mut chat = self.migrated(chat);
        let mut has_moved = false;
        loop {
            parameters["chat_id"] = json!(chat);
            self.turn(&chat).await?;
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

    /// Calls a method with a text; one whose looks are refused goes without them, once.
    pub(crate) async fn call_with_text(
        &self,
        chat: &str,
        method: &str,
        parameters: Value,
    ) -> Result<Value, ApiError> {
        match self.call(chat, method, parameters.clone()).await {
            Err(error) if error.is_about_entities() => {
                tracing::warn!(%error, "Telegram refused the formatting; the message is sent as plain text");
                let mut bare = parameters;
                bare["entities"] = json!([]);
                self.call(chat, method, bare).await
            }
            other => other,
        }
    }

    /// How long a chat would have to wait now.
    pub(crate) fn wait(&self, chat: &str) -> std::time::Duration {
        self.pace.wait(&self.migrated(chat))
    }

    /// Has a chat wait as Telegram asks.
    pub(crate) fn hold(&self, chat: &str, error: &ApiError) {
        if let ApiError::TooMany { retry_after } = error {
            self.pace.hold(chat, *retry_after);
        }
    }

    /// Where a chat is now.
    pub(crate) fn migrated(&self, chat: &str) -> String {
        let migrated = self.migrated.lock().unwrap_or_else(PoisonError::into_inner);
        migrated.get(chat).cloned().unwrap_or_else(|| chat.to_owned())
    }
}
