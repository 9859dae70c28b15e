//! Every frame of a connector reads back as what was written.

use proptest::prelude::*;
use relay_wire::{
    ActionResult, BufferId, CapabilityDescriptor, ChatInfo, ConnectorFrame, Forward, Inbound,
    InterruptInbound, LenUnit, OutboundReply, PassthroughForward, RequestId, SessionKey,
};

use crate::event::event;
use crate::gateway_frame::unknown;
use crate::text::{maybe_text, name, text};

const KINDS: [&str; 6] = [
    "descriptor",
    "inbound",
    "outbound_result",
    "interrupt_inbound",
    "going_idle_ack",
    "passthrough_forward",
];

fn buffer_id() -> impl Strategy<Value = Option<BufferId>> {
    prop::option::of(name().prop_map(|id| BufferId::new(id).unwrap()))
}

fn descriptor() -> impl Strategy<Value = CapabilityDescriptor> {
    let numbers = (any::<i64>(), 1..=usize::try_from(i64::MAX).expect("64 bits"));
    let len_unit = prop::sample::select(vec![LenUnit::Chars, LenUnit::Utf16]);
    let texts = (name(), prop::array::uniform4(text()), prop::collection::vec(text(), 0..4));
    (numbers, len_unit, texts, any::<([bool; 7], Option<bool>)>()).prop_map(
        |(numbers, len_unit, texts, flags)| {
            let (flags, typing_persists) = flags;
            let (platform, [label, markdown_dialect, emoji, platform_hint], supported_ops) = texts;
            let [drafts, edits, threads, pii_safe, context, inchannel, blocks] = flags;
            CapabilityDescriptor {
                contract_version: numbers.0,
                platform,
                label,
                max_message_length: numbers.1,
                supports_draft_streaming: drafts,
                supports_edit: edits,
                supports_threads: threads,
                markdown_dialect,
                len_unit,
                emoji,
                platform_hint,
                pii_safe,
                supports_context: context,
                supports_inchannel_continuable: inchannel,
                supports_block_formatting: blocks,
                typing_persists,
                supported_ops,
            }
        },
    )
}

fn result() -> impl Strategy<Value = ActionResult> {
    let chat_info = (text(), text()).prop_map(|(name, kind)| ChatInfo { name, kind });
    // JSON's integers are read up to the largest of i64.
    let retry_after = prop::option::of(0..=i64::MAX.unsigned_abs());
    (
        any::<(bool, Option<bool>)>(),
        prop::array::uniform4(maybe_text()),
        prop::option::of(chat_info),
        retry_after,
    )
        .prop_map(
            |((success, ambiguous), [message_id, error, code, thread_id], chat_info, retry_after)| {
                ActionResult {
                    success,
                    message_id,
                    error,
                    code,
                    ambiguous,
                    retry_after,
                    thread_id,
                    chat_info,
                }
            },
        )
}

fn forward() -> impl Strategy<Value = Forward> {
    let body = prop::collection::vec(any::<u8>(), 0..40);
    let headers = prop::collection::vec((text(), text()), 0..4);
    (prop::array::uniform4(text()), headers, body, maybe_text()).prop_map(
        |([platform, bot_id, method, path], headers, body, profile)| {
            let mut forward =
                Forward { platform, bot_id, method, path, headers, profile, ..Forward::default() };
            forward.set_body(&body);
            assert_eq!(forward.body(), body);
            forward
        },
    )
}

fn frame() -> impl Strategy<Value = ConnectorFrame> {
    prop_oneof![
        2 => descriptor().prop_map(|descriptor| ConnectorFrame::Descriptor(Box::new(descriptor))),
        4 => (event(), buffer_id()).prop_map(|(event, buffer_id)| {
            ConnectorFrame::Inbound(Inbound { event: Box::new(event), buffer_id })
        }),
        2 => (name(), result()).prop_map(|(id, result)| {
            ConnectorFrame::OutboundResult(OutboundReply { request_id: RequestId::new(id).unwrap(), result })
        }),
        1 => (name(), text()).prop_map(|(key, chat_id)| {
            ConnectorFrame::InterruptInbound(InterruptInbound { session_key: SessionKey::new(key).unwrap(), chat_id })
        }),
        1 => Just(ConnectorFrame::GoingIdleAck),
        2 => (forward(), buffer_id()).prop_map(|(forward, buffer_id)| {
            ConnectorFrame::PassthroughForward(PassthroughForward { forward: Box::new(forward), buffer_id })
        }),
        2 => unknown(&KINDS).prop_map(ConnectorFrame::Unknown),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_frame_reads_back_as_what_was_written(frame in frame()) {
        let mut line = Vec::new();
        frame.encode(&mut line);
        prop_assert_eq!(line.pop(), Some(b'\n'));
        prop_assert!(!line.contains(&b'\n'), "a frame is one line");
        prop_assert_eq!(ConnectorFrame::decode(&line), Ok(frame));
    }
}
