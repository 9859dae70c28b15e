//! The end of an agent leaves nothing behind.

use relay_adapter::{Agent as _, QuestionReply};

use crate::chat::{Gateway, limited, runs};

#[tokio::test]
async fn a_closed_stdin_is_enough_for_an_agent_that_listens() {
    let gateway = Gateway::new("");
    let number = gateway.chat("1").hears("number").await;
    assert!(runs(&number));
    let began = std::time::Instant::now();
    gateway.agent.shutdown().await;
    assert!(!runs(&number));
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_agent_that_ignores_its_stdin_and_sigterm_is_killed() {
    let gateway = Gateway::with("stubborn ignores-sigterm", |settings| {
        let end = settings.limits().end().with_stdin(std::time::Duration::from_millis(100));
        limited(settings, |limits| limits.with_end(end))
    });
    let number = gateway.chat("1").hears("number").await;
    gateway.agent.shutdown().await;
    assert!(!runs(&number));
}

#[tokio::test]
async fn what_it_started_in_a_session_of_its_own_ends_with_it() {
    let gateway = Gateway::new("");
    let number = gateway.chat("1").hears("daemon").await;
    assert!(runs(&number), "it runs while the agent does");
    gateway.agent.shutdown().await;
    assert!(!runs(&number));
    assert!(!std::path::Path::new(&format!("/proc/{number}")).exists(), "not even as a zombie");
}

#[tokio::test]
async fn so_it_does_when_the_agent_crashes() {
    let gateway = Gateway::new("loads");
    let chat = gateway.chat("1");
    let number = chat.hears("daemon").await;
    chat.says("crash").await.0.expect_err("it crashed");
    assert_eq!(chat.hears("hello").await, "You said: hello");
    assert!(!runs(&number), "before the next process starts");
}

#[tokio::test]
async fn a_shutdown_during_a_turn_stops_the_agent_first() {
    let gateway = Gateway::new("");
    let chat = gateway.chat("1");
    let number = chat.hears("number").await;
    let mut running = chat.begin("ask");
    let (_, _reply) = running.is_asked().await;
    gateway.agent.shutdown().await;
    assert!(!runs(&number));
    let log = gateway.log();
    assert!(log.contains("session/cancel") && log.contains(r#""outcome":"cancelled""#), "{log}");
    // The turn ends too; what it says of that is nobody's concern any more.
    let _ = running.finish(|_| QuestionReply::Expired).await;
}
