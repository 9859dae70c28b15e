//! Questions of the agent, as people and settings answer them.

use relay_acp::Permissions;
use relay_adapter::{Question, QuestionKind, QuestionReply};

use crate::chat::Gateway;

fn choose(label: &'static str) -> impl FnMut(&Question) -> QuestionReply {
    move |question| {
        let option = question.options.iter().find(|option| option.label == label).expect("it is there");
        QuestionReply::Chosen { option: option.id.clone(), by: None }
    }
}

#[tokio::test]
async fn what_people_choose_is_what_the_agent_gets() {
    let gateway = Gateway::new("");
    let chat = gateway.chat("1");
    let (_, shown) = chat.answers("ask", choose("Always")).await;
    assert_eq!(shown.text, "outcome proceed_always_and_this_id_is_longer_than_32");
    assert_eq!(shown.questions[0].kind, QuestionKind::Permission);
    assert_eq!(shown.questions[0].title, "May the agent do this? Run a command");
    assert_eq!(shown.questions[0].body.as_deref(), Some("rm -rf junk"));
    assert!(shown.questions[0].options.iter().all(|option| option.id.len() <= 32));
    let (_, shown) = chat.answers("ask", choose("No")).await;
    assert_eq!(shown.text, "outcome no");
}

#[tokio::test]
async fn nobody_answers_is_a_refusal() {
    let gateway = Gateway::new("");
    let (_, shown) = gateway.chat("1").says("ask").await;
    assert_eq!(shown.text, "outcome no");
}

#[tokio::test]
async fn a_question_with_nothing_but_the_tools_id_says_what_was_announced() {
    let gateway = Gateway::new("");
    let (_, shown) = gateway.chat("1").answers("ask-by-id", choose("Once")).await;
    assert_eq!(shown.questions[0].body.as_deref(), Some("rm -rf junk"));
    assert_eq!(shown.text, "outcome proceed_once");
}

#[tokio::test]
async fn acting_is_recorded_before_the_agent_may() {
    let gateway = Gateway::new("");
    let (_, shown) = gateway.chat("1").answers("ask", choose("Once")).await;
    let first = |kind: &str| shown.order.iter().position(|other| *other == kind).expect("it happened");
    assert!(first("acted") < first("tool") && first("acted") < first("text"), "{:?}", shown.order);
    let grant = shown.order.iter().rposition(|kind| *kind == "acted").expect("it happened");
    assert!(grant > first("ask"), "the granted permission is recorded too: {:?}", shown.order);
}

#[tokio::test]
async fn ten_questions_at_once_are_asked_one_after_the_other() {
    let gateway = Gateway::new("");
    let (ended, shown) = gateway.chat("1").answers("ask-10", choose("Once")).await;
    ended.expect("it ends well");
    assert_eq!(shown.questions.len(), 10);
    assert_eq!(shown.text, ["proceed_once"; 10].join(","));
}

#[tokio::test]
async fn a_stop_answers_all_ten() {
    let gateway = Gateway::new("loads");
    let chat = gateway.chat("1");
    let mut running = chat.begin("ask-10");
    let (_, _reply) = running.is_asked().await;
    running.cancelled.cancel();
    running.finish(|_| QuestionReply::Expired).await.0.expect("a stop is no failure");
    assert_eq!(chat.hears("hello").await, "You said: hello");
    assert_eq!(gateway.log().matches(r#""outcome":"cancelled""#).count(), 10);
}

#[tokio::test]
async fn settings_answer_what_they_allow() {
    let gateway = Gateway::with("", |settings| settings.with_permissions(Permissions::AllowAll));
    let (_, shown) = gateway.chat("1").says("ask").await;
    assert_eq!((shown.text.as_str(), shown.questions.len()), ("outcome proceed_once", 0));
    let gateway = Gateway::with("", |settings| settings.with_permissions(Permissions::AllowReads));
    let (_, shown) = gateway.chat("1").says("ask").await;
    assert_eq!((shown.text.as_str(), shown.questions.len()), ("outcome no", 1), "running is no reading");
}

#[tokio::test]
async fn a_form_is_filled_in() {
    let gateway = Gateway::new("");
    let (_, shown) = gateway.chat("1").answers("form", choose("blue")).await;
    assert_eq!(shown.text, r#"{"action":"accept","content":{"colour":"blue"}}"#);
    assert!(gateway.log().contains(r#""elicitation":{"form":{}}"#), "it is offered: {}", gateway.log());
    assert!(gateway.log().contains(r#""notices":{}"#));
}
