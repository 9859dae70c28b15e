//! What people write.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use relay_connector::{Connector, Front, MemoryStore};
use relay_front_telegram::{Access, ApiError, TelegramFront, TelegramState};
use relay_wire::ProvisionRequest;
use serde_json::json;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::fake::{Fake, TOKEN};
use crate::{Kept, front, front_at, tenant};

type Running = (JoinHandle<Result<(), ApiError>>, DropGuard);

/// Polls until the guard is dropped.
fn run(front: Arc<TelegramFront>, kept: &Arc<Kept>) -> Running {
    let (stop, events) = (CancellationToken::new(), Arc::clone(kept));
    let stopped = stop.clone();
    (tokio::spawn(async move { front.run_with(&*events, stopped).await }), stop.drop_guard())
}

#[tokio::test]
async fn an_update_is_confirmed_only_after_its_event_is_stored() {
    let (fake, kept) = (Fake::start().await, Kept::new());
    kept.open.send_replace(false);
    fake.says(1, "one");
    let (running, guard) = run(front(&fake), &kept);
    fake.until("it is fetched", |world| world.calls.iter().any(|(name, _)| name == "getUpdates")).await;
    // A front that confirmed at once would do so within this time.
    let confirmed = fake.until("it is confirmed", |world| world.confirmed > 0);
    assert!(tokio::time::timeout(Duration::from_millis(300), confirmed).await.is_err(), "not stored yet");
    // The connector ends between the platform and the store: the next one gets the update again.
    drop(guard);
    running.await.expect("no panic").expect("stopped");
    assert!(kept.texts().is_empty());
    kept.open.send_replace(true);
    let (running, guard) = run(front(&fake), &kept);
    fake.says(2, "two");
    fake.until("both are confirmed", |world| world.confirmed == 3).await;
    assert_eq!(kept.texts(), ["one", "two"]);
    drop(guard);
    running.await.expect("no panic").expect("stopped");
}

#[tokio::test]
async fn a_webhook_is_removed_without_dropping_and_unknown_updates_stop_nothing() {
    let (fake, kept) = (Fake::start().await, Kept::new());
    fake.world().has_webhook = true;
    fake.update(1, json!({"from_the_future": {"x": 1}}));
    fake.update(2, json!({"message": {"message_id": "broken"}}));
    fake.says(3, "after them");
    let _running = run(front(&fake), &kept);
    fake.until("all are confirmed", |world| world.confirmed == 4).await;
    assert_eq!(kept.texts(), ["after them"]);
    assert_eq!(fake.calls_of("deleteWebhook"), [json!({"drop_pending_updates": false})]);
}

#[tokio::test]
async fn another_poller_is_named() {
    let (fake, kept) = (Fake::start().await, Kept::new());
    fake.refuse("getUpdates", 409, "Conflict: terminated by other getUpdates request");
    let front = front(&fake);
    let mut state = front.state();
    assert_eq!(*state.borrow_and_update(), TelegramState::Starting);
    let _running = run(Arc::clone(&front), &kept);
    state.changed().await.expect("the front lives");
    let degraded = state.borrow().clone();
    assert!(
        matches!(&degraded, TelegramState::Degraded { why } if why.contains("another program")),
        "{degraded:?}"
    );
}

#[tokio::test]
async fn a_failing_server_is_asked_again_and_then_the_front_is_live() {
    let (fake, kept) = (Fake::start().await, Kept::new());
    fake.refuse("getUpdates", 502, "Bad Gateway");
    fake.says(1, "hi");
    let front = front(&fake);
    let mut state = front.state();
    let _running = run(Arc::clone(&front), &kept);
    state.wait_for(|state| matches!(state, TelegramState::Degraded { .. })).await.expect("degraded");
    state.wait_for(|state| *state == TelegramState::Live).await.expect("live");
    assert_eq!(kept.texts(), ["hi"]);
}

#[tokio::test]
async fn a_revoked_token_ends_the_front_with_a_remedy_and_does_not_show() {
    let (fake, kept) = (Fake::start().await, Kept::new());
    // The token stands in the path, and this server says the path back.
    fake.refuse("getMe", 401, &format!("Unauthorized: /bot{TOKEN}/getMe"));
    let front = front(&fake);
    let ended = run(Arc::clone(&front), &kept).0.await.expect("no panic");
    let error = ended.expect_err("only a person can help");
    assert!(matches!(error, ApiError::Unauthorized(_)));
    assert!(error.to_string().contains("@BotFather") && !error.to_string().contains(TOKEN), "{error}");
    assert!(matches!(&*front.state().borrow(), TelegramState::Fatal { .. }));
}

#[tokio::test]
async fn a_stranger_is_told_once_how_to_get_in_and_gets_nothing_through() {
    let (fake, kept) = (Fake::start().await, Kept::new());
    fake.says(1, "hello?");
    fake.says(2, "hello??");
    let _running = run(front_at(fake.base.clone(), Access::Users(BTreeSet::from([8]))), &kept);
    fake.until("both are confirmed", |world| world.confirmed == 3).await;
    fake.until("the stranger is told", |world| !world.chats.is_empty()).await;
    assert!(kept.texts().is_empty());
    let told = fake.shown("7");
    assert_eq!(told.len(), 1);
    assert!(told[0].contains("Your id is 7"), "{told:?}");
}

#[tokio::test]
async fn a_press_is_answered_and_consumed_and_its_buttons_go() {
    let (fake, kept) = (Fake::start().await, Kept::new());
    let data = "hp1:0abcde.00000007:once";
    let markup = json!({"inline_keyboard": [[{"text": "Once", "callback_data": data}]]});
    let prompt = ("7".to_owned(), 50);
    fake.world().chats.insert(prompt.clone(), json!({"text": "Run it?", "reply_markup": markup}));
    let message = json!({"message_id": 50, "chat": {"id": 7, "type": "private"}, "reply_markup": markup});
    let press = json!({"id": "c1", "from": {"id": 7, "first_name": "Ann"}, "data": data, "message": message});
    fake.update(1, json!({"callback_query": press}));
    let _running = run(front(&fake), &kept);
    fake.until("the buttons are gone", |world| world.chats[&prompt]["reply_markup"].is_null()).await;
    fake.until("the press is confirmed", |world| world.confirmed == 2).await;
    assert_eq!(fake.calls_of("answerCallbackQuery"), [json!({"callback_query_id": "c1"})]);
    let response = kept.events()[0].prompt_response.clone().expect("a press");
    assert_eq!((response.option_id.as_ref(), response.prompt_message_id.as_deref()), ("once", Some("50")));
}

#[tokio::test]
async fn what_no_gateway_wants_stays_with_telegram_and_then_the_connector_stores_it() {
    let fake = Fake::start().await;
    let front = front(&fake);
    let connector = Connector::builder(MemoryStore::default()).front(Arc::clone(&front) as Arc<dyn Front>);
    let connector = connector.build().expect("a connector");
    fake.says(1, "anybody there?");
    let running = tokio::spawn(async move { front.run(CancellationToken::new()).await });
    fake.until("it starts", |world| world.calls.iter().any(|(name, _)| name == "deleteWebhook")).await;
    let fetched = fake.until("it polls", |world| world.calls.iter().any(|(name, _)| name == "getUpdates"));
    assert!(tokio::time::timeout(Duration::from_millis(300), fetched).await.is_err(), "nobody wants it");
    let request = ProvisionRequest {
        gateway_id: "gw".into(),
        platform: "telegram".into(),
        bot_id: String::new(),
        gateway_endpoint: String::new(),
        route_keys: Vec::new(),
        instance_id: None,
        wake_url: None,
    };
    connector.provision(request, &tenant()).await.expect("a gateway");
    fake.until("it is confirmed", |world| world.confirmed == 2).await;
    running.abort();
}
