//! What two independent implementations of the deployed protocol answer, case by case.

use relay_wire::{BufferId, CapabilityDescriptor, ConnectorFrame, Event, Inbound, SessionKeyOptions, Source};
use serde_json::{Value, json};

fn cases(file: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(file).expect("the vectors are JSON");
    let cases = vectors["cases"].as_array().expect("the vectors have cases").clone();
    assert!(!cases.is_empty());
    cases
}

/// Checks one case; a failure names its index, what went in, what should come out and what did.
#[track_caller]
fn check(index: usize, input: &Value, expected: &Value, actual: &Value) {
    assert!(expected == actual, "case {index}\n   input: {input}\nexpected: {expected}\n  actual: {actual}");
}

fn source_fields(source: &Source) -> Value {
    json!({
        "platform": source.platform,
        "chat_id": source.chat_id,
        "chat_type": source.chat_type,
        "chat_name": source.chat_name,
        "user_id": source.user_id,
        "user_name": source.display_name(),
        "thread_id": source.thread_id,
        "chat_topic": source.chat_topic,
        "user_id_alt": source.user_id_alt,
        "chat_id_alt": source.chat_id_alt,
        "scope_id": source.scope(),
        "parent_chat_id": source.parent_chat_id,
        "message_id": source.message_id,
        "profile": source.profile,
    })
}

fn event_fields(event: &Event) -> Value {
    json!({
        "text": event.text,
        "message_type": event.message_type,
        "message_id": event.message_id,
        "reply_to_message_id": event.reply_to_message_id,
        "media_urls": event.media_urls,
        "channel_context": event.channel_context(),
        "source": source_fields(&event.source),
    })
}

fn answer(event: &Event) -> Value {
    json!({
        "event": event_fields(event),
        "session_key": event.source.session_key(SessionKeyOptions::default()),
    })
}

#[test]
fn every_event_reads_as_the_vectors_say() {
    for (index, case) in cases(include_str!("../vectors/events.json")).iter().enumerate() {
        let wire = case["wire"].to_string();
        let event: Event = serde_json::from_str(&wire).expect("an event tolerates everything");
        let expected = json!({ "event": case["event"], "session_key": case["session_key"] });
        check(index, &case["wire"], &expected, &answer(&event));
    }
}

#[test]
fn every_event_reads_the_same_out_of_a_whole_inbound_line_and_back_again() {
    for (index, case) in cases(include_str!("../vectors/events.json")).iter().enumerate() {
        let line = json!({ "type": "inbound", "event": case["wire"], "bufferId": format!("b{index}") });
        let line = line.to_string();
        let frame = ConnectorFrame::decode(line.as_bytes()).expect("the line is a frame");
        let ConnectorFrame::Inbound(Inbound { event, buffer_id }) = &frame else {
            panic!("case {index} is no inbound frame: {frame:?}")
        };
        let expected = json!({ "event": case["event"], "session_key": case["session_key"] });
        check(index, &case["wire"], &expected, &answer(event));
        assert_eq!(*buffer_id, Some(BufferId::new(format!("b{index}")).unwrap()));

        let mut again = Vec::new();
        frame.encode(&mut again);
        assert_eq!(again.pop(), Some(b'\n'));
        assert_eq!(ConnectorFrame::decode(&again), Ok(frame), "case {index}");
    }
}

#[test]
fn every_session_key_is_built_as_the_vectors_say() {
    for (index, case) in cases(include_str!("../vectors/session_keys.json")).iter().enumerate() {
        let mut wire = case["source"].clone();
        wire["profile"] = case["options"]["profile"].clone();
        let wire = wire.to_string();
        let source: Source = serde_json::from_str(&wire).expect("a source tolerates everything");
        let flag = |name: &str| case["options"][name].as_bool().expect("an option is a flag");
        let options = SessionKeyOptions {
            group_sessions_per_user: flag("group_sessions_per_user"),
            thread_sessions_per_user: flag("thread_sessions_per_user"),
            sessions_per_profile: true,
        };
        let key = json!(source.session_key(options));
        let input = json!({ "source": case["source"], "options": case["options"] });
        check(index, &input, &case["key"], &key);
    }
}

#[test]
fn every_descriptor_reads_as_the_vectors_say() {
    for (index, case) in cases(include_str!("../vectors/descriptors.json")).iter().enumerate() {
        let line = json!({ "type": "descriptor", "descriptor": case["wire"] }).to_string();
        let frame = ConnectorFrame::decode(line.as_bytes()).expect("the line is a frame");
        let ConnectorFrame::Descriptor(descriptor) = &frame else {
            panic!("case {index} is no descriptor: {frame:?}")
        };
        check(index, &case["wire"], &case["parsed"], &descriptor_fields(descriptor));
    }
}

fn descriptor_fields(descriptor: &CapabilityDescriptor) -> Value {
    json!({
        "contract_version": descriptor.contract_version,
        "platform": descriptor.platform,
        "label": descriptor.label,
        "max_message_length": descriptor.max_message_length,
        "supports_draft_streaming": descriptor.supports_draft_streaming,
        "supports_edit": descriptor.supports_edit,
        "supports_threads": descriptor.supports_threads,
        "markdown_dialect": descriptor.markdown_dialect,
        "len_unit": descriptor.len_unit,
        "emoji": descriptor.emoji,
        "platform_hint": descriptor.platform_hint,
        "pii_safe": descriptor.pii_safe,
    })
}
