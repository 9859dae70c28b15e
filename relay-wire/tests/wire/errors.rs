//! What a line that is no frame is called, and what its error may say.

use relay_wire::{BufferId, ConnectorFrame, FrameError, GatewayFrame};

use super::{read_connector, read_gateway};

fn missing(frame: &'static str, field: &'static str, buffer_id: Option<&str>) -> FrameError {
    FrameError::Missing { frame, field, buffer_id: buffer_id.map(|id| BufferId::new(id).unwrap()) }
}

#[test]
fn a_connectors_frame_without_a_required_field_names_frame_and_field() {
    let absent = [
        ("{}", missing("", "type", None)),
        (r#"{"type":null}"#, missing("", "type", None)),
        (r#"{"type":["inbound"]}"#, missing("", "type", None)),
        (r#"{"type":"descriptor"}"#, missing("descriptor", "descriptor", None)),
        (r#"{"type":"descriptor","descriptor":"x"}"#, missing("descriptor", "descriptor", None)),
        (r#"{"type":"descriptor","descriptor":{}}"#, missing("descriptor", "descriptor.platform", None)),
        (
            r#"{"type":"descriptor","descriptor":{"platform":""}}"#,
            missing("descriptor", "descriptor.platform", None),
        ),
        (r#"{"type":"outbound_result","result":{}}"#, missing("outbound_result", "requestId", None)),
        (
            r#"{"type":"outbound_result","requestId":null,"result":{}}"#,
            missing("outbound_result", "requestId", None),
        ),
        (
            r#"{"type":"outbound_result","requestId":"","result":{}}"#,
            missing("outbound_result", "requestId", None),
        ),
        (r#"{"type":"outbound_result","requestId":"r"}"#, missing("outbound_result", "result", None)),
        (
            r#"{"type":"outbound_result","requestId":"r","result":true}"#,
            missing("outbound_result", "result", None),
        ),
        (r#"{"type":"interrupt_inbound","chat_id":"c"}"#, missing("interrupt_inbound", "session_key", None)),
        (
            r#"{"type":"interrupt_inbound","session_key":"","chat_id":"c"}"#,
            missing("interrupt_inbound", "session_key", None),
        ),
    ];
    for (line, error) in absent {
        assert_eq!(read_connector(line), Err(error), "{line}");
    }
}

#[test]
fn a_gateways_frame_without_a_required_field_names_frame_and_field() {
    let absent = [
        ("{}", missing("", "type", None)),
        (r#"{"type":"hello"}"#, missing("hello", "platform", None)),
        (r#"{"type":"hello","platform":"","botId":"b"}"#, missing("hello", "platform", None)),
        (r#"{"type":"outbound","action":{"op":"send"}}"#, missing("outbound", "requestId", None)),
        (
            r#"{"type":"outbound","requestId":"","action":{"op":"send"}}"#,
            missing("outbound", "requestId", None),
        ),
        (r#"{"type":"outbound","requestId":"r"}"#, missing("outbound", "action", None)),
        (r#"{"type":"outbound","requestId":"r","action":[]}"#, missing("outbound", "action", None)),
        (r#"{"type":"outbound","requestId":"r","action":{}}"#, missing("outbound", "action.op", None)),
        (
            r#"{"type":"outbound","requestId":"r","action":{"op":null}}"#,
            missing("outbound", "action.op", None),
        ),
        (r#"{"type":"interrupt","reason":null}"#, missing("interrupt", "session_key", None)),
        (r#"{"type":"inbound_ack"}"#, missing("inbound_ack", "bufferId", None)),
        (r#"{"type":"inbound_ack","bufferId":""}"#, missing("inbound_ack", "bufferId", None)),
    ];
    for (line, error) in absent {
        assert_eq!(read_gateway(line), Err(error), "{line}");
    }
}

#[test]
fn an_unreadable_delivery_still_says_which_delivery_it_was() {
    for (kind, field) in [("inbound", "event"), ("passthrough_forward", "forward")] {
        for value in ["null", "[]", "7", "\"x\""] {
            let line = format!(r#"{{"type":"{kind}","bufferId":"b9","{field}":{value}}}"#);
            let error = read_connector(&line).expect_err("the delivery is unreadable");
            assert_eq!(error, missing(kind, field, Some("b9")), "{line}");
            assert_eq!(error.buffer_id(), Some(&BufferId::new("b9").unwrap()));
        }
        let live = format!(r#"{{"type":"{kind}","bufferId":""}}"#);
        assert_eq!(read_connector(&live), Err(missing(kind, field, None)));
    }
}

#[test]
fn a_line_that_is_not_utf8_says_where_it_stops_being_it() {
    let line = b"{\"type\":\"\xff\"}";
    assert_eq!(ConnectorFrame::decode(line), Err(FrameError::NotUtf8 { valid_up_to: 9 }));
    assert_eq!(GatewayFrame::decode(line), Err(FrameError::NotUtf8 { valid_up_to: 9 }));
}

#[test]
fn json_that_is_no_object_is_told_from_what_is_no_json() {
    for line in ["[]", "null", "7", "\"x\"", " true "] {
        assert_eq!(read_connector(line), Err(FrameError::NotAnObject), "{line}");
        assert_eq!(read_gateway(line), Err(FrameError::NotAnObject), "{line}");
    }
    for line in ["", "x", "{", "{}}", "[", "{\"type\":}", "{'type':'x'}", "\u{feff}{}"] {
        assert!(matches!(read_connector(line), Err(FrameError::Malformed { .. })), "{line}");
        assert!(matches!(read_gateway(line), Err(FrameError::Malformed { .. })), "{line}");
    }
}

#[test]
fn every_error_says_what_and_where() {
    let said = |line: &[u8]| ConnectorFrame::decode(line).expect_err("the line is no frame").to_string();
    assert_eq!(said(b"{\"type\":}"), "the line is not JSON at column 9: expected value");
    assert_eq!(
        said(b"\xff"),
        "the line is not UTF-8 from byte 0 on; frames are UTF-8 JSON, one object a line"
    );
    assert_eq!(said(b"[]"), "the line is JSON but no object; a frame is an object with a `type`");
    assert_eq!(said(b"{}"), "the frame has no usable `type`");
    assert_eq!(
        said(br#"{"type":"inbound"}"#),
        "the `inbound` frame has no usable `event`, which the contract requires"
    );
}

#[test]
fn no_error_quotes_the_line() {
    let lines = [
        "hunter2",
        r#"{"hunter2"#,
        r#"{"type":"inbound","event":{"text":"hunter2"},}"#,
        r#"{"type":"inbound","event":"hunter2"}"#,
        r#"{"type":"inbound","event":["hunter2"],"hunter2":1}"#,
        r#"{"type":"inbound","event":{"text":"hunter2\ud83d"},"event":"hunter2"}"#,
        r#"{"type":"outbound","requestId":"hunter2","action":{"op":{"hunter2":1}}}"#,
        r#"{"type":"outbound","requestId":"r","action":{"op":"hunter2","n":1e999}}"#,
        r#"{"type":"hello","platform":["hunter2"]}"#,
        r#"["hunter2"]"#,
        "{\"type\":\"hunter2\u{1}\"}",
        r#"{"type":"hunter2\x"}"#,
        r#"{"type":"inbound","event":{"media":[{"size":hunter2}]}}"#,
    ];
    for line in lines {
        for error in [read_connector(line).err(), read_gateway(line).err()].into_iter().flatten() {
            let said = format!("{error} {error:?}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[test]
fn a_number_that_no_double_holds_is_malformed_where_it_would_be_read_and_skipped_elsewhere() {
    let read = r#"{"type":"inbound","event":{"text":1e999}}"#;
    assert!(matches!(read_connector(read), Err(FrameError::Malformed { .. })));
    let skipped = r#"{"type":"inbound","event":{"later":1e999}}"#;
    assert!(matches!(read_connector(skipped), Ok(ConnectorFrame::Inbound(_))));
}
