//! The examples of the contract document are frames, and are read and written as they stand there.

use relay_wire::{ConnectorFrame, GatewayFrame};
use serde_json::Value;

const DOCUMENT: &str = include_str!("../../docs/relay-connector-contract.md");

/// The blocks of the document that are fenced as JSON.
fn examples() -> Vec<&'static str> {
    DOCUMENT.split("```json\n").skip(1).filter_map(|rest| rest.split("\n```").next()).collect()
}

#[test]
fn every_example_decodes_to_a_known_frame_and_encodes_to_itself() {
    let examples = examples();
    assert!(examples.len() >= 4, "the document has lost its examples");
    for example in examples {
        let line = example.as_bytes();
        let mut encoded = Vec::new();
        match (GatewayFrame::decode(line), ConnectorFrame::decode(line)) {
            (Ok(frame), _) if !matches!(frame, GatewayFrame::Unknown(_)) => frame.encode(&mut encoded),
            (_, Ok(frame)) if !matches!(frame, ConnectorFrame::Unknown(_)) => frame.encode(&mut encoded),
            neither => panic!("no known frame: {example}\n{neither:?}"),
        }
        let written: Value = serde_json::from_slice(&encoded).expect("a frame is JSON");
        let stands: Value = serde_json::from_str(example).expect("an example is JSON");
        assert_eq!(written, stands, "{example}");
    }
}
