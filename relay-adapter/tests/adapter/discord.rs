//! Discord interactions, case by case against the conformance vectors.

use relay_adapter::interaction_event;
use relay_wire::Forward;
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

#[test]
fn a_forward_of_another_platform_is_no_event() {
    let mut forward = Forward { platform: "twilio".into(), ..Forward::default() };
    forward.set_body(br#"{"type":2,"data":{"name":"ask"}}"#);
    assert_eq!(interaction_event(&forward), None);
}
