//! Every kind of result, within its frame.

use relay_wire::{ActionResult, ChatInfo, ConnectorFrame, EGRESS_DECLINED, OutboundReply, RequestId};

use super::connector_line;

#[track_caller]
fn result_line(result: ActionResult, json: &str) {
    let reply = OutboundReply { request_id: RequestId::new("r").unwrap(), result };
    connector_line(
        &ConnectorFrame::OutboundResult(reply),
        &format!(r#"{{"type":"outbound_result","requestId":"r","result":{json}}}"#),
    );
}

#[test]
fn a_success_says_which_message_it_made() {
    result_line(ActionResult::delivered("m"), r#"{"success":true,"message_id":"m"}"#);
    result_line(ActionResult::done(), r#"{"success":true}"#);
}

#[test]
fn a_failure_says_why() {
    result_line(ActionResult::failed("rate limited"), r#"{"success":false,"error":"rate limited"}"#);
    result_line(
        ActionResult { code: Some(EGRESS_DECLINED.into()), ..ActionResult::failed("not yours") },
        r#"{"success":false,"error":"not yours","code":"egress_declined"}"#,
    );
}

#[test]
fn a_new_thread_and_a_chats_info_come_back_in_their_own_fields() {
    result_line(
        ActionResult { thread_id: Some("t".into()), ..ActionResult::done() },
        r#"{"success":true,"thread_id":"t"}"#,
    );
    result_line(
        ActionResult {
            chat_info: Some(ChatInfo { name: "general".into(), kind: "channel".into() }),
            ..ActionResult::done()
        },
        r#"{"success":true,"chat_info":{"name":"general","type":"channel"}}"#,
    );
}

#[test]
fn a_result_that_nobody_knows_says_so() {
    result_line(
        ActionResult { ambiguous: Some(true), ..ActionResult::failed("lost") },
        r#"{"success":false,"error":"lost","ambiguous":true}"#,
    );
}
