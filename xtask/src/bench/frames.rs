//! The few frames that a measurement needs, written and read as the contract has them.

use std::borrow::Cow;

use serde::Deserialize;

/// The platform of every measurement.
pub(crate) const PLATFORM: &str = "bench";

/// A frame of either side, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Frame<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Cow<'a, str>,
    #[serde(rename = "requestId", borrow)]
    pub(crate) request_id: Cow<'a, str>,
    #[serde(rename = "bufferId", borrow)]
    pub(crate) buffer_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(crate) action: Action<'a>,
    #[serde(borrow)]
    pub(crate) event: Event<'a>,
}

/// What a gateway wants done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Action<'a> {
    #[serde(borrow)]
    pub(crate) op: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) chat_id: Cow<'a, str>,
}

/// What somebody wrote.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Event<'a> {
    #[serde(borrow)]
    pub(crate) text: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) message_id: Cow<'a, str>,
    #[serde(borrow)]
    pub(crate) source: Source<'a>,
}

/// Where.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Source<'a> {
    #[serde(borrow)]
    pub(crate) chat_id: Cow<'a, str>,
}

impl<'a> Frame<'a> {
    pub(crate) fn read(line: &'a str) -> anyhow::Result<Self> {
        Ok(serde_json::from_str(line)?)
    }
}

/// A platform without edits and without typing: one message in is one message out.
pub(crate) fn descriptor() -> String {
    format!(
        "{{\"type\":\"descriptor\",\"descriptor\":{{\"contract_version\":1,\"platform\":\"{PLATFORM}\",\
         \"label\":\"Bench\",\"max_message_length\":4096,\"supports_draft_streaming\":false,\
         \"supports_edit\":false,\"supports_threads\":false,\"markdown_dialect\":\"plain\",\
         \"len_unit\":\"chars\",\"supported_ops\":[\"send\"]}}}}\n"
    )
}

/// The message of this number in a chat.
pub(crate) fn inbound(chat: usize, number: u64, text: &str) -> String {
    format!(
        "{{\"type\":\"inbound\",\"bufferId\":\"b{number}\",\"event\":{{\"text\":\"{text}\",\
         \"message_type\":\"text\",\"message_id\":\"m{number}\",\"source\":{{\"platform\":\"{PLATFORM}\",\
         \"chat_id\":\"c{chat}\",\"chat_type\":\"dm\",\"chat_name\":\"chat {chat}\",\"user_id\":\"u{chat}\",\
         \"user_name\":\"Ann\",\"thread_id\":null,\"chat_topic\":null}}}}}}\n"
    )
}

/// Whose chat it is.
pub(crate) fn chat(chat_id: &str) -> Option<usize> {
    chat_id.strip_prefix('c')?.parse().ok()
}

/// The answer to an action that made a message.
pub(crate) fn result(request_id: &str, number: u64) -> String {
    format!(
        "{{\"type\":\"outbound_result\",\"requestId\":\"{request_id}\",\"result\":{{\"success\":true,\
         \"message_id\":\"s{number}\"}}}}\n"
    )
}

/// The order to stop what runs in a chat.
pub(crate) fn interrupt(chat: usize) -> String {
    format!(
        "{{\"type\":\"interrupt_inbound\",\"session_key\":\"{}\",\"chat_id\":\"c{chat}\"}}\n",
        session_key(chat)
    )
}

/// The session of a chat.
pub(crate) fn session_key(chat: usize) -> String {
    format!("agent:main:{PLATFORM}:dm:c{chat}")
}

#[cfg(test)]
mod tests {
    use super::{Frame, chat, descriptor, inbound, interrupt, result};

    #[test]
    fn what_is_written_reads_back() {
        let line = inbound(3, 7, "hello");
        let frame = Frame::read(&line).unwrap();
        assert_eq!((&*frame.kind, frame.buffer_id.as_deref()), ("inbound", Some("b7")));
        assert_eq!((&*frame.event.text, &*frame.event.message_id), ("hello", "m7"));
        assert_eq!(chat(&frame.event.source.chat_id), Some(3));
        for (line, kind) in [
            (descriptor(), "descriptor"),
            (result("r1", 1), "outbound_result"),
            (interrupt(3), "interrupt_inbound"),
        ] {
            assert!(line.ends_with('\n'));
            assert_eq!(Frame::read(&line).unwrap().kind, kind);
        }
    }
}
