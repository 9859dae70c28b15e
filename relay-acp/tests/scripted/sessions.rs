//! Sessions that last: over restarts, losses and other agents.

use std::time::Duration;

use relay_acp::{AcpSettings, McpServer, Mode, Resume};
use relay_adapter::AgentErrorKind;

use crate::chat::Gateway;

#[tokio::test]
async fn after_a_restart_each_chat_recalls_its_own() {
    for script in [
        "loads",
        "loads replays",
        "loads replays-late",
        "resumes",
        "resumes replays",
        "loads replays-late later=30",
    ] {
        let gateway = Gateway::new(script);
        gateway.chat("1").hears("my number is 4711").await;
        gateway.chat("2").hears("my number is 1234").await;
        let gateway = gateway.restart().await;
        assert_eq!(gateway.chat("1").hears("recall").await, "I recall: my number is 4711", "{script}");
        assert_eq!(gateway.chat("2").hears("recall").await, "I recall: my number is 1234", "{script}");
    }
}

#[tokio::test]
async fn a_conversation_that_is_repeated_after_the_next_prompt_is_not_shown_either() {
    // The agent repeats only once it was silent for longer than is waited for.
    let gateway = Gateway::new("loads replays-late later=250 thinks=200");
    gateway.chat("1").hears("my number is 4711").await;
    let gateway = gateway.restart().await;
    let (ended, shown) = gateway.chat("1").says("recall").await;
    ended.expect("it ends well");
    assert!(!shown.text.contains("REPLAYED"), "{}", shown.text);
}

#[tokio::test]
async fn an_answer_right_after_a_late_repetition_is_not_lost() {
    let gateway = Gateway::new("loads replays-late later=250");
    gateway.chat("1").hears("my number is 4711").await;
    let gateway = gateway.restart().await;
    // What came with the repetition cannot be told from it, so the agent is asked once more.
    let text = gateway.chat("1").hears("recall").await;
    assert_eq!(text, "I recall: my number is 4711 | recall");
    assert_eq!(gateway.log().matches("session/prompt").count(), 3);
}

#[tokio::test]
async fn an_agent_that_resumes_is_not_made_to_load() {
    let gateway = Gateway::new("loads resumes");
    gateway.chat("1").hears("one").await;
    let gateway = gateway.restart().await;
    gateway.chat("1").hears("two").await;
    assert!(gateway.log().contains("session/resume") && !gateway.log().contains("session/load"));
}

#[tokio::test]
async fn a_lost_session_begins_anew_and_its_prompt_is_repeated_once() {
    for script in ["loads", "loads forgets", "loads forgets-and-says-so", ""] {
        let gateway = Gateway::new("loads");
        gateway.chat("1").hears("my number is 4711").await;
        for session in std::fs::read_dir(gateway.home.path().join("store")).expect("the store").flatten() {
            if script == "loads" && session.file_name().to_string_lossy().starts_with("session-") {
                std::fs::remove_file(session.path()).expect("removed");
            }
        }
        let gateway = gateway.restart_with(script, |settings| settings).await;
        let chat = gateway.chat("1");
        let (ended, shown) = chat.says("good morning").await;
        ended.expect("it is answered");
        assert_eq!(
            shown.notices,
            ["The agent no longer remembers this conversation; it begins anew."],
            "{script}"
        );
        assert_eq!(shown.text, "You said: good morning", "{script}");
        assert_eq!(chat.hears("recall").await, "I recall: good morning", "{script}");
    }
}

#[tokio::test]
async fn where_it_must_be_taken_up_a_lost_session_fails_until_a_new_one_is_begun() {
    let gateway = Gateway::new("loads");
    gateway.chat("1").hears("one").await;
    let gateway = gateway
        .restart_with("loads forgets-and-says-so", |settings| settings.with_resume(Resume::Required))
        .await;
    let chat = gateway.chat("1");
    for _ in 0..2 {
        let (ended, shown) = chat.says("two").await;
        assert_eq!(ended.expect_err("it is lost").kind, AgentErrorKind::Lost);
        assert_eq!(shown.text, "");
    }
    chat.session.reset().await.expect("it can be begun anew");
    assert_eq!(chat.hears("three").await, "You said: three");
}

#[tokio::test]
async fn without_resuming_every_start_begins_anew() {
    let gateway = Gateway::with("loads", |settings| settings.with_resume(Resume::Off));
    gateway.chat("1").hears("one").await;
    let gateway = gateway.restart_with("loads", |settings| settings.with_resume(Resume::Off)).await;
    let (_, shown) = gateway.chat("1").says("recall").await;
    assert_eq!((shown.text.as_str(), shown.notices.len()), ("I recall: ", 0));
}

#[tokio::test]
async fn another_agent_never_takes_it_up() {
    let gateway = Gateway::new("loads modes");
    gateway.chat("1").hears("my number is 4711").await;
    let gateway =
        gateway.restart_with("loads modes", |settings| settings.with_mode(Mode::Chosen("ask".into()))).await;
    let (_, shown) = gateway.chat("1").says("recall").await;
    assert_eq!(shown.text, "I recall: ");
    assert_eq!(shown.notices, ["The agent's configuration was changed; this conversation begins anew."]);
    assert!(!gateway.log().contains("session/load"));
}

#[tokio::test]
async fn the_mode_is_set_after_a_new_session_and_after_a_loaded_one() {
    let asking = |settings: AcpSettings| settings.with_mode(Mode::Asking("ask"));
    let gateway = Gateway::with("loads modes", asking);
    assert_eq!(gateway.chat("1").hears("mode").await, "mode ask");
    let gateway = gateway.restart_with("loads modes", asking).await;
    let chat = gateway.chat("1");
    assert_eq!(chat.hears("mode").await, "mode ask");
    assert_eq!(chat.session.status().mode.as_deref(), Some("ask"));
    assert_eq!(gateway.log().matches("session/set_mode").count(), 2);
}

#[tokio::test]
async fn a_chosen_mode_outlives_a_new_process() {
    let gateway = Gateway::new("loads modes breaks-when-stopped");
    let chat = gateway.chat("1");
    chat.hears("hello").await;
    chat.session.select(relay_adapter::SessionSetting::Mode, "ask").await.expect("it has that mode");
    let mut running = chat.begin("ask");
    let (_, _reply) = running.is_asked().await;
    running.cancelled.cancel();
    running.finish(|_| relay_adapter::QuestionReply::Expired).await.0.expect("a stop is no failure");
    assert_eq!(chat.hears("mode").await, "mode ask");
    assert_eq!(gateway.starts(), 2);
    let error =
        chat.session.select(relay_adapter::SessionSetting::Mode, "sing").await.expect_err("no such mode");
    assert!(error.detail.contains("it has: ask, yolo"), "{}", error.detail);
}

#[tokio::test]
async fn a_new_conversation_knows_nothing_and_works_elsewhere() {
    let gateway = Gateway::new("loads");
    let chat = gateway.chat("1");
    chat.hears("my number is 4711").await;
    let before = chat.hears("cwd").await;
    chat.session.reset().await.expect("it is forgotten");
    assert_eq!(chat.hears("recall").await, "I recall: ");
    let after = chat.hears("cwd").await;
    assert_ne!(before, after);
    assert!(
        before.starts_with(&*gateway.sessions().to_string_lossy()) && after.starts_with(&before),
        "{before} {after}"
    );
}

#[tokio::test]
async fn an_id_that_is_given_twice_is_refused() {
    let gateway = Gateway::new("one-id");
    let (first, second) = (gateway.chat("1"), gateway.chat("2"));
    first.hears("my number is 4711").await;
    let (ended, shown) = second.says("recall").await;
    let error = ended.expect_err("two chats must not share a session");
    assert!(error.detail.contains("the-only-one"), "{}", error.detail);
    assert_eq!(shown.text, "", "nothing of the other chat");
    assert_eq!(first.hears("recall").await, "I recall: my number is 4711");
    // Also one that is remembered and not open.
    let gateway = gateway.restart_with("one-id loads", |settings| settings).await;
    let (ended, _) = gateway.chat("3").says("recall").await;
    ended.expect_err("the first chat's session is the first chat's");
    assert_eq!(gateway.chat("1").hears("recall").await, "I recall: my number is 4711 | recall");
}

#[tokio::test]
async fn a_session_that_was_closed_is_taken_up() {
    let gateway = Gateway::new("loads");
    let chat = gateway.chat("1");
    chat.hears("my number is 4711").await;
    chat.session.close().await;
    assert_eq!(gateway.chat("1").hears("recall").await, "I recall: my number is 4711");
    assert_eq!(gateway.starts(), 1);
}

#[tokio::test]
async fn an_agent_that_names_its_records_by_the_time_is_not_made_to_overwrite_one() {
    let script = "loads records-by=3";
    let span = |settings: AcpSettings| settings.with_record_time(Some(Duration::from_secs(3)));
    let gateway = Gateway::with(script, span);
    gateway.chat("1").hears("my number is 4711").await;
    let gateway = gateway.restart_with(script, span).await;
    assert_eq!(gateway.chat("1").hears("recall").await, "I recall: my number is 4711");
    // To take it up is to begin a record, too.
    let gateway = gateway.restart_with(script, span).await;
    assert_eq!(gateway.chat("1").hears("recall").await, "I recall: my number is 4711 | recall");
}

#[tokio::test]
async fn each_agent_is_told_of_its_own_servers_of_tools_when_a_session_opens_and_when_it_is_taken_up() {
    let with = |name: &'static str| {
        move |settings: AcpSettings| {
            settings.with_mcp_servers(vec![McpServer::Program {
                name: name.to_owned(),
                command: vec!["serve".to_owned(), "-v".to_owned()],
                env: [("TOOL_KEY".to_owned(), "t".to_owned())].into(),
            }])
        }
    };
    let (files, web) = (Gateway::with("loads", with("files")), Gateway::with("loads", with("web")));
    for (gateway, own, other) in [(&files, "files", "web"), (&web, "web", "files")] {
        gateway.chat("1").hears("hi").await;
        let opened = gateway.log().lines().find(|line| line.contains("session/new")).expect("one").to_owned();
        let told = format!(
            r#""mcpServers":[{{"name":"{own}","command":"serve","args":["-v"],"env":[{{"name":"TOOL_KEY","value":"t"}}]}}]"#
        );
        assert!(opened.contains(&told) && !opened.contains(other), "{opened}");
    }
    let files = files.restart_with("loads", with("files")).await;
    files.chat("1").hears("hi").await;
    let taken_up = files.log().lines().find(|line| line.contains("session/load")).expect("one").to_owned();
    assert!(taken_up.contains(r#""name":"files""#), "{taken_up}");
}
