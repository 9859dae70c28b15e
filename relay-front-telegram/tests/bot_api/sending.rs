//! What agents answer.

use std::time::{Duration, Instant};

use relay_connector::{ActionContext, Front as _, SqliteStore, Tenant};
use relay_wire::{
    Action, DeleteAction, EditAction, GatewayId, Metadata, PromptAction, PromptKind, PromptOption,
    ReactAction, SendAction,
};
use serde_json::json;

use crate::fake::{Fake, Fault, TOKEN};
use crate::{Connected, connector, front, front_at, perform};

fn send(chat: &str, content: &str, thread: Option<&str>) -> Action {
    let mut metadata = Metadata::default();
    if let Some(thread) = thread {
        metadata.set_thread(thread);
    }
    Action::Send(SendAction {
        chat_id: chat.to_owned(),
        content: content.to_owned(),
        reply_to: Some("5".into()),
        metadata,
    })
}

fn edit(message: &str, content: &str) -> Action {
    Action::Edit(EditAction {
        chat_id: "7".into(),
        message_id: message.to_owned(),
        content: content.to_owned(),
        metadata: Metadata::default(),
    })
}

#[tokio::test]
async fn a_long_text_is_several_messages_and_stays_one_text_when_it_is_edited_and_deleted() {
    let fake = Fake::start().await;
    let front = front(&fake);
    let words = |count: usize| (0..count).map(|word| format!("w{word}")).collect::<Vec<_>>();
    let long = |count: usize| format!("**{}**", words(count).join("** **"));
    let sent = perform(&front, send("7", &long(2000), None)).await;
    assert!(sent.success, "{sent:?}");
    let first = sent.message_id.expect("an id");
    assert_eq!(first, "1001");
    assert_eq!(fake.shown("7").len(), 3);
    let calls = fake.calls_of("sendMessage");
    assert_eq!(calls[0]["reply_parameters"]["message_id"], 5);
    assert!(calls[1]["reply_parameters"].is_null());
    assert_eq!(fake.shown("7").join(" ").split_whitespace().collect::<Vec<_>>(), words(2000));

    assert!(perform(&front, edit(&first, "short")).await.success);
    assert_eq!(fake.shown("7"), ["short"]);
    assert!(perform(&front, edit(&first, "short")).await.success, "not modified is no failure");
    assert!(perform(&front, edit(&first, &long(900))).await.success);
    assert_eq!(fake.shown("7").len(), 2);
    let delete = DeleteAction { chat_id: "7".into(), message_id: first, metadata: Metadata::default() };
    assert!(perform(&front, Action::Delete(delete)).await.success);
    assert!(fake.shown("7").is_empty());
}

#[tokio::test]
async fn a_wait_is_kept_to_the_end_and_a_longer_one_leaves_telegram_alone() {
    let fake = Fake::start().await;
    let front = front(&fake);
    let sent = perform(&front, send("7", "…", None)).await.message_id.expect("an id");
    fake.throttle("editMessageText", 2);
    let begun = Instant::now();
    assert!(perform(&front, edit(&sent, "the end")).await.success);
    assert!(begun.elapsed() >= Duration::from_secs(2));
    assert_eq!(fake.shown("7"), ["the end"]);
    fake.throttle("editMessageText", 900);
    let refused = perform(&front, edit(&sent, "more")).await;
    assert_eq!(
        (refused.code.as_deref(), refused.retry_after),
        (Some("rate_limited"), Some(900)),
        "{refused:?}"
    );
    let calls = fake.calls_of("editMessageText").len();
    assert_eq!(perform(&front, edit(&sent, "more")).await.code.as_deref(), Some("rate_limited"));
    assert_eq!(fake.calls_of("editMessageText").len(), calls);
}

#[tokio::test]
async fn the_last_edit_that_had_to_wait_is_made_after_a_restart_and_never_after_a_newer_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("connector.db");
    let fake = Fake::start().await;
    let run = async || {
        let front = front(&fake);
        let store = SqliteStore::open(&path).expect("a store");
        let connected = Connected::over(connector(store, front.clone()), front);
        let polled = fake.calls_of("getMe").len();
        fake.until("the front runs", |world| {
            world.calls.iter().filter(|(name, _)| name == "getMe").count() > polled
        })
        .await;
        connected
    };
    let connected = run().await;
    let sent = perform(&connected.front, send("7", "…", None)).await.message_id.expect("an id");
    fake.throttle("editMessageText", 900);
    for text in ["more", "still more", "the end"] {
        assert!(perform(&connected.front, edit(&sent, text)).await.success, "it is kept");
    }
    assert_eq!(fake.shown("7"), ["…"]);
    connected.stop().await;
    let connected = run().await;
    fake.until("it is made", |world| world.chats.values().any(|shown| shown["text"] == "the end")).await;

    fake.throttle("editMessageText", 900);
    assert!(perform(&connected.front, edit(&sent, "old")).await.success);
    connected.stop().await;
    fake.throttle("editMessageText", 900);
    let connected = run().await;
    fake.until("it waits again", |world| world.faults["editMessageText"].is_empty()).await;
    connected.stop().await;
    let connected = run().await;
    fake.until("it is made", |world| world.chats.values().any(|shown| shown["text"] == "old")).await;
    assert!(perform(&connected.front, edit(&sent, "new")).await.success);
    connected.stop().await;
    let connected = run().await;
    assert!(perform(&connected.front, send("7", "behind it", None)).await.success);
    assert_eq!(fake.shown("7"), ["new", "behind it"]);
    connected.stop().await;
}

#[tokio::test]
async fn looks_that_are_refused_go_and_the_words_stay() {
    let fake = Fake::start().await;
    fake.refuse("sendMessage", 400, "Bad Request: can't parse entities: new rule");
    assert!(perform(&front(&fake), send("7", "**bold**", None)).await.success);
    assert_eq!(fake.shown("7"), ["bold"]);
    assert_eq!(fake.calls_of("sendMessage")[1]["entities"], json!([]));
}

#[tokio::test]
async fn a_group_that_became_a_supergroup_is_written_to_there() {
    let fake = Fake::start().await;
    let front = front(&fake);
    let description = "Bad Request: group chat was upgraded to a supergroup chat";
    let moved = json!({"ok": false, "error_code": 400, "description": description,
                       "parameters": {"migrate_to_chat_id": -1009}});
    fake.fault("sendMessage", Fault::Refuse(400, moved));
    assert!(perform(&front, send("-9", "one", None)).await.success);
    assert!(perform(&front, send("-9", "two", None)).await.success);
    assert_eq!(fake.shown("-1009"), ["one", "two"]);
}

#[tokio::test]
async fn topics_are_named_but_for_the_one_that_every_forum_has() {
    let fake = Fake::start().await;
    let front = front(&fake);
    assert!(perform(&front, send("-1", "a", Some("3"))).await.success);
    assert!(perform(&front, send("-1", "b", Some("1"))).await.success);
    let calls = fake.calls_of("sendMessage");
    assert_eq!(calls[0]["message_thread_id"], 3);
    assert!(calls[1]["message_thread_id"].is_null());
}

fn prompt(prompt_id: &'static str) -> Action {
    let option = |id: &'static str, label: &'static str| PromptOption {
        id: id.into(),
        label: label.into(),
        style: None,
    };
    Action::Prompt(PromptAction {
        chat_id: "7".into(),
        content: "Run it?".into(),
        prompt_kind: PromptKind::Approval,
        prompt_id: prompt_id.into(),
        options: vec![option("once", "Once"), option("no", "No")],
        reply_to: None,
        timeout_s: None,
        metadata: Metadata::default(),
    })
}

fn react(emoji: &'static str) -> Action {
    Action::React(ReactAction {
        chat_id: "7".into(),
        message_id: "5".into(),
        emoji: emoji.into(),
        remove: false,
        metadata: Metadata::default(),
    })
}

#[tokio::test]
async fn a_prompt_has_buttons_that_carry_its_token_and_reactions_are_telegrams() {
    let fake = Fake::start().await;
    let front = front(&fake);
    assert!(perform(&front, prompt("0abcde.00000007")).await.success);
    let keyboard = fake.calls_of("sendMessage")[0]["reply_markup"]["inline_keyboard"].clone();
    assert_eq!(keyboard[0][0], json!({"text": "Once", "callback_data": "hp1:0abcde.00000007:once"}));
    assert_eq!(perform(&front, prompt("no id")).await.code.as_deref(), Some("bad_request"));
    assert!(perform(&front, react("👀")).await.success);
    assert_eq!(perform(&front, react("✅")).await.code.as_deref(), Some("unsupported_reaction"));
}

#[tokio::test]
async fn refusals_say_why_and_what_is_not_known_is_not_guessed() {
    let fake = Fake::start().await;
    let front = front(&fake);
    let code = async |action| perform(&front, action).await.code.expect("a code");
    assert_eq!(code(send("7", " \u{200b} ", None)).await, "empty");
    assert_eq!(code(send("7", &"word ".repeat(50_000), None)).await, "too_long");
    assert_eq!(code(edit("77", "x")).await, "not_found");
    fake.refuse("sendMessage", 403, "Forbidden: bot was blocked by the user");
    let refused = perform(&front, send("7", "x", None)).await;
    assert_eq!(refused.code.as_deref(), Some("forbidden"));
    assert!(refused.error.expect("a reason").contains("bot was blocked by the user"));
    fake.fault("sendMessage", Fault::Cut);
    let unknown = perform(&front, send("7", "once", None));
    assert!(tokio::time::timeout(Duration::from_secs(2), unknown).await.is_err(), "no guess");
    assert_eq!(fake.shown("7"), ["once"], "and no second try");
    let tenant = Tenant::new("other").expect("a tenant");
    let foreign = ActionContext::new(tenant, GatewayId::new("gw").unwrap());
    assert!(front.perform(send("7", "x", None), foreign).await.is_declined());
}

#[tokio::test]
async fn the_token_is_in_no_error() {
    let nobody = front_at("http://127.0.0.1:9".parse().expect("a URL"));
    let error = perform(&nobody, send("7", "x", None)).await.error.expect("a reason");
    assert!(!error.contains(TOKEN), "{error}");
    let fake = Fake::start().await;
    fake.refuse("sendMessage", 400, &format!("Bad Request: /bot{TOKEN}/sendMessage"));
    let error = perform(&front(&fake), send("7", "x", None)).await.error.expect("a reason");
    assert!(error.contains("[token]") && !error.contains(TOKEN), "{error}");
}
