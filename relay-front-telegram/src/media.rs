//! Files, both ways.

use relay_connector::{FrontContext, MediaError, StoredMedia, Tenant};
use relay_wire::{ActionResult, Media, MediaKind, SendMediaAction};
use serde_json::json;

use crate::ApiError;
use crate::chat_caller::ChatCaller;
use crate::form::Form;
use crate::messages::Messages;
use crate::outcome::coded;
use crate::placement::placed;
use crate::text::{caption, entities};
use crate::update::IncomingFile;

/// The largest photo that a bot may send, in bytes; a larger one goes as a document.
const LARGEST_PHOTO: u64 = 10 * 1024 * 1024;

/// The largest file that Telegram gives a bot, in bytes.
const LARGEST_INCOMING: u64 = 20 * 1024 * 1024;

/// Why a file is not passed on, for the person who sent it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("Telegram gives bots no file of more than 20 MB; send a smaller one.")]
    TooLarge,
    #[error("This file cannot be passed on: {0}.")]
    NotKept(#[from] MediaError),
    #[error("This file cannot be fetched from Telegram now; send it again.")]
    NotFetched(#[from] ApiError),
}

/// Fetches a file that somebody sent, into the tenant's files on the connector.
pub(crate) async fn fetch(
    caller: &ChatCaller,
    context: &FrontContext,
    tenant: &Tenant,
    file: &IncomingFile,
) -> Result<StoredMedia, FileError> {
    if file.size.is_some_and(|size| size > LARGEST_INCOMING) {
        return Err(FileError::TooLarge);
    }
    let described = caller.api.ask_within("getFile", &json!({"file_id": file.id}), crate::api::CALL).await;
    let described = described.map_err(|error| match error {
        ApiError::Refused(text) if text.contains("too big") => FileError::TooLarge,
        other => FileError::NotFetched(other),
    })?;
    let path = described["file_path"]
        .as_str()
        .ok_or_else(|| FileError::NotFetched(ApiError::Unknown("a file without a path".into())))?;
    let bytes = caller.api.download(path).await?;
    let name = file.name.as_deref().or_else(|| path.rsplit('/').next());
    Ok(context.media.put(tenant, name, file.mime.as_deref(), bytes).await?)
}

/// Sends a file that a gateway uploaded, or has Telegram fetch it where it is elsewhere.
pub(crate) async fn send_media(
    caller: &ChatCaller,
    messages: &Messages,
    action: &SendMediaAction,
    tenant: &Tenant,
    context: Option<&FrontContext>,
) -> Result<ActionResult, ApiError> {
    let mut parameters = placed(&action.metadata, action.reply_to.as_deref());
    // A text that is no caption follows the file.
    let mut rest = action.content.as_str();
    if let Some(caption) = caption(&action.content) {
        parameters["caption_entities"] = entities(&caption);
        parameters["caption"] = json!(caption.text);
        rest = "";
    }
    let opened = match context {
        Some(context) => context.media.open(tenant, &action.source_url).await,
        None => Ok(None),
    };
    let sent = match opened {
        Ok(Some(file)) => {
            let large = file.size > LARGEST_PHOTO;
            let (method, field) = method(action.media_kind, large);
            let chat = caller.migrated(&action.chat_id);
            parameters["chat_id"] = json!(chat);
            caller.turn(&chat).await?;
            let name = action.filename.as_deref().or(file.name.as_deref()).unwrap_or(field);
            let unique = context.map_or(0, |context| {
                (u128::from(context.random.number()) << 64) | u128::from(context.random.number())
            });
            let form = Form::new(unique, &parameters, field, name, &file.content_type, file.bytes, file.size);
            let sent = caller.api.upload(method, form).await;
            // Its bytes are used up: the gateway may send it again after the wait.
            sent.inspect_err(|error| caller.hold(&chat, error))?
        }
        Ok(None) if is_elsewhere(&action.source_url) => {
            let (method, field) = method(action.media_kind, false);
            parameters[field] = json!(action.source_url);
            caller.call(&action.chat_id, method, parameters).await?
        }
        Ok(None) => {
            let error = "there is no such file here, or no longer; upload it again";
            return Ok(coded("not_found", error));
        }
        Err(error) => return Ok(coded("unreachable", error.to_string())),
    };
    let id = sent["message_id"].as_i64();
    let id = id.ok_or_else(|| ApiError::Unknown("a message without an id".into()))?.to_string();
    if rest.trim().is_empty() {
        return Ok(ActionResult::delivered(id));
    }
    match messages.send(&action.chat_id, rest, placed(&action.metadata, None), None).await {
        Ok(result) if result.success => Ok(ActionResult::delivered(id)),
        Ok(result) => Ok(coded(
            "incomplete",
            format!("the file was sent, its text was not: {}", result.error.unwrap_or_default()),
        )),
        Err(error) if error.is_unknown() => Err(error),
        Err(error) => Ok(coded("incomplete", format!("the file was sent, its text was not: {error}"))),
    }
}

/// Whether Telegram could fetch it.
fn is_elsewhere(url: &str) -> bool {
    url.starts_with("https://") && !url.contains("/relay/media/")
}

fn method(kind: MediaKind, is_large: bool) -> (&'static str, &'static str) {
    match kind {
        MediaKind::Image if !is_large => ("sendPhoto", "photo"),
        MediaKind::Voice => ("sendVoice", "voice"),
        MediaKind::Audio => ("sendAudio", "audio"),
        MediaKind::Video => ("sendVideo", "video"),
        _ => ("sendDocument", "document"),
    }
}

/// What is known of a fetched file, as the event says it.
pub(crate) fn described(file: &IncomingFile, stored: &StoredMedia) -> Media {
    Media {
        url: stored.url.clone(),
        kind: Some(file.kind.into()),
        mime: Some(stored.content_type.clone()),
        size: Some(stored.size),
        filename: stored.name.clone(),
        caption: None,
    }
}

#[cfg(test)]
mod tests {
    use relay_wire::MediaKind;

    use super::{is_elsewhere, method};

    #[test]
    fn a_large_image_goes_as_a_document() {
        assert_eq!(method(MediaKind::Image, false).0, "sendPhoto");
        assert_eq!(method(MediaKind::Image, true).0, "sendDocument");
        assert_eq!(method(MediaKind::Voice, true), ("sendVoice", "voice"));
    }

    #[test]
    fn telegram_fetches_only_what_is_open_to_it() {
        assert!(is_elsewhere("https://x.example/a.png"));
        assert!(!is_elsewhere("http://x.example/a.png") && !is_elsewhere("file:///etc/passwd"));
        assert!(!is_elsewhere("https://relay.example/relay/media/0"));
    }
}
