//! A stop ends the turn for its chat, whatever the agent makes of it, and the next message is answered.

use std::time::{Duration, Instant};

use relay_adapter::{QuestionReply, StopReason};

use crate::chat::{Gateway, Outcome, limited};

fn was_stopped((ended, _): &Outcome) {
    assert_eq!(ended.as_ref().expect("a stop is no failure").stop, StopReason::Cancelled);
}

#[tokio::test]
async fn an_agent_that_stops_keeps_its_session() {
    let gateway = Gateway::new("loads");
    let chat = gateway.chat("1");
    let mut running = chat.begin("slow");
    running.hears().await;
    running.cancelled.cancel();
    was_stopped(&running.finish(|_| QuestionReply::Expired).await);
    assert_eq!(chat.hears("recall").await, "I recall: slow");
    assert_eq!(gateway.starts(), 1);
    assert!(!gateway.log().contains("session/load"));
}

#[tokio::test]
async fn a_stop_while_a_question_waits_answers_the_question() {
    let gateway = Gateway::new("loads");
    let chat = gateway.chat("1");
    let mut running = chat.begin("ask");
    let (_, reply) = running.is_asked().await;
    running.cancelled.cancel();
    was_stopped(&running.finish(|_| QuestionReply::Expired).await);
    drop(reply);
    assert!(gateway.log().contains(r#""outcome":{"outcome":"cancelled"}"#), "{}", gateway.log());
    assert_eq!(chat.hears("recall").await, "I recall: ask");
    assert_eq!(gateway.starts(), 1);
}

#[tokio::test]
async fn an_error_after_a_stop_replaces_the_process_and_the_memory_is_kept() {
    let gateway = Gateway::new("loads breaks-when-stopped");
    let chat = gateway.chat("1");
    chat.hears("my number is 4711").await;
    let mut running = chat.begin("ask");
    let (_, _reply) = running.is_asked().await;
    running.cancelled.cancel();
    was_stopped(&running.finish(|_| QuestionReply::Expired).await);
    assert_eq!(chat.hears("recall").await, "I recall: my number is 4711 | ask");
    assert_eq!(gateway.starts(), 2);
    assert!(gateway.log().contains("session/load"));
}

#[tokio::test]
async fn an_answer_long_after_a_stop_is_never_shown() {
    let gateway = Gateway::new("loads stops-after=1500");
    let chat = gateway.chat("1");
    let mut running = chat.begin("slow");
    running.hears().await;
    let began = Instant::now();
    running.cancelled.cancel();
    let outcome = running.finish(|_| QuestionReply::Expired).await;
    was_stopped(&outcome);
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    assert!(!outcome.1.text.contains("AFTER ALL"));
    assert_eq!(chat.hears("good evening").await, "You said: good evening");
    assert_eq!(gateway.starts(), 2);
}

#[tokio::test]
async fn siblings_of_a_session_that_hears_no_stop_never_notice() {
    let gateway = Gateway::new("loads");
    let (deaf, sibling) = (gateway.chat("1"), gateway.chat("2"));
    let mut beside = sibling.begin("slow");
    let before = beside.hears().await;
    assert!(before.starts_with("word0"));
    let mut running = deaf.begin("deaf");
    running.hears().await;
    running.cancelled.cancel();
    was_stopped(&running.finish(|_| QuestionReply::Expired).await);
    // Answered by another process, while the sibling's turn goes on in the first.
    assert_eq!(deaf.hears("recall").await, "I recall: deaf");
    assert_eq!(gateway.starts(), 2);
    assert!(!beside.ending.is_finished());
    beside.hears().await;
    beside.cancelled.cancel();
    was_stopped(&beside.finish(|_| QuestionReply::Expired).await);
    assert_eq!(sibling.hears("recall").await, "I recall: slow");
}

#[tokio::test]
async fn a_turn_that_is_dropped_is_a_turn_that_is_stopped() {
    let gateway = Gateway::new("loads");
    let chat = gateway.chat("1");
    let mut running = chat.begin("slow");
    running.hears().await;
    running.ending.abort();
    assert!(running.ending.await.expect_err("it was dropped").is_cancelled());
    assert_eq!(chat.hears("recall").await, "I recall: slow");
    assert!(gateway.log().contains("session/cancel"));
    assert_eq!(gateway.starts(), 2, "nobody knows what the session does, so it is retired");
}

#[tokio::test]
async fn a_stop_while_the_agent_is_still_being_started_ends_the_turn_at_once() {
    let gateway = Gateway::new("opens-after=600");
    let chat = gateway.chat("1");
    let running = chat.begin("hello");
    running.cancelled.cancel();
    was_stopped(&running.finish(|_| QuestionReply::Expired).await);
    assert_eq!(chat.hears("hello").await, "You said: hello");
}

#[tokio::test]
async fn words_that_come_after_the_answer_to_a_stop_are_in_no_later_turn() {
    // The next message comes at once, and long after.
    for waits in [Duration::ZERO, Duration::from_millis(600)] {
        let gateway = Gateway::new("loads speaks-late=300");
        let chat = gateway.chat("1");
        let mut running = chat.begin("slow");
        running.hears().await;
        running.cancelled.cancel();
        was_stopped(&running.finish(|_| QuestionReply::Expired).await);
        tokio::time::sleep(waits).await;
        assert_eq!(chat.hears("good evening").await, "You said: good evening");
        assert_eq!(chat.hears("recall").await, "I recall: slow | good evening", "its memory is kept");
        assert_eq!(gateway.starts(), 2, "a session that speaks out of turn is taken up by another process");
    }
}

#[tokio::test]
async fn an_agent_that_cannot_take_up_its_session_keeps_it_and_is_waited_for() {
    let gateway = Gateway::new("speaks-late=300");
    let chat = gateway.chat("1");
    let mut running = chat.begin("slow");
    running.hears().await;
    running.cancelled.cancel();
    was_stopped(&running.finish(|_| QuestionReply::Expired).await);
    assert_eq!(chat.hears("recall").await, "I recall: slow");
    assert_eq!(gateway.starts(), 1);
}

#[tokio::test]
async fn what_comes_of_a_tool_of_a_stopped_turn_is_in_no_later_turn_and_its_question_is_refused() {
    let gateway = Gateway::with("loads works-late=300 thinks=600", |settings| {
        limited(settings, |limits| limits.with_late_stopped(Duration::from_millis(20)))
    });
    let chat = gateway.chat("1");
    let mut running = chat.begin("slow");
    running.hears().await;
    running.cancelled.cancel();
    was_stopped(&running.finish(|_| QuestionReply::Expired).await);
    let (ended, shown) = chat.says("good evening").await;
    ended.expect("it is answered");
    assert_eq!((shown.text.as_str(), shown.questions.len()), ("You said: good evening", 0));
    assert!(!shown.order.contains(&"tool"), "{:?}", shown.order);
    let outcome = gateway.home.path().join("store/late-outcome");
    let outcome = std::fs::read_to_string(outcome).expect("it has asked");
    assert!(outcome.contains("cancelled"), "{outcome}");
}
