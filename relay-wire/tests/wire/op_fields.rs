//! The fields of every op, each missing, null or of the wrong type; see [`optional`].

use serde_json::json;

use crate::tolerance::{Kind, gateway, optional};

#[test]
fn in_every_op() {
    use Kind::{Flag, List, Number, Object, Text};
    let all = json!({
        "chat_id": "c", "content": "x", "reply_to": "m0", "message_id": "m", "draft_id": 7, "final": true,
        "session_key": "k", "kind": "discord.token", "media_kind": "image", "source_url": "https://x/1",
        "filename": "f", "prompt_kind": "approval", "prompt_id": "p", "timeout_s": 9, "emoji": "E",
        "options": [{ "id": "a", "label": "L", "style": "danger" }], "remove": true, "thread_name": "t",
        "only_if_current_name": "o", "card_id": "k",
        "chunks": [{ "id": "s", "title": "T", "status": "complete", "details": "d", "output": "o" }],
        "metadata": { "user_id": "u" },
    });
    let ops: [(&str, &[(&str, Kind)]); 14] = [
        ("send", &[("content", Text), ("reply_to", Text)]),
        ("edit", &[("message_id", Text), ("content", Text)]),
        ("delete", &[("message_id", Text)]),
        ("typing", &[("content", Text)]),
        ("draft", &[("draft_id", Number), ("content", Text), ("final", Flag)]),
        ("follow_up", &[("session_key", Text), ("kind", Text), ("content", Text)]),
        ("get_chat_info", &[]),
        (
            "send_media",
            &[
                ("media_kind", Text),
                ("source_url", Text),
                ("content", Text),
                ("reply_to", Text),
                ("filename", Text),
            ],
        ),
        (
            "prompt",
            &[
                ("content", Text),
                ("prompt_kind", Text),
                ("prompt_id", Text),
                ("options", List),
                ("options/0/id", Text),
                ("options/0/label", Text),
                ("options/0/style", Text),
                ("reply_to", Text),
                ("timeout_s", Number),
            ],
        ),
        ("react", &[("message_id", Text), ("emoji", Text), ("remove", Flag)]),
        ("thread_create", &[("thread_name", Text), ("message_id", Text)]),
        ("thread_rename", &[("message_id", Text), ("thread_name", Text), ("only_if_current_name", Text)]),
        (
            "task_card",
            &[
                ("card_id", Text),
                ("chunks", List),
                ("chunks/0/id", Text),
                ("chunks/0/title", Text),
                ("chunks/0/status", Text),
                ("chunks/0/details", Text),
                ("chunks/0/output", Text),
            ],
        ),
        ("task_card_stop", &[("card_id", Text)]),
    ];
    for (op, own) in ops {
        let mut action = all.clone();
        action["op"] = json!(op);
        let line = json!({
            "type": "outbound", "requestId": "r", "action": action, "platform": "irc", "botId": "b",
        });
        let chat: &[_] = if op == "follow_up" { &[] } else { &[("chat_id", Text)] };
        let metadata: &[_] = if op == "get_chat_info" { &[] } else { &[("metadata", Object)] };
        let fields: Vec<_> = own.iter().chain(chat).chain(metadata).copied().collect();
        let fields: Vec<_> = fields.iter().map(|(name, kind)| (format!("/action/{name}"), *kind)).collect();
        let mut fields: Vec<_> = fields.iter().map(|(name, kind)| (name.as_str(), *kind)).collect();
        fields.extend([("/platform", Text), ("/botId", Text)]);
        optional(&line.to_string(), gateway, &fields);
    }
}
