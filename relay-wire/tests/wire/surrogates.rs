//! Halves of surrogate pairs, as senders of UTF-16 cut them.

use relay_wire::{ConnectorFrame, GatewayFrame};

use super::{read_connector, read_gateway};

fn text(line: &str) -> String {
    match read_connector(line) {
        Ok(ConnectorFrame::Inbound(inbound)) => inbound.event.text,
        other => panic!("{line} is inbound, not {other:?}"),
    }
}

#[test]
fn a_lone_half_reads_as_the_replacement_character_and_a_whole_pair_as_itself() {
    let cases = [
        (r"\ud83d", "\u{FFFD}"),
        (r"\udd0c", "\u{FFFD}"),
        (r"a\ud83db", "a\u{FFFD}b"),
        (r"\udd0c\ud83d", "\u{FFFD}\u{FFFD}"),
        (r"\ud83d\ud83d\udd0c", "\u{FFFD}\u{1F50C}"),
        (r"\uD83D\uDD0C", "\u{1F50C}"),
        (r"\\ud83d", r"\ud83d"),
        (r"\\\ud83d", "\\\u{FFFD}"),
        (r"\ud83d\u0041", "\u{FFFD}A"),
        (r"\ud83d\n", "\u{FFFD}\n"),
    ];
    for (escaped, read) in cases {
        assert_eq!(
            text(&format!(r#"{{"type":"inbound","event":{{"text":"{escaped}"}}}}"#)),
            read,
            "{escaped}"
        );
    }
}

#[test]
fn a_lone_half_in_a_name_costs_that_field_alone() {
    assert_eq!(text(r#"{"type":"inbound","\ud83d":1,"event":{"\udd0c":[],"text":"t"}}"#), "t");
}

#[test]
fn a_lone_half_in_an_op_of_a_later_contract_is_repaired_too() {
    let line = r#"{"type":"outbound","requestId":"r","action":{"note":"\ud83d","op":"pin"}}"#;
    let Ok(frame) = read_gateway(line) else { panic!("{line} is a frame") };
    let mut out = Vec::new();
    frame.encode(&mut out);
    assert_eq!(
        String::from_utf8_lossy(&out),
        "{\"type\":\"outbound\",\"requestId\":\"r\",\"action\":{\"note\":\"\u{FFFD}\",\"op\":\"pin\"}}\n"
    );
    assert!(matches!(frame, GatewayFrame::Outbound(_)));
}
