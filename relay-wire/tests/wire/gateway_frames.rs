//! Frames from the gateway.

use relay_wire::{
    Action, BufferId, CommandSpec, GatewayFrame, GetChatInfoAction, Hello, Interrupt, Outbound, RequestId,
    SessionKey,
};
use serde_json::json;

use super::gateway_line;

#[test]
fn hello_without_a_bot_says_so_with_an_empty_id() {
    let hello = Hello { platform: "relay".into(), ..Hello::default() };
    assert_eq!(GatewayFrame::Hello(hello.clone()).kind(), "hello");
    gateway_line(&GatewayFrame::Hello(hello), r#"{"type":"hello","platform":"relay","botId":""}"#);
}

#[test]
fn hello_announces_slash_commands_with_the_platforms_own_options() {
    let hello = Hello {
        platform: "discord".into(),
        bot_id: "b1".into(),
        command_manifest: Some(vec![
            CommandSpec { name: "stop".into(), description: "Stop the turn".into(), options: None },
            CommandSpec {
                name: "model".into(),
                description: "Ändern".into(),
                options: Some(json!([{ "name": "id", "type": 3 }])),
            },
        ]),
    };
    gateway_line(
        &GatewayFrame::Hello(hello),
        concat!(
            r#"{"type":"hello","platform":"discord","botId":"b1","command_manifest":["#,
            r#"{"name":"stop","description":"Stop the turn"},"#,
            r#"{"name":"model","description":"Ändern","options":[{"name":"id","type":3}]}]}"#
        ),
    );
}

#[test]
fn an_empty_manifest_is_not_an_absent_one() {
    let hello = Hello { platform: "discord".into(), bot_id: "b".into(), command_manifest: Some(Vec::new()) };
    gateway_line(
        &GatewayFrame::Hello(hello),
        r#"{"type":"hello","platform":"discord","botId":"b","command_manifest":[]}"#,
    );
}

#[test]
fn outbound_names_the_identity_it_is_sent_through() {
    let action = Action::GetChatInfo(GetChatInfoAction { chat_id: "c".into() });
    let outbound = Outbound {
        request_id: RequestId::new("r1").unwrap(),
        action,
        platform: Some("discord".into()),
        bot_id: Some("b1".into()),
    };
    assert_eq!(GatewayFrame::Outbound(outbound.clone()).kind(), "outbound");
    gateway_line(
        &GatewayFrame::Outbound(outbound),
        r#"{"type":"outbound","requestId":"r1","action":{"op":"get_chat_info","chat_id":"c"},"platform":"discord","botId":"b1"}"#,
    );
}

#[test]
fn interrupt_says_null_where_nobody_gave_a_reason() {
    let key = SessionKey::new("agent:main:irc:group:c:u").unwrap();
    let frame = GatewayFrame::Interrupt(Interrupt { session_key: key.clone(), reason: None });
    assert_eq!(frame.kind(), "interrupt");
    gateway_line(&frame, r#"{"type":"interrupt","session_key":"agent:main:irc:group:c:u","reason":null}"#);
    gateway_line(
        &GatewayFrame::Interrupt(Interrupt { session_key: key, reason: Some("user said \"stop\"".into()) }),
        r#"{"type":"interrupt","session_key":"agent:main:irc:group:c:u","reason":"user said \"stop\""}"#,
    );
}

#[test]
fn going_idle_is_a_type_and_nothing_else() {
    assert_eq!(GatewayFrame::GoingIdle.kind(), "going_idle");
    gateway_line(&GatewayFrame::GoingIdle, r#"{"type":"going_idle"}"#);
}

#[test]
fn inbound_ack_names_the_delivery() {
    let frame = GatewayFrame::InboundAck(BufferId::new("b-7").unwrap());
    assert_eq!(frame.kind(), "inbound_ack");
    gateway_line(&frame, r#"{"type":"inbound_ack","bufferId":"b-7"}"#);
}
