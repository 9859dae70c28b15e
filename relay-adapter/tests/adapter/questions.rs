//! Questions to people: by buttons or by number, answered by whom they are for, and never left open.

use std::sync::Arc;
use std::time::Duration;

use crate::stub::{
    Running, Step, StubConnector, delivered, discord, edited, failed, message, sent, start, start_with,
};
use relay_adapter::{AdapterSettings, Inbox, MemoryInbox, Progress, TurnEnd};
use relay_transport::{LinkState, Outcome};
use relay_wire::{Action, CapabilityDescriptor, PromptNonce};

fn asks(text: &str) -> Vec<Step> {
    match text {
        "secret" => vec![Step::AskSecret],
        "plain" => vec![Step::Say("plain")],
        _ => vec![Step::Ask],
    }
}

/// A platform with buttons.
fn buttons() -> CapabilityDescriptor {
    let ops = ["send", "edit", "typing", "follow_up", "prompt"];
    CapabilityDescriptor { supported_ops: ops.map(Into::into).to_vec(), ..discord() }
}

fn settings() -> AdapterSettings {
    AdapterSettings::default()
        .with_prompt_nonce(PromptNonce::new(0xABC))
        .with_approvers(vec!["discord:boss".to_owned()])
}

fn ask(connector: StubConnector) -> Running {
    start_with(connector, asks, Arc::new(MemoryInbox::default()), settings())
}

async fn asked(run: &Running) {
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("Run this?"))).await;
}

fn event(chat: &str, user: &str, id: &str, text: &str, press: &str) -> String {
    format!(
        r#"{{"text":"{text}","message_id":"{id}","source":{{"platform":"discord","chat_id":"{chat}",
            "chat_type":"channel","scope_id":"g","user_id":"{user}"}}{press}}}"#
    )
}

/// Somebody's press on an option of the first question.
fn press(chat: &str, user: &str, option: &str) -> String {
    let press = format!(r#","prompt_response":{{"prompt_id":"000abc.00000000","option_id":"{option}"}}"#);
    event(chat, user, "", "", &press)
}

const PROMPT: &str = r#"discord/B1 {"op":"prompt","chat_id":"c","content":"Run this?\n```\nrm x\n```","prompt_kind":"approval","prompt_id":"000abc.00000000","options":[{"id":"1","label":"Allow","style":"success"},{"id":"2","label":"Always","style":"secondary"},{"id":"3","label":"Reject","style":"danger"}],"reply_to":"1","timeout_s":900,"metadata":{"guild_id":"g","scope_id":"g"}}"#;

const NUMBERED: &str = r"Run this?\n```\nrm x\n```\n1. Allow\n2. Always\n3. Reject\nAnswer with a number.";

#[tokio::test(start_paused = true)]
async fn a_question_has_buttons_where_there_are_any_and_shows_in_the_end_who_chose_what() {
    let run = ask(StubConnector::new(vec![buttons()]));
    run.receive(&message("1", "do it")).await;
    asked(&run).await;
    run.receive(&press("c", "u", "2")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    assert_eq!(
        run.connector.messages(),
        [
            PROMPT,
            &edited("m1", "Run this?\\n```\\nrm x\\n```\\n\u{2192} Always (u)"),
            &sent("always: an id that is too long for the wire", r#""1""#)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_else_answers_but_an_approver_and_from_that_chat_only() {
    let run = ask(StubConnector::new(vec![buttons()]));
    run.receive(&message("1", "do it")).await;
    asked(&run).await;
    for press in
        [press("c", "stranger", "1"), press("other", "u", "1"), press("c", "u", "9"), press("c", "", "1")]
    {
        run.receive(&press).await;
    }
    tokio::time::sleep(Duration::from_mins(5)).await;
    assert_eq!(run.connector.messages(), [PROMPT], "it is still open");
    run.receive(&press("c", "boss", "3")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    assert_eq!(run.connector.messages()[2], sent("no", r#""1""#));
}

#[tokio::test(start_paused = true)]
async fn a_typed_answer_counts_and_other_messages_wait() {
    for (typed, chosen) in [("1", "allow it"), ("reject", "no"), ("YES", "allow it"), ("/deny", "no")] {
        let run = ask(StubConnector::new(vec![discord()]));
        run.receive(&message("1", "do it")).await;
        asked(&run).await;
        run.receive(&message("2", "plain")).await;
        run.receive(&message("3", typed)).await;
        // A command is done with as such; any other answer is a part of the turn.
        let is_command = typed.starts_with('/');
        let mut ends = run.ends(2 + usize::from(is_command)).await;
        ends.retain(|(id, _)| id != "3");
        assert_eq!(ends, [("1".to_owned(), TurnEnd::Answered), ("2".to_owned(), TurnEnd::Answered)]);
        let messages = run.connector.messages();
        assert_eq!(
            [&messages[0], &messages[2], &messages[3]],
            [&sent(NUMBERED, r#""1""#), &sent(chosen, r#""1""#), &sent("plain", r#""2""#)]
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_platform_that_refuses_its_buttons_is_asked_by_number() {
    let connector = StubConnector::new(vec![buttons()]).answering(|action, number| match action {
        Action::Prompt(_) => failed("no buttons here"),
        _ => delivered(number),
    });
    let run = ask(connector);
    run.receive(&message("1", "do it")).await;
    run.connector.asked(|requests| requests.len() == 2).await;
    run.receive(&message("2", "1")).await;
    run.ends(1).await;
    assert_eq!(run.connector.messages()[..2], [PROMPT.to_owned(), sent(NUMBERED, r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_nobody_answers_expires() {
    let run = ask(StubConnector::new(vec![buttons()]));
    run.receive(&message("1", "do it")).await;
    let begun = tokio::time::Instant::now();
    run.ends(1).await;
    assert_eq!(begun.elapsed().as_secs(), 900);
    let expired = edited("m1", r"Run this?\n```\nrm x\n```\nNobody answered in time.");
    assert_eq!(run.connector.messages()[1..], [expired, sent("Expired", r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_withdraws_the_question_at_once_and_the_next_message_is_no_answer_to_it() {
    let run = ask(StubConnector::new(vec![buttons()]));
    run.receive(&message("1", "do it")).await;
    asked(&run).await;
    let begun = tokio::time::Instant::now();
    run.receive(&message("2", "/stop")).await;
    run.ends(2).await;
    run.receive(&message("3", "plain")).await;
    run.receive(&press("c", "u", "1")).await;
    let ends = run.ends(3).await;
    assert!(ends.contains(&("1".to_owned(), TurnEnd::Interrupted)), "{ends:?}");
    assert_eq!(begun.elapsed(), Duration::ZERO);
    let withdrawn = edited("m1", r"Run this?\n```\nrm x\n```\nNo longer open.");
    let late = sent("This question is no longer open.", "null");
    let messages = run.connector.asked(|requests| requests.contains(&late)).await;
    assert_eq!(messages.len(), 5, "{messages:?}");
    assert_eq!(messages[1..3], [sent("Stopped.", r#""2""#), withdrawn]);
    assert!(messages.contains(&sent("plain", r#""3""#)), "{messages:?}");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_a_lost_link_did_not_take_is_asked_when_the_link_is_back() {
    let connector = StubConnector::new(vec![buttons()])
        .answering(|_, number| if number == 1 { Outcome::NotSent } else { delivered(number) });
    connector.set_state(LinkState::Connecting { attempt: 1 });
    let run = ask(connector);
    run.receive(&message("1", "do it")).await;
    asked(&run).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(run.connector.messages().len(), 1, "not before the link is live");
    run.connector.set_state(LinkState::Live);
    run.connector
        .asked(|requests| requests.iter().filter(|request| request.contains("prompt_id")).count() == 2)
        .await;
    run.receive(&press("c", "u", "1")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
}

#[tokio::test(start_paused = true)]
async fn that_a_chat_may_see_a_question_is_committed_before_it_is_asked_and_a_restart_says_so() {
    let inbox = Arc::new(MemoryInbox::default());
    let run = start_with(
        StubConnector::new(vec![buttons()]),
        asks,
        Arc::clone(&inbox) as Arc<dyn Inbox>,
        settings(),
    );
    run.receive(&message("1", "do it")).await;
    asked(&run).await;
    assert_eq!(inbox.unfinished().await.expect("memory")[0].progress, Progress::InDoubt);
    run.stopped().await;
    let run = start_with(
        StubConnector::new(vec![buttons()]),
        asks,
        Arc::clone(&inbox) as Arc<dyn Inbox>,
        settings(),
    );
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Noticed)]);
    assert!(run.connector.messages().iter().any(|message| message.contains("the answer may lack its end")));
}

/// A gateway that is killed while a question waits, and the next one.
async fn restarted(first: CapabilityDescriptor, next: CapabilityDescriptor) -> Running {
    let inbox = Arc::new(MemoryInbox::default());
    let run =
        start_with(StubConnector::new(vec![first]), asks, Arc::clone(&inbox) as Arc<dyn Inbox>, settings());
    run.receive(&message("1", "do it")).await;
    asked(&run).await;
    let is_noted = async {
        loop {
            let left = inbox.unfinished().await.expect("memory");
            if left[0].question.as_ref().is_some_and(|question| question.message.is_some()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), is_noted).await.expect("the inbox knows of the question");
    let settings = settings().with_prompt_nonce(PromptNonce::new(0xDEF));
    let next = start_with(StubConnector::new(vec![next]), asks, inbox, settings);
    assert_eq!(next.ends(1).await, [("1".to_owned(), TurnEnd::Noticed)]);
    // It lives until here, and says nothing more.
    drop(run);
    next
}

#[tokio::test(start_paused = true)]
async fn a_question_that_a_restart_withdrew_loses_its_buttons_and_a_late_press_is_told_so_once() {
    let run = restarted(buttons(), buttons()).await;
    run.receive(&press("c", "u", "1")).await;
    run.receive(&press("c", "u", "1")).await;
    run.receive(&message("3", "plain")).await;
    run.ends(2).await;
    let messages = run.stopped().await.messages();
    let withdrawn = edited("m1", r"Run this?\n```\nrm x\n```\nWithdrawn: I was restarted.");
    assert!(messages.contains(&withdrawn), "{messages:?}");
    let late = messages.iter().filter(|message| message.contains("This question is no longer open.")).count();
    assert_eq!(late, 1, "{messages:?}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_a_restart_left_wears_no_eye_any_more_and_how_that_ended() {
    let ops = ["send", "edit", "typing", "prompt", "react"];
    let reacting = CapabilityDescriptor { supported_ops: ops.map(Into::into).to_vec(), ..discord() };
    let run = restarted(reacting.clone(), reacting).await;
    let reactions: Vec<_> = run.stopped().await.messages();
    let reactions: Vec<_> = reactions.iter().filter(|message| message.contains(r#""op":"react""#)).collect();
    let [seen, failed] = reactions[..] else { panic!("{reactions:?}") };
    assert!(seen.contains(r#""emoji":"👀","remove":true"#), "{seen}");
    assert!(failed.contains(r#""emoji":"❌","remove":false"#), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_question_that_a_restart_withdrew_is_named_apart_where_messages_cannot_be_edited() {
    let fixed = CapabilityDescriptor { supports_edit: false, ..buttons() };
    let run = restarted(fixed.clone(), fixed).await;
    let messages = run.stopped().await.messages();
    let withdrawn = sent("The question above is withdrawn: I was restarted.", "null");
    assert!(messages.contains(&withdrawn), "{messages:?}");
}

#[tokio::test(start_paused = true)]
async fn a_late_press_on_a_question_that_expired_is_told_so_and_one_on_an_answered_question_is_not() {
    let run = ask(StubConnector::new(vec![buttons()]));
    run.receive(&message("1", "do it")).await;
    run.ends(1).await;
    run.receive(&press("c", "u", "1")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("no longer open"))).await;
    let before = run.stopped().await.messages().len();
    assert_eq!(before, 4, "the question, its end, what came of it, and that");

    let run = ask(StubConnector::new(vec![buttons()]));
    run.receive(&message("1", "do it")).await;
    asked(&run).await;
    run.receive(&press("c", "u", "1")).await;
    run.ends(1).await;
    run.receive(&press("c", "u", "1")).await;
    run.receive(&message("3", "plain")).await;
    run.ends(2).await;
    let messages = run.stopped().await.messages();
    assert!(!messages.iter().any(|message| message.contains("no longer open")), "{messages:?}");
}

#[tokio::test(start_paused = true)]
async fn an_open_question_survives_a_lost_link_and_its_end_is_shown_once_the_link_is_back() {
    let connector = StubConnector::new(vec![buttons()]);
    let run = ask(connector.answering(|action, number| match action {
        Action::Edit(_) if number == 2 => Outcome::NotSent,
        _ => delivered(number),
    }));
    run.receive(&message("1", "do it")).await;
    asked(&run).await;
    run.connector.set_state(LinkState::Connecting { attempt: 1 });
    tokio::time::sleep(Duration::from_mins(1)).await;
    run.receive(&press("c", "u", "1")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("Allow ("))).await;
    run.connector.set_state(LinkState::Live);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    let shown = run.stopped().await.messages();
    let ends = shown.iter().filter(|message| message.contains(r#""op":"edit""#) && message.contains("Allow"));
    assert_eq!(ends.count(), 2, "tried in vain, and again: {shown:?}");
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_never_asked_for() {
    let run = start(StubConnector::new(vec![buttons()]), asks);
    run.receive(&message("1", "secret")).await;
    run.ends(1).await;
    assert_eq!(run.connector.messages(), [sent("Unsupported", r#""1""#)]);
}
