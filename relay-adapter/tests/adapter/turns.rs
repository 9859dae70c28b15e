//! From a delivery to messages in a chat, against a connector in memory and with time standing still.

use std::time::Duration;

use crate::stub::{Step, StubConnector, delivered, discord, edited, failed, message, sent, sms, start};
use relay_adapter::{AgentErrorKind, TurnEnd};
use relay_transport::{LinkState, Outcome};
use relay_wire::{Action, ActionResult, CapabilityDescriptor};
use tokio::time::{Instant, advance};

const CUT_OFF: &str =
    "I was cut off while I answered this; the answer may lack its end. Please ask again if it does.";

#[tokio::test(start_paused = true)]
async fn a_message_is_answered_with_its_scope_as_a_reply_to_it() {
    let run = start(StubConnector::new(vec![discord()]), |_| vec![Step::Say("hello "), Step::Say("you")]);
    run.receive(&message("1", "hi")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    assert_eq!(run.connector.requests(), [sent("hello you", r#""1""#)], "a quick answer is one message");
}

#[tokio::test(start_paused = true)]
async fn a_quick_answer_waits_for_no_timer_not_even_for_its_next_tick() {
    let run = start(StubConnector::new(vec![discord()]), |_| vec![Step::Say("hello")]);
    advance(Duration::from_micros(300)).await;
    let before = Instant::now();
    run.receive(&message("1", "hi")).await;
    run.ends(1).await;
    assert_eq!(before.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_appears_early_and_grows_by_paced_edits() {
    let run = start(StubConnector::new(vec![discord()]), |_| {
        let mut steps = vec![Step::Say("one")];
        for word in [" two", " three", " four"] {
            steps.extend([Step::Pause(Duration::from_millis(400)), Step::Say(word)]);
        }
        steps
    });
    run.receive(&message("1", "count")).await;
    run.ends(1).await;
    assert_eq!(
        run.connector.messages(),
        [sent("one", r#""1""#), edited("m1", "one two three"), edited("m1", "one two three four"),],
        "150 ms after the first text, then once a second, then the end at once"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_full_takes_back_nothing_of_what_it_shows() {
    let short = CapabilityDescriptor { max_message_length: 20, ..discord() };
    let run = start(StubConnector::new(vec![short]), |_| {
        vec![Step::Say("one two six\n\nabcd"), Step::Pause(Duration::from_secs(5)), Step::Say(" efgh")]
    });
    run.receive(&message("1", "x")).await;
    run.ends(1).await;
    assert_eq!(
        run.connector.messages(),
        [sent(r"one two six\n\nabcd", r#""1""#), edited("m1", r"one two six\n\nabcd"), sent("efgh", "null"),],
        "a paragraph would be the better end, but `abcd` is shown"
    );
}

#[tokio::test(start_paused = true)]
async fn where_messages_cannot_be_edited_the_answer_comes_whole_and_in_pieces_that_fit() {
    let run = start(StubConnector::new(vec![sms()]), |_| {
        vec![Step::Say("one two three four"), Step::Pause(Duration::from_mins(1)), Step::Say(" five six")]
    });
    run.receive(r#"{"text":"x","message_id":"1","source":{"platform":"sms","chat_id":"c","user_id":"u"}}"#)
        .await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    assert_eq!(
        run.connector.messages(),
        [
            r#"sms/ {"op":"send","chat_id":"c","content":"one two three four","reply_to":"1","metadata":{"user_id":"u"}}"#,
            r#"sms/ {"op":"send","chat_id":"c","content":"five six","reply_to":null,"metadata":{"user_id":"u"}}"#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn typing_is_kept_alive_while_the_agent_works_and_a_quick_answer_shows_none() {
    let run = start(StubConnector::new(vec![discord()]), |_| {
        vec![Step::Pause(Duration::from_secs(9)), Step::Say("done")]
    });
    run.receive(&message("1", "work")).await;
    run.ends(1).await;
    let typing = r#"discord/B1 {"op":"typing","chat_id":"c","metadata":{"guild_id":"g","scope_id":"g"}}"#;
    assert_eq!(
        run.connector.requests(),
        [typing, typing, typing, &sent("done", r#""1""#)],
        "at 0.25, 4.25 and 8.25 s"
    );
}

#[tokio::test(start_paused = true)]
async fn an_agent_that_says_nothing_leaves_the_chat_alone() {
    let run = start(StubConnector::new(vec![discord()]), |_| vec![Step::Say(" \n")]);
    run.receive(&message("1", "psst")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Silent)]);
    assert_eq!(run.connector.requests(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_agent_is_reported_to_the_chat_in_one_line_and_a_crashing_one_spares_its_neighbours() {
    let run = start(StubConnector::new(vec![discord()]), |text| match text {
        "fail" => vec![Step::Say("I was"), Step::Fail(AgentErrorKind::Other)],
        "crash" => vec![Step::Panic],
        _ => vec![Step::Say("fine")],
    });
    for (id, text) in [("1", "fail"), ("2", "crash"), ("3", "go on")] {
        run.receive(&message(id, text)).await;
    }
    let ends: Vec<_> = run.ends(3).await.into_iter().map(|(_, end)| end).collect();
    assert_eq!(ends, [TurnEnd::AgentFailed, TurnEnd::AgentFailed, TurnEnd::Answered]);
    assert_eq!(
        run.connector.messages(),
        [
            sent("I was", r#""1""#),
            sent("The agent failed; please try again.", r#""1""#),
            sent("The agent crashed; please ask again.", r#""2""#),
            sent("fine", r#""3""#),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_declined_answer_is_not_said_again_by_any_op() {
    let connector = StubConnector::new(vec![discord()]).answering(|_, _| {
        Outcome::Declined(ActionResult { code: Some("egress_declined".into()), ..ActionResult::default() })
    });
    let run =
        start(connector, |_| vec![Step::Say("one"), Step::Pause(Duration::from_secs(30)), Step::Say("two")]);
    run.receive(&message("1", "x")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::NotDelivered)]);
    assert_eq!(run.connector.messages(), [sent("one", r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_said_is_not_said_again_and_the_rest_follows() {
    let connector = StubConnector::new(vec![discord()])
        .answering(|_, number| if number == 1 { Outcome::Unknown } else { delivered(number) });
    let run =
        start(connector, |_| vec![Step::Say("one"), Step::Pause(Duration::from_secs(3)), Step::Say(" two")]);
    run.receive(&message("1", "x")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Noticed)], "in doubt is not delivered");
    assert_eq!(
        run.connector.messages(),
        [sent("one", r#""1""#), sent(" two", "null"), sent(CUT_OFF, r#""1""#)]
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_lost_connection_leaves_in_doubt_is_followed_by_one_notice_when_the_link_is_back() {
    let connector = StubConnector::new(vec![discord()]).answering(|_, _| Outcome::Unknown);
    connector.set_state(LinkState::Connecting { attempt: 1 });
    let run = start(connector, |_| vec![Step::Say("lost")]);
    run.receive(&message("1", "x")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("lost"))).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(run.connector.messages().len(), 1, "not before the link is live");
    run.connector.set_state(LinkState::Live);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Noticed)]);
    assert_eq!(
        run.connector.messages(),
        [sent("lost", r#""1""#), sent(CUT_OFF, r#""1""#)],
        "a notice that is in doubt itself is not followed by another"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_is_sent_when_the_link_is_back() {
    let connector = StubConnector::new(vec![discord()])
        .answering(|_, number| if number == 1 { Outcome::NotSent } else { delivered(number) });
    connector.set_state(LinkState::Connecting { attempt: 1 });
    let run = start(connector, |_| vec![Step::Say("late")]);
    run.receive(&message("1", "x")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("late"))).await;
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(run.connector.messages().len(), 1, "not before the link is live");
    run.connector.set_state(LinkState::Live);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    assert_eq!(run.connector.messages(), [sent("late", r#""1""#), sent("late", r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_edit_is_retried_more_slowly_and_what_it_could_not_show_goes_into_a_new_message() {
    let connector = StubConnector::new(vec![discord()]).answering(|action, number| match action {
        Action::Edit(_) => failed("message too old"),
        _ => delivered(number),
    });
    let run = start(connector, |_| {
        vec![Step::Say("one"), Step::Pause(Duration::from_millis(500)), Step::Say(" two")]
    });
    run.receive(&message("1", "x")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    let messages = run.connector.messages();
    assert_eq!(messages[0], sent("one", r#""1""#));
    assert_eq!(messages[1..6], [const { "" }; 5].map(|_| edited("m1", "one two")));
    assert_eq!(messages[6..], [sent(" two", "null")]);
}

#[tokio::test(start_paused = true)]
async fn a_send_that_the_platform_never_takes_is_given_up() {
    let connector = StubConnector::new(vec![discord()]).answering(|_, _| failed("rate limited"));
    let run = start(connector, |_| vec![Step::Say("one")]);
    run.receive(&message("1", "x")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::NotDelivered)]);
    assert_eq!(run.connector.messages().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_notice_is_a_paragraph_of_its_own_in_the_answer() {
    let run = start(StubConnector::new(vec![discord()]), |_| {
        vec![
            Step::Notice("I forgot what came before."),
            Step::SayIn("a", "Hello"),
            Step::SayIn("a", " again."),
        ]
    });
    run.receive(&message("1", "x")).await;
    run.ends(1).await;
    assert_eq!(run.connector.messages(), [sent(r"I forgot what came before.\n\nHello again.", r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn another_message_of_the_agent_and_text_after_a_step_of_work_begin_a_paragraph() {
    let run = start(StubConnector::new(vec![discord()]), |_| {
        vec![
            Step::SayIn("a", "I look"),
            Step::SayIn("a", " it up."),
            Step::Tool("search"),
            Step::SayIn("a", "\nFound"),
            Step::SayIn("a", " it."),
            Step::SayIn("b", "Here it is."),
        ]
    });
    run.receive(&message("1", "x")).await;
    run.ends(1).await;
    assert_eq!(run.connector.messages(), [sent(r"I look it up.\n\nFound it.\n\nHere it is.", r#""1""#)]);
}
