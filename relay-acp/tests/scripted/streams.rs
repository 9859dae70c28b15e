//! What an agent says, as its chat gets it.

use std::time::Duration;

use relay_adapter::{Agent as _, QuestionReply, StopReason, TurnEvent};

use crate::chat::{Gateway, limited};

#[tokio::test]
async fn an_answer_streams_and_says_what_it_used() {
    let gateway = Gateway::new("");
    let chat = gateway.chat("1");
    let (ended, shown) = chat.says("good morning").await;
    assert_eq!(shown.text, "You said: good morning");
    assert_eq!(shown.order, ["text", "usage"]);
    let summary = ended.expect("it ends well");
    assert_eq!(summary.stop, StopReason::Finished);
    assert_eq!(summary.usage.and_then(|usage| usage.context_used), Some(11));
    assert_eq!(chat.session.commands()[0].name, "compact");
    gateway.agent.shutdown().await;
}

#[tokio::test]
async fn every_kind_of_output_comes_in_its_order_and_messages_keep_apart() {
    let gateway = Gateway::new("");
    let mut running = gateway.chat("1").begin("paragraphs");
    let mut events = Vec::new();
    while let Some(event) = running.events.recv().await {
        events.push(match event {
            TurnEvent::Text(delta) => format!("{}: {}", delta.message.as_deref().unwrap_or("-"), delta.text),
            TurnEvent::Thought(text) => format!("thought {text}"),
            TurnEvent::Tool(call) => format!("tool {} {:?}", call.title, call.state),
            TurnEvent::Plan(entries) => format!("plan {}", entries[0].text),
            TurnEvent::Notice(line) => format!("notice {line}"),
            TurnEvent::Acted(done) => {
                let _ = done.send(());
                "acted".to_owned()
            }
            other => panic!("{other:?}"),
        });
    }
    // How many pieces a text or a step comes in depends on how fast they are taken.
    let mut told = events.join("; ");
    told = told.replace("m1: one ; m1: more", "m1: one more").replace("tool ls Running; ", "");
    assert_eq!(
        told, "m1: one more; thought hm; acted; tool ls Done; plan do it; notice careful; m2: two",
        "acting is recorded before it shows"
    );
}

#[tokio::test]
async fn a_picture_is_a_file() {
    let gateway = Gateway::new("");
    let (ended, shown) = gateway.chat("1").says("file").await;
    ended.expect("a file is an answer");
    assert_eq!(shown.files, 1);
}

#[tokio::test]
async fn requests_of_unknown_methods_are_refused_and_unknown_updates_ignored() {
    let gateway = Gateway::new("");
    assert_eq!(gateway.chat("1").hears("unknown").await, "-32601");
}

#[tokio::test]
async fn what_comes_after_the_end_of_a_turn_is_in_no_turn() {
    // With its answer, a moment after it, and long after it in a message that is known to be the last turn's.
    for script in
        ["talks-after-the-end", "talks-after-the-end late=30", "talks-after-the-end late=1200 names-messages"]
    {
        let gateway = Gateway::with(script, |settings| {
            limited(settings, |limits| limits.with_late(Duration::from_millis(500)))
        });
        let chat = gateway.chat("1");
        for said in ["one", "two"] {
            assert_eq!(chat.hears(said).await, format!("You said: {said}"), "{script}");
        }
        // The turn still runs when the late word of the one before comes.
        let mut running = chat.begin("slow");
        let mut heard = String::new();
        while heard.matches("word").count() < 300 {
            heard.push_str(&running.hears().await);
        }
        assert!(!heard.contains("LATE"), "{script}: {heard}");
        running.cancelled.cancel();
        running.finish(|_| QuestionReply::Expired).await.0.expect("a stop is no failure");
    }
}

#[tokio::test]
async fn an_agent_that_names_all_its_messages_alike_is_heard_all_the_same() {
    let gateway = Gateway::new("one-message");
    let chat = gateway.chat("1");
    for said in ["one", "two", "three"] {
        assert_eq!(chat.hears(said).await, format!("You said: {said}"));
    }
}

#[tokio::test]
async fn the_commands_of_the_agent_are_known_once_it_said_them_and_after_its_end() {
    let gateway = Gateway::new("");
    assert_eq!(gateway.agent.commands(), []);
    gateway.chat("1").hears("hello").await;
    gateway.agent.shutdown().await;
    let commands = gateway.agent.commands();
    assert_eq!(commands, [relay_adapter::AgentCommand::new("compact", "Shortens the context")]);
}
