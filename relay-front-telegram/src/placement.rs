//! Where in a chat a message goes.

use relay_wire::Metadata;
use serde_json::{Value, json};

use crate::outcome::number;

/// The parameters that say where a message goes beside its chat.
pub(crate) fn placed(metadata: &Metadata, reply_to: Option<&str>) -> Value {
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
pub(crate) fn set_thread(parameters: &mut Value, thread: Option<&str>) {
    if let Some(thread) = thread.and_then(number).filter(|thread| *thread != 1) {
        parameters["message_thread_id"] = json!(thread);
    }
}
