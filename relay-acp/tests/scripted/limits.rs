//! How long is waited, how often is tried, and what is said of it.

use std::time::Duration;

use relay_acp::{Mode, Processes};
use relay_adapter::{Agent as _, AgentErrorKind, AgentState};

use crate::chat::{Gateway, NEVER, limited};

async fn until(gateway: &Gateway, is_so: impl FnMut(&AgentState) -> bool) -> AgentState {
    let mut state = gateway.agent.state();
    let found = tokio::time::timeout(NEVER, state.wait_for(is_so)).await.expect("it comes to that");
    found.expect("the agent is there").clone()
}

#[tokio::test]
async fn a_chat_is_told_once_that_its_agent_takes_long() {
    let gateway = Gateway::with("opens-after=300", |settings| {
        limited(settings, |limits| limits.with_notice(Duration::from_millis(100)))
    });
    let chat = gateway.chat("1");
    let (ended, shown) = chat.says("hello").await;
    ended.expect("it is answered in the end");
    assert_eq!(shown.notices, ["The agent is being started; the answer comes as soon as it is there."]);
    assert_eq!(chat.says("hello").await.1.notices.len(), 0, "a session that is open has nothing to wait for");
}

#[tokio::test]
async fn a_session_that_is_not_opened_in_time_fails_its_turn_and_no_other() {
    let gateway = Gateway::with("opens-after=400", |settings| {
        limited(settings, |limits| limits.with_open(Duration::from_millis(100)))
    });
    let (ended, _) = gateway.chat("1").says("hello").await;
    assert_eq!(ended.expect_err("too late").kind, AgentErrorKind::Timeout);
    assert_eq!(gateway.starts(), 1);
}

#[tokio::test]
async fn an_agent_that_fails_is_tried_again_and_after_five_times_no_more() {
    let gateway = Gateway::new("exits-1");
    let state = until(
        &gateway,
        |state| matches!(state, AgentState::Unavailable { remedy, .. } if remedy.contains("failed too often")),
    );
    let AgentState::Unavailable { reason, remedy, .. } = state.await else { panic!("unavailable") };
    assert_eq!(reason, AgentErrorKind::Unavailable);
    assert!(remedy.contains("exit status 1"), "{remedy}");
    assert_eq!(gateway.starts(), 5);
}

#[tokio::test]
async fn a_message_after_that_tries_once_more() {
    let gateway = Gateway::with("exits-until=5", |settings| {
        limited(settings, |limits| limits.with_backoff_most(Duration::from_millis(20)))
    });
    until(&gateway, |state| {
        matches!(state, AgentState::Unavailable { remedy, .. } if remedy.contains("failed too often"))
    })
    .await;
    let chat = gateway.chat("1");
    let answered = async {
        loop {
            let (ended, shown) = chat.says("hello").await;
            if ended.is_ok() {
                return shown.text;
            }
            tokio::task::yield_now().await;
        }
    };
    assert_eq!(tokio::time::timeout(NEVER, answered).await.expect("it recovers"), "You said: hello");
    assert_eq!(gateway.starts(), 6);
    assert_eq!(*gateway.agent.state().borrow(), AgentState::Ready);
}

#[tokio::test]
async fn an_unknown_mode_fails_the_start_with_those_there_are() {
    let gateway = Gateway::with("modes", |settings| settings.with_mode(Mode::Chosen("sing".into())));
    let state = until(&gateway, |state| matches!(state, AgentState::Unavailable { .. })).await;
    let AgentState::Unavailable { remedy, .. } = state else { panic!("unavailable") };
    assert!(remedy.contains("has no mode `sing`; it has: ask, yolo"), "{remedy}");
}

#[tokio::test]
async fn an_idle_process_is_suspended_and_comes_back_with_its_memory() {
    let gateway =
        Gateway::with("loads", |settings| settings.with_idle_after(Some(Duration::from_millis(50))));
    let chat = gateway.chat("1");
    chat.hears("my number is 4711").await;
    let number = chat.hears("number").await;
    crate::chat::gone(&[&number]).await;
    assert_eq!(chat.hears("recall").await, "I recall: my number is 4711 | number");
}

#[tokio::test]
async fn sessions_can_have_a_process_each() {
    let gateway = Gateway::with("loads", |settings| settings.with_processes(Processes::PerSession));
    let (one, two) = (gateway.chat("1"), gateway.chat("2"));
    let (first, second) = (one.hears("number").await, two.hears("number").await);
    assert_ne!(first, second);
    assert_eq!(one.hears("number").await, first);
    one.session.close().await;
    assert!(!crate::chat::runs(&first) && crate::chat::runs(&second));
    gateway.agent.shutdown().await;
    assert!(!crate::chat::runs(&second));
}

#[tokio::test]
async fn text_that_no_chat_takes_is_bounded_and_said_to_be_missing() {
    let gateway = Gateway::new("");
    let mut running = gateway.chat("1").begin("much");
    running.hears().await;
    // The chat takes nothing until the agent has said all of its three megabytes.
    let has_said = gateway.home.path().join("store/said-much");
    while !has_said.exists() {
        tokio::task::yield_now().await;
    }
    let (ended, shown) = running.finish(|_| relay_adapter::QuestionReply::Expired).await;
    ended.expect("it ends well");
    assert!(shown.text.len() <= (1 << 20) + 128 * 1024, "{}", shown.text.len());
    assert!(shown.notices[0].contains("could be shown"), "{:?}", shown.notices);
}
