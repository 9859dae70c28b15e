//! Any JSON, with the names of the wire in it more often than chance would put them there.

use proptest::prelude::*;
use relay_wire::{ConnectorFrame, GatewayFrame};
use serde_json::{Map, Number, Value};

use crate::text::string;

/// The names and words that mean something to one reader or another.
const WORDS: [&str; 48] = [
    "type",
    "inbound",
    "event",
    "bufferId",
    "descriptor",
    "platform",
    "outbound_result",
    "requestId",
    "result",
    "success",
    "chat_info",
    "interrupt_inbound",
    "session_key",
    "chat_id",
    "going_idle_ack",
    "passthrough_forward",
    "forward",
    "headers",
    "bodyB64",
    "hello",
    "botId",
    "command_manifest",
    "options",
    "outbound",
    "action",
    "op",
    "send",
    "prompt",
    "pin",
    "metadata",
    "final",
    "draft_id",
    "timeout_s",
    "interrupt",
    "reason",
    "going_idle",
    "inbound_ack",
    "source",
    "media",
    "media_urls",
    "size",
    "context",
    "chat_type",
    "dm",
    "len_unit",
    "max_message_length",
    "supported_ops",
    "style",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => prop::sample::select(WORDS.to_vec()).prop_map(str::to_owned), 1 => string()]
}

/// Any JSON value that a line can hold.
pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(|n| Number::from_f64(n).map_or(Value::Null, Value::Number)),
        word().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            object_of(inner).prop_map(Value::Object),
        ]
    })
}

fn object_of(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec((word(), inner), 0..6).prop_map(Map::from_iter)
}

/// Any JSON object.
pub(super) fn object() -> impl Strategy<Value = Map<String, Value>> {
    object_of(value())
}

/// Whatever a line reads as, written and read again it is the same. Reading never panics.
fn reads_the_same_twice(line: &[u8]) {
    if let Ok(frame) = ConnectorFrame::decode(line) {
        let mut again = Vec::new();
        frame.encode(&mut again);
        assert_eq!(again.pop(), Some(b'\n'));
        assert_eq!(ConnectorFrame::decode(&again), Ok(frame));
    }
    if let Ok(frame) = GatewayFrame::decode(line) {
        let mut again = Vec::new();
        frame.encode(&mut again);
        assert_eq!(again.pop(), Some(b'\n'));
        assert_eq!(GatewayFrame::decode(&again), Ok(frame));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bytes_are_read_without_a_panic(line in prop::collection::vec(any::<u8>(), 0..200)) {
        reads_the_same_twice(&line);
    }

    #[test]
    fn any_json_is_read_without_a_panic(value in value()) {
        reads_the_same_twice(value.to_string().as_bytes());
    }

    #[test]
    fn any_object_with_the_type_of_a_frame_is_read_without_a_panic(
        mut fields in object(), kind in word(), action in object(), op in word(),
    ) {
        fields.insert("type".into(), kind.into());
        if let Some(inner) = fields.get_mut("action") {
            *inner = Value::Object(action);
            inner["op"] = op.into();
        }
        reads_the_same_twice(Value::Object(fields).to_string().as_bytes());
    }

    #[test]
    fn a_damaged_line_is_read_without_a_panic_and_its_error_does_not_quote_it(
        value in object(), at: prop::sample::Index, byte: u8, cut: bool,
    ) {
        let marked = serde_json::json!({ "type": "inbound", "event": value, "text": "hunter2" });
        let mut line = marked.to_string().into_bytes();
        let at = at.index(line.len());
        if cut { line.truncate(at) } else { line[at] = byte }
        reads_the_same_twice(&line);
        if let Err(error) = ConnectorFrame::decode(&line) {
            let said = format!("{error} {error:?}");
            prop_assert!(!said.contains("hunter2"), "{}", said);
        }
    }
}
