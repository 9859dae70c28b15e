//! What people write.

use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use relay_connector::{
    AccessPolicy, Binding, Front as _, FrontState, GatewayStore as _, MemoryStore, SqliteStore, Tenant,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::fake::{Fake, TOKEN, World};
use crate::{Connected, connector, front, guarded, provision, texts};

/// Runs the front on this file and kills it after so many polls, or once Telegram was told that all of it came.
/// Whether it got so far.
async fn run_on(path: &Path, fake: &Fake, polls: usize) -> bool {
    let front = front(fake);
    let connector = connector(SqliteStore::open(path).expect("a store"), front.clone());
    provision(&connector).await;
    let context = connector.front_context("telegram").expect("the front");
    let mut running = front.run(context, CancellationToken::new());
    let mut left = polls;
    let killed = poll_fn(|task| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        running.as_mut().poll(task).map(|ended| panic!("it ended: {ended:?}"))
    });
    let mut confirmed = pin!(fake.until("all of it is confirmed", |world| world.confirmed == 4));
    tokio::select! {
        () = killed => false,
        () = &mut confirmed => true,
    }
}

#[tokio::test]
async fn killed_at_any_moment_it_loses_no_message_and_takes_none_twice() {
    let mut came_through = false;
    for polls in 1.. {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("connector.db");
        let fake = Fake::start().await;
        for (id, text) in [(1, "one"), (2, "two"), (3, "three")] {
            fake.says(id, text);
        }
        came_through = run_on(&path, &fake, polls).await;
        assert!(came_through || run_on(&path, &fake, usize::MAX).await);
        let connector = connector(SqliteStore::open_inline(&path).expect("a store"), front(&fake));
        assert_eq!(texts(&connector).await, ["one", "two", "three"], "killed after {polls} polls");
        if came_through {
            break;
        }
    }
    assert!(came_through);
}

#[tokio::test]
async fn a_chat_that_is_bound_to_another_tenant_is_that_ones() {
    let fake = Fake::start().await;
    let store = MemoryStore::default();
    let other = Tenant::new("other").expect("a tenant");
    let binding = Binding::new("telegram", "7", other);
    store.bind(binding).await.expect("a binding");
    let front = front(&fake);
    let connector = connector(store, front.clone());
    provision(&connector).await;
    fake.says(1, "for the other");
    let connected = Connected::over(connector, front);
    fake.until("it is confirmed", |world| world.confirmed == 2).await;
    assert!(connected.texts().await.is_empty());
    connected.stop().await;
}

#[tokio::test]
async fn a_webhook_is_removed_without_dropping_and_unknown_updates_stop_nothing() {
    let fake = Fake::start().await;
    fake.world().has_webhook = true;
    fake.update(1, json!({"from_the_future": {"x": 1}}));
    fake.update(2, json!({"message": {"message_id": "broken"}}));
    fake.says(3, "after them");
    let connected = Connected::run(front(&fake)).await;
    fake.until("all are confirmed", |world| world.confirmed == 4).await;
    assert_eq!(connected.texts().await, ["after them"]);
    assert_eq!(fake.calls_of("deleteWebhook"), [json!({"drop_pending_updates": false})]);
}

#[tokio::test]
async fn another_poller_is_named() {
    let fake = Fake::start().await;
    fake.refuse("getUpdates", 409, "Conflict: terminated by other getUpdates request");
    let connected = Connected::run(front(&fake)).await;
    let mut state = connected.state();
    let degraded = |state: &FrontState| matches!(state, FrontState::Degraded { why, .. } if why.contains("another program"));
    state.wait_for(degraded).await.expect("the front lives");
}

#[tokio::test]
async fn a_failing_server_is_asked_again_and_then_the_front_is_live() {
    let fake = Fake::start().await;
    fake.refuse("getUpdates", 502, "Bad Gateway");
    fake.says(1, "hi");
    let connected = Connected::run(front(&fake)).await;
    let mut state = connected.state();
    state.wait_for(|state| matches!(state, FrontState::Degraded { .. })).await.expect("degraded");
    state.wait_for(|state| *state == FrontState::Live).await.expect("live");
    assert_eq!(connected.texts().await, ["hi"]);
}

#[tokio::test]
async fn a_revoked_token_ends_the_front_with_a_remedy_and_does_not_show() {
    let fake = Fake::start().await;
    // The token stands in the path, and this server says the path back.
    fake.refuse("getMe", 401, &format!("Unauthorized: /bot{TOKEN}/getMe"));
    let connected = Connected::run(front(&fake)).await;
    let mut state = connected.state();
    let fatal =
        state.wait_for(|state| matches!(state, FrontState::Fatal { .. })).await.expect("fatal").clone();
    let FrontState::Fatal { why, remedy } = &fatal else { unreachable!("just waited for") };
    assert!(why.contains("the bot's token") && remedy.contains("@BotFather"), "{fatal:?}");
    assert!(!format!("{fatal:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_stranger_is_told_once_how_to_get_in_and_gets_nothing_through() {
    let fake = Fake::start().await;
    fake.says(1, "hello?");
    fake.says(2, "hello??");
    let front = front(&fake);
    let connector = guarded(MemoryStore::default(), front.clone(), AccessPolicy::listed(["8"]));
    provision(&connector).await;
    let connected = Connected::over(connector, front);
    fake.until("both are confirmed", |world| world.confirmed == 3).await;
    fake.until("the stranger is told", |world| !world.chats.is_empty()).await;
    assert!(connected.texts().await.is_empty());
    let told = fake.shown("7");
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("Your id is 7"), "{told:?}");
}

#[tokio::test]
async fn the_first_to_show_the_owners_code_by_its_link_is_the_owner_and_lets_others_in() {
    let fake = Fake::start().await;
    let front = front(&fake);
    let connector = guarded(MemoryStore::default(), front.clone(), AccessPolicy::default());
    provision(&connector).await;
    let access = connector.chat_access("telegram").expect("the front");
    let code = access.make_owner_code(Duration::from_hours(1)).await.expect("a code");
    let connected = Connected::over(connector, front);
    let of = |user: i64, text: &str| {
        let from = json!({"id": user, "first_name": format!("U{user}"), "is_bot": false});
        json!({"message": {"message_id": user, "from": from, "chat": {"id": user, "type": "private"}, "text": text}})
    };
    fake.update(1, of(7, &format!("/start {}", code.compact())));
    fake.until("an owner", |world| shows(world, "7", "You are the owner now")).await;
    fake.update(2, of(8, "hello?"));
    fake.until("a code", |world| shows(world, "8", "Give this code to the owner")).await;
    let pending = access.pending().await.expect("a store").remove(0);
    fake.update(3, of(7, &format!("/pair {}", pending.code)));
    fake.until("both are told", |world| shows(world, "7", "U8 may talk") && shows(world, "8", "let in."))
        .await;
    // The button that everybody presses first is nothing for an agent.
    fake.update(4, of(8, "/start"));
    fake.update(5, of(8, "hello!"));
    fake.until("all are confirmed", |world| world.confirmed == 6).await;
    assert_eq!(connected.texts().await, ["hello!"]);
}

#[tokio::test]
async fn a_group_is_open_to_whom_it_was_opened_by_and_moves_along() {
    let fake = Fake::start().await;
    let connected = Connected::run(front(&fake)).await;
    let group = |id: i64| json!({"id": id, "type": "group", "title": "G"});
    let said = |user: i64, chat: i64, text: &str| {
        let from = json!({"id": user, "first_name": "A", "is_bot": false});
        json!({"message": {"message_id": 1, "from": from, "chat": group(chat), "text": text}})
    };
    let change = |by: i64, old: &str, new: &str| {
        json!({"my_chat_member": {"chat": group(-5), "from": {"id": by, "first_name": "A"}, "date": 1,
               "old_chat_member": {"status": old}, "new_chat_member": {"status": new}}})
    };
    fake.update(1, change(8, "left", "member"));
    fake.update(2, said(7, -5, "not yet"));
    fake.update(3, change(8, "member", "left"));
    fake.update(4, change(7, "left", "member"));
    fake.update(5, said(7, -5, "one"));
    fake.update(6, said(8, -5, "not for strangers"));
    fake.update(7, json!({"message": {"message_id": 2, "chat": group(-5), "migrate_to_chat_id": -1005}}));
    fake.update(8, said(7, -1005, "two"));
    fake.update(9, change(7, "member", "kicked"));
    fake.update(10, said(7, -5, "too late"));
    fake.until("all are confirmed", |world| world.confirmed == 11).await;
    assert_eq!(connected.texts().await, ["one", "two"]);
    fake.until("a word on what it hears", |world| shows(world, "-5", "what mentions me")).await;
    assert_eq!(fake.shown("-5").iter().filter(|text| text.contains("/pair")).count(), 1, "told once");
}

/// Whether a chat shows a message with these words.
fn shows(world: &World, chat: &str, words: &str) -> bool {
    let has_words = |message: &Value| message["text"].as_str().is_some_and(|text| text.contains(words));
    world.chats.iter().any(|((place, _), message)| place == chat && has_words(message))
}

#[tokio::test]
async fn a_press_is_answered_and_consumed_and_its_buttons_go() {
    let fake = Fake::start().await;
    let data = "hp1:0abcde.00000007:once";
    let markup = json!({"inline_keyboard": [[{"text": "Once", "callback_data": data}]]});
    let prompt = ("7".to_owned(), 50);
    fake.world().chats.insert(prompt.clone(), json!({"text": "Run it?", "reply_markup": markup}));
    let message = json!({"message_id": 50, "chat": {"id": 7, "type": "private"}, "reply_markup": markup});
    let press = json!({"id": "c1", "from": {"id": 7, "first_name": "Ann"}, "data": data, "message": message});
    fake.update(1, json!({"callback_query": press}));
    let connected = Connected::run(front(&fake)).await;
    fake.until("the buttons are gone", |world| world.chats[&prompt]["reply_markup"].is_null()).await;
    fake.until("the press is confirmed", |world| world.confirmed == 2).await;
    assert_eq!(fake.calls_of("answerCallbackQuery"), [json!({"callback_query_id": "c1"})]);
    let response = connected.events().await[0].prompt_response.clone().expect("a press");
    assert_eq!((response.option_id.as_ref(), response.prompt_message_id.as_deref()), ("once", Some("50")));
}

#[tokio::test]
async fn what_no_gateway_wants_stays_with_telegram_and_then_the_connector_stores_it() {
    let fake = Fake::start().await;
    let front = front(&fake);
    let connected = Connected::over(connector(MemoryStore::default(), front.clone()), front);
    fake.says(1, "anybody there?");
    fake.until("it starts", |world| world.calls.iter().any(|(name, _)| name == "deleteWebhook")).await;
    let fetched = fake.until("it polls", |world| world.calls.iter().any(|(name, _)| name == "getUpdates"));
    assert!(tokio::time::timeout(Duration::from_millis(300), fetched).await.is_err(), "nobody wants it");
    provision(&connected.connector).await;
    fake.until("it is confirmed", |world| world.confirmed == 2).await;
    assert_eq!(connected.texts().await, ["anybody there?"]);
}
