//! What the contract document shows is true: its examples are read and written as they stand there, and its
//! session keys and defaults are those of the code.

use std::collections::BTreeSet;
use std::fmt::Debug;

use relay_wire::{
    CapabilityDescriptor, ConnectorFrame, EnrollRequest, EnrollResponse, ErrorBody, GatewayFrame,
    MediaResponse, Op, PolicyRequest, ProvisionRequest, ProvisionResponse, SessionKeyOptions, Source,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize as _, Serialize};
use serde_json::{Deserializer, Value, json};

const DOCUMENT: &str = include_str!("../../docs/relay-connector-contract.md");

/// A fenced block.
struct Block {
    /// What follows the opening fence.
    info: String,
    /// The line of the opening fence, from 1.
    line: usize,
    text: String,
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (line, text) in (1..).zip(DOCUMENT.lines()) {
        match (text.strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some(Block { info: info.to_owned(), line, text: String::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.text.extend([text, "\n"]),
            (None, None) => {}
        }
    }
    blocks
}

/// The frames of the document, each with the line of its block.
fn frames() -> Vec<(usize, Value)> {
    let mut frames = Vec::new();
    for block in blocks() {
        let text = match block.info.as_str() {
            "json" => block.text,
            "transcript" => block.text.lines().map(|line| said(line).1).collect(),
            _ => continue,
        };
        for frame in Deserializer::from_str(&text).into_iter() {
            let frame = frame.unwrap_or_else(|error| panic!("block at line {}: {error}", block.line));
            frames.push((block.line, frame));
        }
    }
    frames
}

/// The words of a list in the document.
fn words(list: &str) -> impl Iterator<Item = &'static str> {
    let (_, table) = DOCUMENT.split_once(&format!("<!-- contract: words {list} -->\n\n")).expect("a table");
    table.lines().skip(2).map_while(|row| row.strip_prefix("| `")?.split('`').next())
}

/// Who says a line of a transcript, and what.
#[track_caller]
fn said(line: &str) -> (&str, &str) {
    let (side, said) = line.split_once('>').unwrap_or_else(|| panic!("nobody says {line:?}"));
    (side.trim(), said.trim())
}

/// The type of a frame that one of the sides knows, written as it stands.
fn known(line: &str) -> Option<(&'static str, String, Value)> {
    let mut written = Vec::new();
    let (side, kind) = match (GatewayFrame::decode(line.as_bytes()), ConnectorFrame::decode(line.as_bytes()))
    {
        (Ok(frame), _) if !matches!(frame, GatewayFrame::Unknown(_)) => {
            frame.encode(&mut written);
            ("gateway", frame.kind().to_owned())
        }
        (_, Ok(frame)) if !matches!(frame, ConnectorFrame::Unknown(_)) => {
            frame.encode(&mut written);
            ("connector", frame.kind().to_owned())
        }
        _ => return None,
    };
    Some((side, kind, serde_json::from_slice(&written).expect("a frame is JSON")))
}

#[test]
fn every_frame_is_known_and_written_as_it_stands() {
    for (line, frame) in frames() {
        let Some((_, _, written)) = known(&frame.to_string()) else {
            panic!("line {line}: no frame: {frame}")
        };
        assert_eq!(written, frame, "line {line}");
    }
}

#[test]
fn every_type_of_frame_and_every_op_has_an_example() {
    let frames = frames();
    let kinds: BTreeSet<_> = frames.iter().filter_map(|(_, frame)| frame["type"].as_str()).collect();
    let documented = words("GatewayFrame").chain(words("ConnectorFrame"));
    assert_eq!(kinds, documented.collect());
    let ops: BTreeSet<_> = frames.iter().filter_map(|(_, frame)| frame["action"]["op"].as_str()).collect();
    assert_eq!(ops, Op::ALL.map(Op::as_str).into());
}

#[test]
fn an_example_that_is_no_frame_or_is_written_otherwise_would_be_noticed() {
    assert_eq!(known(r#"{"type":"hello_again","platform":"irc"}"#), None);
    assert_eq!(known(r#"{"type":"hello"}"#), None, "a required field is missing");
    let incomplete = r#"{"type":"hello","platform":"irc"}"#;
    let (_, _, written) = known(incomplete).expect("a frame");
    assert_ne!(written.to_string(), incomplete, "a field that is always written is missing");
    let unknown = r#"{"type":"going_idle","later":1}"#;
    let (_, _, written) = known(unknown).expect("a frame");
    assert_ne!(written.to_string(), unknown, "a field that nobody knows is there");
}

#[test]
fn each_line_of_the_transcript_is_said_by_the_side_that_may() {
    let transcripts: Vec<_> = blocks().into_iter().filter(|block| block.info == "transcript").collect();
    assert!(!transcripts.is_empty(), "the document has lost its transcript");
    for line in transcripts.iter().flat_map(|block| block.text.lines()) {
        let (side, frame) = said(line);
        assert_eq!(known(frame).map(|(by, ..)| by), Some(side), "{line}");
    }
}

#[track_caller]
fn assert_body<T: DeserializeOwned + Serialize + Debug>(text: &str) {
    let stands: Value = serde_json::from_str(text).expect("an example is JSON");
    let body = T::deserialize(&stands).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(serde_json::to_value(&body).expect("plain data"), stands);
}

#[test]
fn every_body_is_read_and_written_as_it_stands() {
    let mut seen = BTreeSet::new();
    for Block { info, text, .. } in blocks() {
        let Some(name) = info.strip_prefix("json ") else { continue };
        match name {
            "EnrollRequest" => assert_body::<EnrollRequest>(&text),
            "EnrollResponse" => assert_body::<EnrollResponse>(&text),
            "ErrorBody" => assert_body::<ErrorBody>(&text),
            "MediaResponse" => assert_body::<MediaResponse>(&text),
            "PolicyRequest" => assert_body::<PolicyRequest>(&text),
            "ProvisionRequest" => assert_body::<ProvisionRequest>(&text),
            "ProvisionResponse" => assert_body::<ProvisionResponse>(&text),
            // A provider's body: JSON, and no more is said of it here.
            "foreign" => drop(serde_json::from_str::<Value>(&text).expect("an example is JSON")),
            other => panic!("an example of `{other}`, which this test does not know"),
        }
        seen.insert(name.to_owned());
    }
    assert_eq!(seen.len(), 8, "{seen:?}");
}

#[test]
fn the_forwarded_example_is_the_interaction_shown_below_it() {
    let body = frames().into_iter().find_map(|(_, frame)| {
        let line = frame.to_string();
        match ConnectorFrame::decode(line.as_bytes()) {
            Ok(ConnectorFrame::PassthroughForward(passthrough)) => Some(passthrough.forward.body()),
            _ => None,
        }
    });
    let shown = blocks().into_iter().find(|block| block.info == "json foreign").expect("it is shown");
    assert_eq!(String::from_utf8(body.expect("it is forwarded")).as_deref(), Ok(shown.text.trim_end()));
}

#[test]
fn the_keys_of_the_platforms_are_those_of_the_rule() {
    let key = |source: Value| {
        Source::deserialize(&source).expect("a source").session_key(SessionKeyOptions::default())
    };
    let source = |platform: &str, chat_type: &str, chat: &str, thread: Option<&str>, user: &str| json!({ "platform": platform, "chat_type": chat_type, "chat_id": chat, "thread_id": thread, "user_id": user });
    for (row, source) in [
        ("Telegram, private chat", source("telegram", "dm", "77", None, "7")),
        ("Telegram, group or supergroup", source("telegram", "group", "-1001", None, "7")),
        ("Telegram, topic of a forum", source("telegram", "forum", "-1001", Some("5"), "7")),
        ("Telegram, channel", json!({ "platform": "telegram", "chat_type": "channel", "chat_id": "-1002" })),
        ("Discord, direct message", source("discord", "dm", "D1", None, "U7")),
        ("Discord, channel of a guild", source("discord", "group", "C1", None, "U7")),
        ("Discord, thread", source("discord", "thread", "T1", Some("T1"), "U7")),
        ("Slack, thread in a channel", source("slack", "channel", "C9", Some("1712.5"), "U7")),
        ("WhatsApp, one person", source("whatsapp", "dm", "+15551234567:12@s.whatsapp.net", None, "x")),
        ("WhatsApp, group", source("whatsapp", "group", "120363@g.us", None, "15551234567@s.whatsapp.net")),
    ] {
        let start = format!("| {row} |");
        let line = DOCUMENT.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{row}"));
        assert!(line.ends_with(&format!("| `{}` |", key(source.clone()))), "{line}\n{source}");
    }
}

#[test]
fn the_defaults_of_a_descriptor_are_those_of_the_table() {
    let said_nothing: CapabilityDescriptor =
        serde_json::from_str(r#"{"platform":"p"}"#).expect("a descriptor");
    let (_, table) = DOCUMENT.split_once("<!-- contract: object CapabilityDescriptor -->").expect("a table");
    let rows = table.lines().skip(4).take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<_>> =
        rows.map(|row| row.split('|').map(|cell| cell.trim().replace('`', "")).collect()).collect();
    let value = serde_json::to_value(&said_nothing).expect("plain data");
    for row in rows.iter().filter(|row| row[1] != "platform") {
        let reads = match value.get(&row[1]) {
            Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None if row[1] == "typing_persists" => said_nothing.typing_persists().to_string(),
            None => Op::ALL
                .into_iter()
                .filter(|op| said_nothing.supports(*op))
                .map(Op::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        };
        assert!(row[4].starts_with(&reads), "`{}` reads as {reads}, the document says {}", row[1], row[4]);
    }
    assert_eq!(rows.len(), 17);
}
