//! Questions with buttons.

use relay_wire::{OptionId, PromptAction, PromptId, PromptToken};
use serde_json::{Value, json};

use crate::chat_caller::ChatCaller;
use crate::update::Incoming;

/// The buttons of a prompt, each of which carries its token; or why they cannot be.
pub(crate) fn keyboard(prompt: &PromptAction) -> Result<Value, String> {
    let mut rows = Vec::new();
    for option in &prompt.options {
        let token = PromptId::new(prompt.prompt_id.as_str()).and_then(|prompt_id| {
            Ok(PromptToken { prompt_id, option_id: OptionId::new(option.id.as_str())? })
        });
        let token = match token {
            Ok(token) => token.to_string(),
            Err(error) => return Err(error.to_string()),
        };
        if PromptToken::parse(&token).is_none() {
            return Err("the ids of a button may have 64 bytes together at most".to_owned());
        }
        let label = if option.label.is_empty() { &option.id } else { &option.label };
        rows.push(json!([{"text": label, "callback_data": token}]));
    }
    if rows.is_empty() {
        return Err("a prompt needs options".to_owned());
    }
    Ok(json!({"inline_keyboard": rows}))
}

/// Stops the spinner of a button and takes the buttons of a prompt away, beside everything else.
pub(crate) fn answer_press(caller: &ChatCaller, callback: String, press: Option<&Incoming>) {
    let api = caller.api.clone();
    let prompt = press.and_then(|press| {
        let message_id: i64 =
            press.event.prompt_response.as_ref()?.prompt_message_id.as_deref()?.parse().ok()?;
        Some(json!({"chat_id": press.event.source.chat_id, "message_id": message_id}))
    });
    tokio::spawn(async move {
        if let Err(error) = api.call("answerCallbackQuery", &json!({"callback_query_id": callback})).await {
            tracing::debug!(%error, "a press was not answered");
        }
        if let Some(prompt) = prompt
            && let Err(error) = api.call("editMessageReplyMarkup", &prompt).await
        {
            tracing::warn!(%error, "the buttons of an answered prompt stay");
        }
    });
}
