//! A name that stands twice in an object means its last value, as in JavaScript and Python.

use relay_wire::{Action, ConnectorFrame, GatewayFrame};

use super::{read_connector, read_gateway};

#[test]
fn the_last_value_wins_at_every_level_of_an_inbound() {
    let twice = concat!(
        r#"{"type":"going_idle_ack","event":7,"bufferId":"b1","type":"inbound","bufferId":"b2","#,
        r#""event":{"text":"first","source":{"chat_id":"x"},"text":"last","#,
        r#""source":{"chat_id":"y","chat_id":"z"}}}"#
    );
    let once = r#"{"type":"inbound","bufferId":"b2","event":{"text":"last","source":{"chat_id":"z"}}}"#;
    assert_eq!(read_connector(twice), read_connector(once));
    assert!(read_connector(once).is_ok());
}

#[test]
fn a_last_value_of_null_unsets_the_field() {
    let line = r#"{"type":"inbound","event":{"text":"x","message_id":"m","message_id":null}}"#;
    let Ok(ConnectorFrame::Inbound(inbound)) = read_connector(line) else { panic!("{line} is inbound") };
    assert_eq!((inbound.event.text.as_ref(), &inbound.event.message_id), ("x", &None));
}

#[test]
fn the_last_action_is_the_one_that_is_performed() {
    let line = concat!(
        r#"{"type":"outbound","requestId":"r","action":{"op":"delete","chat_id":"c","message_id":"m"},"#,
        r#""action":{"op":"typing","chat_id":"a","chat_id":"b","metadata":{"k":1,"k":2}}}"#
    );
    let Ok(GatewayFrame::Outbound(outbound)) = read_gateway(line) else { panic!("{line} is outbound") };
    let Action::Typing(typing) = outbound.action else { panic!("the last action is typing") };
    assert_eq!((typing.chat_id.as_ref(), typing.metadata.get("k")), ("b", Some(&2.into())));
}

#[test]
fn a_repeated_name_that_is_not_known_is_skipped_like_any_other() {
    let line = r#"{"later":1,"type":"going_idle_ack","later":2}"#;
    assert_eq!(read_connector(line), Ok(ConnectorFrame::GoingIdleAck));
}

#[test]
fn a_repeated_name_and_a_lone_surrogate_in_one_line_cost_neither() {
    let line = r#"{"type":"inbound","event":{"text":"a"},"event":{"text":"\ud83d"}}"#;
    let Ok(ConnectorFrame::Inbound(inbound)) = read_connector(line) else { panic!("{line} is inbound") };
    assert_eq!(inbound.event.text, "\u{FFFD}");
}
