//! Frame types of a later contract pass through byte for byte.

use relay_wire::{ConnectorFrame, GatewayFrame, UnknownFrame};

use super::{connector_line, gateway_line, read_connector};

const LINES: [&str; 6] = [
    r#"{"type":"presence"}"#,
    r#"  { "zeta" : 1.50, "type" : "presence", "alpha" : [ ] }  "#,
    r#"{"type":"presence","type":"presence","text":"\u0041\ud83d\ud83d"}"#,
    r#"{"type":"presence","chat_id":"\ud83d","descriptor":7,"result":[]}"#,
    r#"{"type":"presence","event":{"text":"a","text":"b"},"n":1e99}"#,
    r#"{"type":"presence","reason":"\udd0c","action":{"op":"a","op":"b"}}"#,
];

#[test]
fn in_both_directions() {
    for line in LINES {
        let unknown = UnknownFrame { kind: "presence".into(), line: line.into() };
        assert_eq!(ConnectorFrame::Unknown(unknown.clone()).kind(), "presence");
        assert_eq!(GatewayFrame::Unknown(unknown.clone()).kind(), "presence");
        connector_line(&ConnectorFrame::Unknown(unknown.clone()), line);
        gateway_line(&GatewayFrame::Unknown(unknown), line);
    }
}

#[test]
fn a_type_of_the_other_direction_is_unknown_in_this_one() {
    let hello = r#"{"type":"hello","platform":"irc","botId":""}"#;
    connector_line(
        &ConnectorFrame::Unknown(UnknownFrame { kind: "hello".into(), line: hello.into() }),
        hello,
    );
    let ack = r#"{"type":"going_idle_ack"}"#;
    gateway_line(
        &GatewayFrame::Unknown(UnknownFrame { kind: "going_idle_ack".into(), line: ack.into() }),
        ack,
    );
}

#[test]
fn a_raw_newline_between_two_tokens_does_not_cut_the_frame_in_two() {
    let Ok(frame) = read_connector("{\n\"type\":\n\"presence\"}") else { panic!("white space is allowed") };
    let mut out = Vec::new();
    frame.encode(&mut out);
    assert_eq!(out, b"{ \"type\": \"presence\"}\n");
}
