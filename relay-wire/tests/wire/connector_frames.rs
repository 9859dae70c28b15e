//! Frames from the connector.

use relay_wire::{
    ActionResult, BufferId, CapabilityDescriptor, ChatType, ConnectorFrame, ContextMessage, Event, Forward,
    Inbound, InterruptInbound, LenUnit, Media, MessageType, OutboundReply, PassthroughForward,
    PromptResponse, ReplyTo, RequestId, SessionKey, Source,
};

use super::connector_line;

#[test]
fn descriptor_states_every_capability() {
    let descriptor = CapabilityDescriptor {
        contract_version: 1,
        platform: "discord".into(),
        label: "Discord".into(),
        max_message_length: 2000,
        supports_draft_streaming: false,
        supports_edit: true,
        supports_threads: true,
        markdown_dialect: "discord".into(),
        len_unit: LenUnit::Utf16,
        emoji: "\u{1F47E}".into(),
        platform_hint: "short".into(),
        pii_safe: true,
        supports_context: true,
        supports_inchannel_continuable: true,
        supports_block_formatting: true,
        typing_persists: Some(true),
        supported_ops: vec!["send".into(), "a_later_one".into()],
    };
    let frame = ConnectorFrame::Descriptor(Box::new(descriptor));
    assert_eq!(frame.kind(), "descriptor");
    connector_line(
        &frame,
        concat!(
            r#"{"type":"descriptor","descriptor":{"contract_version":1,"platform":"discord","#,
            r#""label":"Discord","max_message_length":2000,"supports_draft_streaming":false,"#,
            r#""supports_edit":true,"supports_threads":true,"markdown_dialect":"discord","len_unit":"utf16","#,
            r#""emoji":"👾","platform_hint":"short","pii_safe":true,"supports_context":true,"#,
            r#""supports_inchannel_continuable":true,"supports_block_formatting":true,"#,
            r#""typing_persists":true,"supported_ops":["send","a_later_one"]}}"#
        ),
    );
}

#[test]
fn a_descriptor_without_a_list_of_ops_writes_none() {
    let descriptor =
        CapabilityDescriptor { platform: "irc".into(), label: "IRC".into(), ..Default::default() };
    connector_line(
        &ConnectorFrame::Descriptor(Box::new(descriptor)),
        concat!(
            r#"{"type":"descriptor","descriptor":{"contract_version":1,"platform":"irc","label":"IRC","#,
            r#""max_message_length":4096,"supports_draft_streaming":false,"supports_edit":false,"#,
            r#""supports_threads":false,"markdown_dialect":"","len_unit":"chars","emoji":"🔌","#,
            r#""platform_hint":"","pii_safe":false,"supports_context":false,"#,
            r#""supports_inchannel_continuable":false,"supports_block_formatting":false}}"#
        ),
    );
}

#[test]
fn a_small_inbound_writes_the_eight_source_fields_that_are_always_sent() {
    let event = Event {
        text: "hi".into(),
        source: Source { platform: "irc".into(), chat_id: "c".into(), ..Source::default() },
        ..Event::default()
    };
    let frame = ConnectorFrame::Inbound(Inbound { event: Box::new(event), buffer_id: None });
    assert_eq!(frame.kind(), "inbound");
    connector_line(
        &frame,
        concat!(
            r#"{"type":"inbound","event":{"text":"hi","message_type":"text","source":{"platform":"irc","#,
            r#""chat_id":"c","chat_type":"dm","chat_name":null,"user_id":null,"user_name":null,"#,
            r#""thread_id":null,"chat_topic":null}}}"#
        ),
    );
}

/// An inbound frame with every field set.
pub(super) fn everything() -> ConnectorFrame {
    let source = Source {
        platform: "discord".into(),
        chat_id: "c".into(),
        chat_type: ChatType::Thread,
        chat_name: Some("general".into()),
        user_id: Some("u".into()),
        user_name: Some("ann".into()),
        thread_id: Some("t".into()),
        chat_topic: Some("topic".into()),
        user_display_name: Some("Ann".into()),
        user_handle: Some("@ann".into()),
        user_id_alt: Some("ua".into()),
        chat_id_alt: Some("ca".into()),
        scope_id: Some("s".into()),
        guild_id: Some("s".into()),
        parent_chat_id: Some("p".into()),
        message_id: Some("m".into()),
        profile: Some("coder".into()),
        auto_thread_created: Some(true),
        auto_thread_initial_name: Some("first".into()),
        prospective_thread_id: Some("pt".into()),
        is_bot: Some(false),
        message_is_edit: Some(true),
        one_to_one_verified: Some(false),
    };
    let event = Event {
        text: "tab\tquote\"".into(),
        message_type: MessageType::Photo,
        source,
        message_id: Some("m".into()),
        reply_to_message_id: Some("m0".into()),
        reply_to: Some(ReplyTo { text: Some("q".into()), author: Some("bob".into()), is_own: Some(true) }),
        media_urls: vec!["https://x/1".into()],
        media: vec![Media {
            url: "https://x/1".into(),
            kind: Some("image".into()),
            mime: Some("image/png".into()),
            size: Some(7),
            filename: Some("a.png".into()),
            caption: Some("cap".into()),
        }],
        context: vec![ContextMessage { text: "before".into(), source: None }],
        context_error: Some("partly".into()),
        prompt_response: Some(PromptResponse {
            prompt_id: "p1".into(),
            option_id: "o1".into(),
            label: Some("Yes".into()),
            prompt_message_id: Some("m9".into()),
        }),
    };
    ConnectorFrame::Inbound(Inbound { event: Box::new(event), buffer_id: Some(BufferId::new("b1").unwrap()) })
}

#[test]
fn a_full_inbound_writes_every_field_there_is() {
    connector_line(
        &everything(),
        concat!(
            r#"{"type":"inbound","event":{"text":"tab\tquote\"","message_type":"photo","source":{"#,
            r#""platform":"discord","chat_id":"c","chat_type":"thread","chat_name":"general","user_id":"u","#,
            r#""user_name":"ann","thread_id":"t","chat_topic":"topic","user_display_name":"Ann","#,
            r#""user_handle":"@ann","user_id_alt":"ua","chat_id_alt":"ca","scope_id":"s","guild_id":"s","#,
            r#""parent_chat_id":"p","message_id":"m","profile":"coder","auto_thread_created":true,"#,
            r#""auto_thread_initial_name":"first","prospective_thread_id":"pt","is_bot":false,"#,
            r#""message_is_edit":true,"one_to_one_verified":false},"message_id":"m","#,
            r#""reply_to_message_id":"m0","reply_to":{"text":"q","author":"bob","is_own":true},"#,
            r#""media_urls":["https://x/1"],"media":[{"url":"https://x/1","kind":"image","#,
            r#""mime":"image/png","size":7,"filename":"a.png","caption":"cap"}],"#,
            r#""context":[{"text":"before"}],"context_error":"partly","prompt_response":{"#,
            r#""prompt_id":"p1","option_id":"o1","label":"Yes","prompt_message_id":"m9"}},"bufferId":"b1"}"#
        ),
    );
}

#[test]
fn outbound_result_pairs_a_result_with_its_request() {
    let frame = ConnectorFrame::OutboundResult(OutboundReply {
        request_id: RequestId::new("r1").unwrap(),
        result: ActionResult::delivered("m1"),
    });
    assert_eq!(frame.kind(), "outbound_result");
    connector_line(
        &frame,
        r#"{"type":"outbound_result","requestId":"r1","result":{"success":true,"message_id":"m1"}}"#,
    );
}

#[test]
fn interrupt_inbound_names_session_and_chat() {
    let frame = ConnectorFrame::InterruptInbound(InterruptInbound {
        session_key: SessionKey::new("agent:main:irc:dm:u").unwrap(),
        chat_id: "u".into(),
    });
    assert_eq!(frame.kind(), "interrupt_inbound");
    connector_line(
        &frame,
        r#"{"type":"interrupt_inbound","session_key":"agent:main:irc:dm:u","chat_id":"u"}"#,
    );
}

#[test]
fn going_idle_ack_is_a_type_and_nothing_else() {
    assert_eq!(ConnectorFrame::GoingIdleAck.kind(), "going_idle_ack");
    connector_line(&ConnectorFrame::GoingIdleAck, r#"{"type":"going_idle_ack"}"#);
}

/// A forwarded request with every field set.
pub(super) fn forward_everything() -> ConnectorFrame {
    let mut forward = Forward {
        platform: "discord".into(),
        bot_id: "b1".into(),
        method: "POST".into(),
        path: "/interactions".into(),
        headers: vec![("b".into(), "1".into()), ("a".into(), "2".into()), ("b".into(), "3".into())],
        profile: Some("coder".into()),
        ..Forward::default()
    };
    forward.set_body(b"{\"type\":2}");
    ConnectorFrame::PassthroughForward(PassthroughForward {
        forward: Box::new(forward),
        buffer_id: Some(BufferId::new("b2").unwrap()),
    })
}

#[test]
fn passthrough_forward_keeps_headers_in_order_and_the_body_in_base64() {
    let frame = forward_everything();
    assert_eq!(frame.kind(), "passthrough_forward");
    connector_line(
        &frame,
        concat!(
            r#"{"type":"passthrough_forward","forward":{"platform":"discord","botId":"b1","method":"POST","#,
            r#""path":"/interactions","headers":[["b","1"],["a","2"],["b","3"]],"bodyB64":"eyJ0eXBlIjoyfQ==","#,
            r#""profile":"coder"},"bufferId":"b2"}"#
        ),
    );
    let live = PassthroughForward { forward: Box::default(), buffer_id: None };
    connector_line(
        &ConnectorFrame::PassthroughForward(live),
        r#"{"type":"passthrough_forward","forward":{"platform":"","botId":"","method":"","path":"","headers":[],"bodyB64":""}}"#,
    );
}
