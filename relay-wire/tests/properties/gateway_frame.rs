//! Every frame of a gateway reads back as what was written.

use proptest::prelude::*;
use relay_wire::{
    BufferId, CommandSpec, GatewayFrame, Hello, Interrupt, Outbound, RequestId, SessionKey, UnknownFrame,
};
use serde_json::Value;

use crate::action::action;
use crate::json::{object, value};
use crate::text::{maybe_text, name, string, text};

const KINDS: [&str; 5] = ["hello", "outbound", "interrupt", "going_idle", "inbound_ack"];

/// Any frame whose type is none of the given ones, as a line with any other fields.
pub(super) fn unknown(known: &'static [&'static str]) -> impl Strategy<Value = UnknownFrame> {
    let kind = string().prop_filter("a type of a later contract", |kind| !known.contains(&kind.as_str()));
    (kind, object()).prop_map(|(kind, mut fields)| {
        fields.insert("type".into(), kind.clone().into());
        UnknownFrame { kind, line: Value::Object(fields).to_string() }
    })
}

fn hello() -> impl Strategy<Value = GatewayFrame> {
    let options = prop::option::of(value().prop_filter("not null", |options| !options.is_null()));
    let command = (text(), text(), options).prop_map(|(name, description, options)| CommandSpec {
        name,
        description,
        options,
    });
    let manifest = prop::option::of(prop::collection::vec(command, 0..3));
    (name(), text(), manifest).prop_map(|(platform, bot_id, command_manifest)| {
        GatewayFrame::Hello(Hello { platform, bot_id, command_manifest })
    })
}

fn outbound() -> impl Strategy<Value = GatewayFrame> {
    (name(), action(), maybe_text(), maybe_text()).prop_map(|(id, action, platform, bot_id)| {
        GatewayFrame::Outbound(Outbound { request_id: RequestId::new(id).unwrap(), action, platform, bot_id })
    })
}

fn frame() -> impl Strategy<Value = GatewayFrame> {
    prop_oneof![
        2 => hello(),
        6 => outbound(),
        1 => (name(), maybe_text()).prop_map(|(key, reason)| {
            GatewayFrame::Interrupt(Interrupt { session_key: SessionKey::new(key).unwrap(), reason })
        }),
        1 => Just(GatewayFrame::GoingIdle),
        1 => name().prop_map(|id| GatewayFrame::InboundAck(BufferId::new(id).unwrap())),
        2 => unknown(&KINDS).prop_map(GatewayFrame::Unknown),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_frame_reads_back_as_what_was_written(frame in frame()) {
        let mut line = Vec::new();
        frame.encode(&mut line);
        prop_assert_eq!(line.pop(), Some(b'\n'));
        prop_assert!(!line.contains(&b'\n'), "a frame is one line");
        prop_assert_eq!(GatewayFrame::decode(&line), Ok(frame));
    }
}
