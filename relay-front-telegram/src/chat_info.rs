//! What a chat is called and what it is.

use relay_wire::{ActionResult, ChatInfo};
use serde_json::json;

use crate::ApiError;
use crate::chat_caller::ChatCaller;

pub(crate) async fn chat_info(caller: &ChatCaller, chat: &str) -> Result<ActionResult, ApiError> {
    let info = caller.call(chat, "getChat", json!({})).await?;
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
