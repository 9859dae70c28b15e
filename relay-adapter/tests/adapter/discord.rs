//! Discord interactions, case by case against the conformance vectors.

use relay_adapter::interaction_event;
use relay_wire::{ChatType, Event, Forward, SessionKeyOptions, Source};
use serde_json::{Value, json};

/// The fields that the vectors speak of.
fn projection(forward: &Forward) -> Value {
    let Some(event) = interaction_event(forward) else { return Value::Null };
    let press = event.prompt_response.as_ref().map(|press| {
        json!({
            "prompt_id": press.prompt_id,
            "option_id": press.option_id,
            "prompt_message_id": press.prompt_message_id,
        })
    });
    json!({
        "text": event.text,
        "message_type": event.message_type,
        "prompt_response": press,
        "source": {
            "platform": event.source.platform,
            "chat_id": event.source.chat_id,
            "chat_type": event.source.chat_type,
            "user_id": event.source.user_id,
            "user_name": event.source.user_name,
            "scope_id": event.source.scope_id,
            "message_id": event.source.message_id,
        },
    })
}

#[test]
fn every_vector_maps_to_its_event() {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/discord_interactions.json"))
        .expect("the vectors are JSON");
    let cases = vectors["cases"].as_array().expect("the vectors hold cases");
    assert_eq!(cases.len(), 100);
    for (index, case) in cases.iter().enumerate() {
        let wire = case["forward"].to_string();
        let forward: Forward = serde_json::from_str(&wire).expect("a forward");
        let body = String::from_utf8_lossy(&forward.body()).into_owned();
        let actual = projection(&forward);
        assert_eq!(
            actual, case["event"],
            "case {index}: {body}\nexpected {}\nactual   {actual}",
            case["event"]
        );
    }
}

fn event_of(body: &str) -> Event {
    let mut forward = Forward { platform: "discord".into(), ..Forward::default() };
    forward.set_body(body.as_bytes());
    interaction_event(&forward).expect("an interaction")
}

#[test]
fn a_command_that_is_used_in_a_thread_speaks_in_the_conversation_of_the_thread() {
    for kind in [10, 11, 12] {
        let source = event_of(&format!(
            r#"{{"id":"1","type":2,"channel_id":"T1","channel":{{"id":"T1","type":{kind},"parent_id":"C1"}},
                "guild_id":"G1","member":{{"user":{{"id":"U1","username":"ann"}}}},"data":{{"name":"ask"}}}}"#
        ))
        .source;
        assert_eq!(source.chat_type, ChatType::Thread);
        assert_eq!((&*source.chat_id, source.thread_id.as_deref()), ("T1", Some("T1")));
        assert_eq!(source.parent_chat_id.as_deref(), Some("C1"));
        let written: Source = serde_json::from_str(
            r#"{"platform":"discord","chat_id":"T1","chat_type":"thread","thread_id":"T1","user_id":"U9"}"#,
        )
        .expect("a source");
        let key = |source: &Source| source.session_key(SessionKeyOptions::default());
        assert_eq!(key(&source), key(&written), "what anybody writes in the thread is the same conversation");
    }
    let channel =
        event_of(r#"{"type":2,"channel_id":"C1","channel":{"type":0,"parent_id":"X"},"guild_id":"G1"}"#);
    assert_eq!((channel.source.chat_type, channel.source.thread_id), (ChatType::Group, None));
    assert_eq!(channel.source.parent_chat_id, None, "a category is no parent of a conversation");
}

#[test]
fn an_author_is_named_as_the_server_names_them() {
    let name = |member: &str| {
        event_of(&format!(r#"{{"type":2,"channel_id":"C1","guild_id":"G1",{member}}}"#)).source.user_name
    };
    let user = r#""user":{"id":"1","username":"ann_1","global_name":"Ann"}"#;
    assert_eq!(name(&format!(r#""member":{{"nick":"Annie",{user}}}"#)).as_deref(), Some("Annie"));
    assert_eq!(name(&format!(r#""member":{{"nick":null,{user}}}"#)).as_deref(), Some("Ann"));
    let plain = r#""member":{"user":{"id":"1","username":"ann_1","global_name":null}}"#;
    assert_eq!(name(plain).as_deref(), Some("ann_1"));
}

#[test]
fn a_body_of_an_unusual_shape_is_read_all_the_same() {
    let dm =
        event_of(r#"{"type":2,"channel_id":7,"member":{"user":null},"user":{"id":8,"username":"a\ud83d"}}"#);
    assert_eq!((&*dm.source.chat_id, dm.source.user_id.as_deref()), ("7", Some("8")));
    assert_eq!(dm.source.user_name.as_deref(), Some("a\u{fffd}"));
    let form = event_of(
        r#"{"type":5,"channel_id":"7","data":{"custom_id":"f","components":[
            {"type":1,"components":[{"type":4,"custom_id":"why","value":"because"}]},
            {"type":1,"components":[{"type":4,"custom_id":"empty","value":""}]},
            {"type":18,"component":{"type":4,"custom_id":"who","value":"me"}}]}}"#,
    );
    assert_eq!(form.text, "because\nme");
}

#[test]
fn a_forward_of_another_platform_is_no_event() {
    let mut forward = Forward { platform: "twilio".into(), ..Forward::default() };
    forward.set_body(br#"{"type":2,"data":{"name":"ask"}}"#);
    assert_eq!(interaction_event(&forward), None);
}
