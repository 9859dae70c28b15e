//! An optional field that is missing, null or of the wrong type reads as not set, and costs nothing else.

use relay_wire::{ConnectorFrame, FrameError, GatewayFrame};
use serde_json::{Value, json};

use super::read_connector;
use crate::connector_frames::{everything, forward_everything};

/// What a field understands, and so which values are of the wrong type for it. A number is no wrong type
/// for text: it reads as its digits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Text,
    Flag,
    Number,
    Object,
    List,
}

impl Kind {
    fn wrong(self) -> Vec<Value> {
        let all = [json!(true), json!("x"), json!(7), json!([[1]]), json!({ "x": { "y": [null] } })];
        let fits = |value: &Value| match self {
            Self::Text => value.is_string() || value.is_number(),
            Self::Flag => value.is_boolean(),
            Self::Number => value.is_number(),
            Self::Object => value.is_object(),
            Self::List => value.is_array(),
        };
        all.into_iter().filter(|value| !fits(value)).collect()
    }
}

fn remove(line: &Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let mut line = line.clone();
    let parent = line.pointer_mut(parent).and_then(Value::as_object_mut).expect("the parent is an object");
    parent.remove(name).unwrap_or_else(|| panic!("{pointer} is in the line"));
    line
}

/// Each of the fields, null or of a wrong type, reads as if it were absent; and absent is not the same as
/// what the line said, so the check has something to find.
#[track_caller]
pub(super) fn optional<F: PartialEq + std::fmt::Debug>(
    line: &str,
    decode: impl Fn(&[u8]) -> Result<F, FrameError>,
    fields: &[(&str, Kind)],
) {
    let whole: Value = serde_json::from_str(line).expect("the line is JSON");
    let read = |line: &Value| decode(line.to_string().as_bytes()).expect("the line is still a frame");
    for (pointer, kind) in fields {
        let absent = read(&remove(&whole, pointer));
        assert_ne!(read(&whole), absent, "{pointer} is not read at all");
        for wrong in kind.wrong().into_iter().chain([Value::Null]) {
            let mut altered = whole.clone();
            *altered.pointer_mut(pointer).expect("the field is in the line") = wrong;
            assert_eq!(read(&altered), absent, "{pointer} in {altered}");
        }
    }
}

fn connector(line: &[u8]) -> Result<ConnectorFrame, FrameError> {
    ConnectorFrame::decode(line)
}

pub(super) fn gateway(line: &[u8]) -> Result<GatewayFrame, FrameError> {
    GatewayFrame::decode(line)
}

fn encoded(frame: &ConnectorFrame) -> String {
    let mut line = Vec::new();
    frame.encode(&mut line);
    String::from_utf8(line).expect("a frame is UTF-8")
}

#[test]
fn in_an_inbound() {
    use Kind::{Flag, List, Number, Object, Text};
    optional(
        &encoded(&everything()),
        connector,
        &[
            ("/bufferId", Text),
            ("/event/text", Text),
            ("/event/message_type", Text),
            ("/event/source", Object),
            ("/event/message_id", Text),
            ("/event/reply_to_message_id", Text),
            ("/event/reply_to", Object),
            ("/event/reply_to/text", Text),
            ("/event/reply_to/author", Text),
            ("/event/reply_to/is_own", Flag),
            ("/event/media_urls", List),
            ("/event/media", List),
            ("/event/media/0/url", Text),
            ("/event/media/0/kind", Text),
            ("/event/media/0/mime", Text),
            ("/event/media/0/size", Number),
            ("/event/media/0/filename", Text),
            ("/event/media/0/caption", Text),
            ("/event/context", List),
            ("/event/context/0/text", Text),
            ("/event/context_error", Text),
            ("/event/prompt_response", Object),
            ("/event/prompt_response/prompt_id", Text),
            ("/event/prompt_response/option_id", Text),
            ("/event/prompt_response/label", Text),
            ("/event/prompt_response/prompt_message_id", Text),
        ],
    );
}

#[test]
fn in_a_source() {
    let texts = [
        "platform",
        "chat_id",
        "chat_type",
        "chat_name",
        "user_id",
        "user_name",
        "thread_id",
        "chat_topic",
        "user_display_name",
        "user_handle",
        "user_id_alt",
        "chat_id_alt",
        "scope_id",
        "guild_id",
        "parent_chat_id",
        "message_id",
        "profile",
        "auto_thread_initial_name",
        "prospective_thread_id",
    ];
    let flags = ["auto_thread_created", "is_bot", "message_is_edit", "one_to_one_verified"];
    let texts = texts.map(|name| (format!("/event/source/{name}"), Kind::Text));
    let flags = flags.map(|name| (format!("/event/source/{name}"), Kind::Flag));
    let fields: Vec<_> = texts.iter().chain(&flags).map(|(name, kind)| (name.as_str(), *kind)).collect();
    let line = encoded(&everything());
    optional(&line, connector, &fields);

    let whole: Value = serde_json::from_str(&line).expect("the line is JSON");
    let written = whole["event"]["source"].as_object().expect("a source is an object");
    assert_eq!(written.len(), fields.len(), "every field of a source is checked");
}

#[test]
fn in_a_descriptor() {
    use Kind::{Flag, List, Number, Text};
    let line = json!({ "type": "descriptor", "descriptor": {
        "contract_version": 2, "platform": "discord", "label": "Discord", "max_message_length": 2000,
        "supports_draft_streaming": true, "supports_edit": true, "supports_threads": true,
        "markdown_dialect": "discord", "len_unit": "utf16", "emoji": "E", "platform_hint": "short",
        "pii_safe": true, "supports_context": true, "supports_inchannel_continuable": true,
        "supports_block_formatting": true, "typing_persists": true, "supported_ops": ["send"],
    } });
    let field = |name: &str, kind| (format!("/descriptor/{name}"), kind);
    let fields = [
        field("contract_version", Number),
        field("label", Text),
        field("max_message_length", Number),
        field("supports_draft_streaming", Flag),
        field("supports_edit", Flag),
        field("supports_threads", Flag),
        field("markdown_dialect", Text),
        field("len_unit", Text),
        field("emoji", Text),
        field("platform_hint", Text),
        field("pii_safe", Flag),
        field("supports_context", Flag),
        field("supports_inchannel_continuable", Flag),
        field("supports_block_formatting", Flag),
        field("typing_persists", Flag),
        field("supported_ops", List),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
    optional(&line.to_string(), connector, &fields);
}

#[test]
fn a_message_length_of_nothing_or_less_is_4096() {
    for length in ["0", "-1", "1.5", "1e9", "99999999999999999999", "\"\"", "null"] {
        let line = format!(
            r#"{{"type":"descriptor","descriptor":{{"platform":"irc","max_message_length":{length}}}}}"#
        );
        let Ok(ConnectorFrame::Descriptor(descriptor)) = read_connector(&line) else { panic!("{line}") };
        assert_eq!(descriptor.max_message_length, 4096, "{length}");
    }
}

#[test]
fn in_a_result() {
    use Kind::{Flag, Object, Text};
    let line = json!({ "type": "outbound_result", "requestId": "r", "result": {
        "success": true, "message_id": "m", "error": "e", "code": "c", "thread_id": "t",
        "chat_info": { "name": "n", "type": "t" },
    } });
    optional(
        &line.to_string(),
        connector,
        &[
            ("/result/success", Flag),
            ("/result/message_id", Text),
            ("/result/error", Text),
            ("/result/code", Text),
            ("/result/thread_id", Text),
            ("/result/chat_info", Object),
            ("/result/chat_info/name", Text),
            ("/result/chat_info/type", Text),
        ],
    );
}

#[test]
fn in_an_interrupt_of_either_direction() {
    let line = r#"{"type":"interrupt_inbound","session_key":"k","chat_id":"c"}"#;
    optional(line, connector, &[("/chat_id", Kind::Text)]);
    let line = r#"{"type":"interrupt","session_key":"k","reason":"r"}"#;
    optional(line, gateway, &[("/reason", Kind::Text)]);
}

#[test]
fn in_a_passthrough_forward() {
    use Kind::{List, Text};
    optional(
        &encoded(&forward_everything()),
        connector,
        &[
            ("/bufferId", Text),
            ("/forward/platform", Text),
            ("/forward/botId", Text),
            ("/forward/method", Text),
            ("/forward/path", Text),
            ("/forward/headers", List),
            ("/forward/bodyB64", Text),
            ("/forward/profile", Text),
        ],
    );
}

#[test]
fn in_a_hello() {
    use Kind::{List, Text};
    let line = json!({ "type": "hello", "platform": "discord", "botId": "b", "command_manifest": [
        { "name": "n", "description": "d" },
    ] });
    optional(
        &line.to_string(),
        gateway,
        &[
            ("/botId", Text),
            ("/command_manifest", List),
            ("/command_manifest/0/name", Text),
            ("/command_manifest/0/description", Text),
        ],
    );
}

#[test]
fn an_element_that_cannot_be_read_spares_its_neighbours() {
    let line = r#"{"type":"inbound","event":{"media_urls":["a",null,{"x":[1]},[],true,"b"],
        "media":[1,{"url":"b"},null],"context":[[],{"text":"t"},"x"]}}"#;
    let Ok(ConnectorFrame::Inbound(inbound)) = read_connector(line) else { panic!("{line} is inbound") };
    assert_eq!(inbound.event.media_urls, ["a", "b"]);
    assert_eq!(inbound.event.media.len(), 1);
    assert_eq!(inbound.event.channel_context().as_deref(), Some("[Recent channel messages]\nt"));
}

#[test]
fn nesting_of_any_depth_in_a_field_that_is_not_understood_is_skipped() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let line = format!(r#"{{"type":"inbound","event":{{"text":{deep},"later":{deep}}},"later":{deep}}}"#);
    assert!(matches!(read_connector(&line), Ok(ConnectorFrame::Inbound(_))));
}
