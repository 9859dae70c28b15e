//! Every op, within its outbound frame.

use relay_wire::{
    Action, DeleteAction, DraftAction, EditAction, FollowUpAction, GatewayFrame, GetChatInfoAction,
    MediaKind, Metadata, Op, OtherAction, Outbound, PromptAction, PromptKind, PromptOption, PromptStyle,
    ReactAction, RequestId, SendAction, SendMediaAction, SessionKey, TaskCardAction, TaskCardStopAction,
    TaskChunk, TaskStatus, ThreadCreateAction, ThreadRenameAction, TypingAction,
};
use serde_json::json;

use super::{gateway_line, read_gateway};

/// The action is written as exactly these bytes, names exactly this op and reads back as itself.
#[track_caller]
fn action_line(op: Op, action: Action, json: &str) {
    assert_eq!(action.op(), op.as_str());
    assert_eq!(Op::from_wire(action.op()), Some(op));
    let outbound =
        Outbound { request_id: RequestId::new("r").unwrap(), action, platform: None, bot_id: None };
    gateway_line(
        &GatewayFrame::Outbound(outbound),
        &format!(r#"{{"type":"outbound","requestId":"r","action":{json}}}"#),
    );
}

fn user() -> Metadata {
    let mut metadata = Metadata::default();
    metadata.set_user("u");
    metadata
}

#[test]
fn send() {
    let plain = SendAction { chat_id: "c".into(), content: "hi".into(), ..SendAction::default() };
    action_line(
        Op::Send,
        Action::Send(plain.clone()),
        r#"{"op":"send","chat_id":"c","content":"hi","reply_to":null,"metadata":{}}"#,
    );
    let answer = SendAction { reply_to: Some("m0".into()), metadata: user(), ..plain };
    action_line(
        Op::Send,
        Action::Send(answer),
        r#"{"op":"send","chat_id":"c","content":"hi","reply_to":"m0","metadata":{"user_id":"u"}}"#,
    );
}

#[test]
fn edit() {
    let action =
        EditAction { chat_id: "c".into(), message_id: "m".into(), content: "a\nb".into(), metadata: user() };
    action_line(
        Op::Edit,
        Action::Edit(action),
        r#"{"op":"edit","chat_id":"c","message_id":"m","content":"a\nb","metadata":{"user_id":"u"}}"#,
    );
}

#[test]
fn delete() {
    let action = DeleteAction { chat_id: "c".into(), message_id: "m".into(), metadata: user() };
    action_line(
        Op::Delete,
        Action::Delete(action),
        r#"{"op":"delete","chat_id":"c","message_id":"m","metadata":{"user_id":"u"}}"#,
    );
}

#[test]
fn typing_without_content_shows_and_with_an_empty_one_clears() {
    let shown = TypingAction { chat_id: "c".into(), content: None, metadata: user() };
    action_line(
        Op::Typing,
        Action::Typing(shown.clone()),
        r#"{"op":"typing","chat_id":"c","metadata":{"user_id":"u"}}"#,
    );
    let cleared = TypingAction { content: Some(String::new()), ..shown };
    action_line(
        Op::Typing,
        Action::Typing(cleared),
        r#"{"op":"typing","chat_id":"c","content":"","metadata":{"user_id":"u"}}"#,
    );
}

#[test]
fn draft() {
    let action = DraftAction {
        chat_id: "c".into(),
        draft_id: -7,
        content: "so far".into(),
        is_final: true,
        metadata: user(),
    };
    action_line(
        Op::Draft,
        Action::Draft(action),
        r#"{"op":"draft","chat_id":"c","draft_id":-7,"content":"so far","final":true,"metadata":{"user_id":"u"}}"#,
    );
}

#[test]
fn follow_up_names_a_session_and_a_kind_and_no_chat() {
    let action = FollowUpAction {
        session_key: SessionKey::new("agent:main:discord:group:c").ok(),
        kind: "discord.interaction_token".into(),
        content: "done".into(),
        metadata: user(),
    };
    assert_eq!(action.platform(), Some("discord"));
    assert_eq!(Action::FollowUp(action.clone()).chat_id(), None);
    action_line(
        Op::FollowUp,
        Action::FollowUp(action),
        concat!(
            r#"{"op":"follow_up","session_key":"agent:main:discord:group:c","#,
            r#""kind":"discord.interaction_token","content":"done","metadata":{"user_id":"u"}}"#
        ),
    );
}

#[test]
fn a_follow_up_without_a_session_key_is_read_and_written_with_an_empty_one() {
    let action = FollowUpAction {
        session_key: None,
        kind: "discord.interaction_token".into(),
        content: "done".into(),
        metadata: user(),
    };
    action_line(
        Op::FollowUp,
        Action::FollowUp(action),
        concat!(
            r#"{"op":"follow_up","session_key":"","kind":"discord.interaction_token","#,
            r#""content":"done","metadata":{"user_id":"u"}}"#
        ),
    );
}

#[test]
fn a_follow_up_of_no_kind_names_no_platform() {
    for kind in ["", "token", ".token"] {
        let action = FollowUpAction {
            session_key: SessionKey::new("k").ok(),
            kind: kind.into(),
            content: String::new(),
            metadata: user(),
        };
        assert_eq!(action.platform(), None, "{kind:?}");
    }
}

#[test]
fn get_chat_info_carries_no_metadata() {
    let mut action = Action::GetChatInfo(GetChatInfoAction { chat_id: "c".into() });
    assert_eq!(action.metadata_mut(), None);
    action_line(Op::GetChatInfo, action, r#"{"op":"get_chat_info","chat_id":"c"}"#);
}

#[test]
fn send_media_of_every_kind() {
    let kinds = [
        (MediaKind::Image, "image"),
        (MediaKind::Voice, "voice"),
        (MediaKind::Audio, "audio"),
        (MediaKind::Video, "video"),
        (MediaKind::Document, "document"),
    ];
    for (media_kind, word) in kinds {
        let bare = SendMediaAction {
            chat_id: "c".into(),
            media_kind,
            source_url: "https://x/1".into(),
            content: String::new(),
            reply_to: None,
            filename: None,
            metadata: Metadata::default(),
        };
        action_line(
            Op::SendMedia,
            Action::SendMedia(bare.clone()),
            &format!(
                r#"{{"op":"send_media","chat_id":"c","media_kind":"{word}","source_url":"https://x/1","content":"","reply_to":null,"metadata":{{}}}}"#
            ),
        );
        let named = SendMediaAction { reply_to: Some("m".into()), filename: Some("a.png".into()), ..bare };
        action_line(
            Op::SendMedia,
            Action::SendMedia(named),
            &format!(
                r#"{{"op":"send_media","chat_id":"c","media_kind":"{word}","source_url":"https://x/1","content":"","reply_to":"m","filename":"a.png","metadata":{{}}}}"#
            ),
        );
    }
}

#[test]
fn prompt_of_every_kind_and_style() {
    let option = |id: &'static str, style| PromptOption { id: id.into(), label: "L".into(), style };
    let kinds = [
        (PromptKind::Approval, "approval"),
        (PromptKind::Clarify, "clarify"),
        (PromptKind::Choice, "choice"),
    ];
    for (prompt_kind, word) in kinds {
        let action = PromptAction {
            chat_id: "c".into(),
            content: "Really?".into(),
            prompt_kind,
            prompt_id: "0abcde.00000007".into(),
            options: vec![
                option("a", Some(PromptStyle::Primary)),
                option("b", Some(PromptStyle::Success)),
                option("c", Some(PromptStyle::Danger)),
                option("d", Some(PromptStyle::Secondary)),
                option("e", None),
            ],
            reply_to: None,
            timeout_s: Some(300),
            metadata: user(),
        };
        let options = concat!(
            r#"[{"id":"a","label":"L","style":"primary"},{"id":"b","label":"L","style":"success"},"#,
            r#"{"id":"c","label":"L","style":"danger"},{"id":"d","label":"L","style":"secondary"},"#,
            r#"{"id":"e","label":"L"}]"#
        );
        let head = format!(
            r#"{{"op":"prompt","chat_id":"c","content":"Really?","prompt_kind":"{word}","prompt_id":"0abcde.00000007","options":"#
        );
        action_line(
            Op::Prompt,
            Action::Prompt(action.clone()),
            &format!(r#"{head}{options},"reply_to":null,"timeout_s":300,"metadata":{{"user_id":"u"}}}}"#),
        );
        action_line(
            Op::Prompt,
            Action::Prompt(PromptAction { options: Vec::new(), timeout_s: None, ..action }),
            &format!(r#"{head}[],"reply_to":null,"metadata":{{"user_id":"u"}}}}"#),
        );
    }
}

#[test]
fn react() {
    let action = ReactAction {
        chat_id: "c".into(),
        message_id: "m".into(),
        emoji: "👍".into(),
        remove: true,
        metadata: user(),
    };
    action_line(
        Op::React,
        Action::React(action),
        r#"{"op":"react","chat_id":"c","message_id":"m","emoji":"👍","remove":true,"metadata":{"user_id":"u"}}"#,
    );
}

#[test]
fn thread_create() {
    let bare = ThreadCreateAction {
        chat_id: "c".into(),
        thread_name: "t".into(),
        message_id: None,
        metadata: user(),
    };
    action_line(
        Op::ThreadCreate,
        Action::ThreadCreate(bare.clone()),
        r#"{"op":"thread_create","chat_id":"c","thread_name":"t","metadata":{"user_id":"u"}}"#,
    );
    action_line(
        Op::ThreadCreate,
        Action::ThreadCreate(ThreadCreateAction { message_id: Some("m".into()), ..bare }),
        r#"{"op":"thread_create","chat_id":"c","thread_name":"t","message_id":"m","metadata":{"user_id":"u"}}"#,
    );
}

#[test]
fn thread_rename() {
    let bare = ThreadRenameAction {
        chat_id: "c".into(),
        message_id: "t".into(),
        thread_name: "new".into(),
        only_if_current_name: None,
        metadata: user(),
    };
    action_line(
        Op::ThreadRename,
        Action::ThreadRename(bare.clone()),
        r#"{"op":"thread_rename","chat_id":"c","message_id":"t","thread_name":"new","metadata":{"user_id":"u"}}"#,
    );
    action_line(
        Op::ThreadRename,
        Action::ThreadRename(ThreadRenameAction { only_if_current_name: Some("old".into()), ..bare }),
        concat!(
            r#"{"op":"thread_rename","chat_id":"c","message_id":"t","thread_name":"new","#,
            r#""only_if_current_name":"old","metadata":{"user_id":"u"}}"#
        ),
    );
}

#[test]
fn task_card() {
    let chunk = |id: &str, status| TaskChunk { id: id.into(), status, ..TaskChunk::default() };
    let action = TaskCardAction {
        chat_id: "c".into(),
        card_id: "k".into(),
        chunks: vec![
            TaskChunk {
                title: "ls".into(),
                details: Some("ls -l".into()),
                output: Some("2 files".into()),
                ..chunk("a", Some(TaskStatus::Complete))
            },
            chunk("b", Some(TaskStatus::InProgress)),
            chunk("d", Some(TaskStatus::Pending)),
            chunk("e", Some(TaskStatus::Error)),
            chunk("f", None),
        ],
        metadata: user(),
    };
    action_line(
        Op::TaskCard,
        Action::TaskCard(action),
        concat!(
            r#"{"op":"task_card","chat_id":"c","card_id":"k","chunks":["#,
            r#"{"id":"a","title":"ls","status":"complete","details":"ls -l","output":"2 files"},"#,
            r#"{"id":"b","title":"","status":"in_progress"},{"id":"d","title":"","status":"pending"},"#,
            r#"{"id":"e","title":"","status":"error"},{"id":"f","title":""}],"metadata":{"user_id":"u"}}"#
        ),
    );
    action_line(
        Op::TaskCardStop,
        Action::TaskCardStop(TaskCardStopAction {
            chat_id: "c".into(),
            card_id: "k".into(),
            metadata: user(),
        }),
        r#"{"op":"task_card_stop","chat_id":"c","card_id":"k","metadata":{"user_id":"u"}}"#,
    );
}

#[test]
fn an_op_of_a_later_contract_is_kept_as_data() {
    let json = r#"{"chat_id":"c","deep":{"n":[1,2.5,null]},"op":"pin"}"#;
    let line = format!(r#"{{"type":"outbound","requestId":"r","action":{json},"platform":"irc"}}"#);
    let Ok(GatewayFrame::Outbound(outbound)) = read_gateway(&line) else { panic!("{line} is outbound") };
    assert_eq!((outbound.action.op(), outbound.action.chat_id()), ("pin", Some("c")));
    let fields = json!({ "op": "pin", "chat_id": "c", "deep": { "n": [1, 2.5, null] } });
    let fields = fields.as_object().expect("an object").clone();
    assert_eq!(outbound.action, Action::Other(OtherAction { fields }));
    gateway_line(&GatewayFrame::Outbound(outbound), &line);
}

#[test]
fn metadata_keeps_keys_it_does_not_know_and_numbers_to_the_last_digit() {
    let line = concat!(
        r#"{"type":"outbound","requestId":"r","action":{"op":"typing","chat_id":"c","#,
        r#""metadata":{"a":0.30000000000000004,"b":18446744073709551615,"c":{"d":[]}}}}"#
    );
    let frame = read_gateway(line).expect("the line is a frame");
    gateway_line(&frame, line);
}
