//! Agents that misbehave: each ends in a bounded state that is explained, and the next turn works.
//!
//! Elsewhere, by their subject: ten questions at once (`questions.rs`), an answer to a stop that comes long after and words
//! after that (`stop.rs`), an id given twice and a lost state (`sessions.rs`), text that no chat takes (`limits.rs`), what
//! all of that costs in memory (`../memory/main.rs`).

use std::time::Duration;

use relay_acp::Processes;
use relay_adapter::{Agent as _, AgentErrorKind, AgentState, QuestionReply, StopReason};

use crate::chat::{Gateway, NEVER, limited};

/// What the turn says of an agent that cannot be started, and that one without the fault answers afterwards.
async fn fails_to_start(script: &str, kind: AgentErrorKind, detail: &str) {
    let gateway = Gateway::with(script, |settings| {
        limited(settings, |limits| limits.with_initialize(Duration::from_millis(1500)))
    });
    let (ended, shown) = gateway.chat("1").says("hello").await;
    let error = ended.expect_err("it does not start");
    assert_eq!(error.kind, kind, "{script}: {}", error.detail);
    assert!(error.detail.contains(detail), "{script}: {}", error.detail);
    assert_eq!(shown.text, "");
    let gateway = gateway.restart_with("", |settings| settings).await;
    assert_eq!(gateway.chat("1").hears("hello").await, "You said: hello", "{script}");
}

#[tokio::test]
async fn it_prints_nothing() {
    fails_to_start("prints-nothing", AgentErrorKind::Unavailable, "did not answer `initialize` within").await;
}

#[tokio::test]
async fn it_writes_half_a_line() {
    fails_to_start("half-a-line", AgentErrorKind::Unavailable, "did not answer `initialize` within").await;
}

#[tokio::test]
async fn it_exits_with_a_failure() {
    fails_to_start("exits-1", AgentErrorKind::Unavailable, "exit status 1").await;
}

#[tokio::test]
async fn it_exits_as_if_all_were_well() {
    fails_to_start("exits-0", AgentErrorKind::Unavailable, "exit status 0").await;
}

#[tokio::test]
async fn it_refuses_to_run_as_root() {
    fails_to_start("refuses-root", AgentErrorKind::Unavailable, "exit status 1").await;
}

#[tokio::test]
async fn it_is_not_signed_in_and_says_so_on_stderr() {
    fails_to_start("needs-login-to-start", AgentErrorKind::LoginNeeded, "exit status 1").await;
}

#[tokio::test]
async fn it_speaks_another_version() {
    fails_to_start("version=2", AgentErrorKind::Unavailable, "speaks version 2").await;
}

#[tokio::test]
async fn it_needs_a_login() {
    let gateway = Gateway::new("needs-login");
    let (ended, _) = gateway.chat("1").says("hello").await;
    assert_eq!(ended.expect_err("nobody signed in").kind, AgentErrorKind::LoginNeeded);
    assert_eq!(gateway.starts(), 1, "another start would not sign it in");
}

#[tokio::test]
async fn that_it_needs_a_login_is_its_state_until_it_answers() {
    for processes in [Processes::Shared, Processes::PerSession] {
        let gateway = Gateway::with("needs-login-once", |settings| settings.with_processes(processes));
        let chat = gateway.chat("1");
        let (ended, _) = chat.says("hello").await;
        assert_eq!(ended.expect_err("nobody signed in").kind, AgentErrorKind::LoginNeeded);
        match &*gateway.agent.state().borrow() {
            AgentState::Unavailable { reason: AgentErrorKind::LoginNeeded, remedy, .. } => {
                assert!(remedy.contains("sign it in"), "{remedy}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(chat.hears("hello").await, "You said: hello");
        assert_eq!(*gateway.agent.state().borrow(), AgentState::Ready);
    }
}

#[tokio::test]
async fn that_it_needs_a_login_is_known_before_the_first_message_where_it_has_ways_to_sign_in() {
    let gateway = Gateway::new("needs-login auth-methods");
    let mut state = gateway.agent.state();
    let settled = state.wait_for(|state| *state != AgentState::Starting);
    match &*tokio::time::timeout(NEVER, settled).await.expect("it settles").expect("the agent is there") {
        AgentState::Unavailable { reason: AgentErrorKind::LoginNeeded, remedy, .. } => {
            assert!(remedy.contains("sign it in"), "{remedy}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(gateway.starts(), 1);
}

#[tokio::test]
async fn an_agent_that_is_signed_in_meanwhile_is_ready_and_one_without_ways_to_sign_in_is_not_asked() {
    for (script, asked) in [("needs-login-once auth-methods", true), ("auth-methods", true), ("", false)] {
        let gateway = Gateway::new(script);
        let mut state = gateway.agent.state();
        let settled = state.wait_for(|state| *state != AgentState::Starting);
        tokio::time::timeout(NEVER, settled).await.expect("it settles").expect("the agent is there");
        assert_eq!(gateway.log().contains("session/new"), asked, "{script}");
        assert_eq!(gateway.chat("1").hears("hello").await, "You said: hello");
        assert_eq!(*gateway.agent.state().borrow(), AgentState::Ready, "{script}");
    }
}

#[tokio::test]
async fn it_prints_100_mb_in_one_line() {
    let gateway = Gateway::new("prints-100-mb-in-a-line");
    assert_eq!(gateway.chat("1").hears("hello").await, "You said: hello");
}

#[tokio::test]
async fn it_prints_50_mb() {
    let gateway = Gateway::new("prints-50-mb");
    assert_eq!(gateway.chat("1").hears("hello").await, "You said: hello");
}

#[tokio::test]
async fn it_writes_a_line_of_9_mib() {
    let gateway = Gateway::new("");
    let chat = gateway.chat("1");
    assert_eq!(chat.hears("9-mib").await, "after the long line");
    assert_eq!(chat.hears("hello").await, "You said: hello");
}

#[tokio::test]
async fn it_never_ends() {
    let gateway = Gateway::new("loads");
    let chat = gateway.chat("1");
    let mut running = chat.begin("deaf");
    running.hears().await;
    running.cancelled.cancel();
    let (ended, _) = running.finish(|_| QuestionReply::Expired).await;
    assert_eq!(ended.expect("a stop is no failure").stop, StopReason::Cancelled);
    assert_eq!(chat.hears("recall").await, "I recall: deaf");
}

#[tokio::test]
async fn it_floods_after_a_stop() {
    let gateway = Gateway::with("loads floods-after-a-stop", |settings| {
        limited(settings, |limits| limits.with_stop(NEVER))
    });
    let chat = gateway.chat("1");
    let mut running = chat.begin("slow");
    running.hears().await;
    running.cancelled.cancel();
    let (ended, shown) = running.finish(|_| QuestionReply::Expired).await;
    assert_eq!(ended.expect("a stop is no failure").stop, StopReason::Cancelled);
    assert!(!shown.text.contains("flood"), "nothing of it is shown");
    assert_eq!(chat.hears("recall").await, "I recall: slow");
}

#[tokio::test]
async fn it_floods_after_it_answered_a_stop() {
    let gateway = Gateway::with("loads floods-after-its-answer", |settings| {
        limited(settings, |limits| limits.with_late(Duration::from_secs(1)))
    });
    let chat = gateway.chat("1");
    let mut running = chat.begin("slow");
    running.hears().await;
    running.cancelled.cancel();
    let (ended, shown) = running.finish(|_| QuestionReply::Expired).await;
    assert_eq!(ended.expect("a stop is no failure").stop, StopReason::Cancelled);
    assert!(!shown.text.contains("flood"), "nothing of it is shown");
    assert_eq!(chat.hears("recall").await, "I recall: slow");
}

#[tokio::test]
async fn it_never_stops_talking_after_a_stop() {
    let gateway = Gateway::with("loads never-stops-talking", |settings| {
        limited(settings, |limits| {
            limits.with_late(Duration::from_millis(100)).with_replay(Duration::from_millis(400))
        })
    });
    let chat = gateway.chat("1");
    let mut running = chat.begin("slow");
    running.hears().await;
    running.cancelled.cancel();
    running.finish(|_| QuestionReply::Expired).await.0.expect("a stop is no failure");
    assert_eq!(chat.hears("recall").await, "I recall: slow", "by another process, with its memory");
    assert_eq!(gateway.starts(), 2);
}

#[tokio::test]
async fn it_crashes_in_the_middle_of_a_turn() {
    for prompt in ["crash", "half"] {
        let gateway = Gateway::new("loads");
        let chat = gateway.chat("1");
        chat.hears("my number is 4711").await;
        let (ended, _) = chat.says(prompt).await;
        assert_eq!(ended.expect_err("it crashed").kind, AgentErrorKind::Crashed);
        assert_eq!(chat.hears("recall").await, format!("I recall: my number is 4711 | {prompt}"));
        assert_eq!(gateway.starts(), 2);
    }
}

#[tokio::test]
async fn it_ends_a_turn_without_a_word() {
    let gateway = Gateway::new("");
    let chat = gateway.chat("1");
    let (ended, _) = chat.says("silent").await;
    assert_eq!(ended.expect_err("no answer").kind, AgentErrorKind::Empty);
    assert_eq!(chat.hears("hello").await, "You said: hello");
}

#[tokio::test]
async fn its_model_refuses_the_key_and_the_log_does_not_have_it() {
    let gateway = Gateway::new("");
    let chat = gateway.chat("1");
    let (ended, _) = chat.says("401").await;
    let error = ended.expect_err("no answer");
    assert_eq!(error.kind, AgentErrorKind::LoginNeeded);
    assert!(error.detail.contains("[masked]") && !error.detail.contains("sk-"), "{}", error.detail);
    assert_eq!(chat.hears("hello").await, "You said: hello");
}

#[tokio::test]
async fn its_program_is_not_there() {
    let gateway = Gateway::with("", |settings| settings.with_command(vec!["/nonexistent/agent".into()]));
    let (ended, _) = gateway.chat("1").says("hello").await;
    let error = ended.expect_err("nothing to run");
    assert_eq!(error.kind, AgentErrorKind::Unavailable);
    assert!(error.detail.contains("cannot run `/nonexistent/agent`"), "{}", error.detail);
}
