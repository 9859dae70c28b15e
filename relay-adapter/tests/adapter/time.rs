//! How long a turn may take, and what its chat is told meanwhile.

use std::time::Duration;

use relay_adapter::TurnEnd;
use relay_transport::{LinkState, Outcome};
use relay_wire::Action;
use tokio::time::Instant;

use crate::stub::{Step, StubConnector, delivered, discord, message, sent, start};

const MINUTE: Duration = Duration::from_mins(1);

const STILL: &str = "The agent is still working on this; /stop ends it.";

#[tokio::test(start_paused = true)]
async fn a_turn_is_stopped_after_half_an_hour_and_what_was_said_is_shown() {
    for last in [Step::Hang, Step::Ignore] {
        let script: fn(&str) -> Vec<Step> = match last {
            Step::Hang => |_| vec![Step::Say("I begin."), Step::Hang, Step::Say(" Too late?")],
            _ => |_| vec![Step::Say("I begin."), Step::Ignore],
        };
        let run = start(StubConnector::new(vec![discord()]), script);
        run.receive(&message("1", "x")).await;
        let began = Instant::now();
        assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::AgentFailed)]);
        assert!((30 * MINUTE..=30 * MINUTE + Duration::from_secs(4)).contains(&began.elapsed()));
        let messages = run.connector.messages();
        assert_eq!(messages[..2], [sent("I begin.", r#""1""#), sent(STILL, r#""1""#)]);
        assert_eq!(
            messages.last(),
            Some(&sent("The agent took too long and was stopped.", r#""1""#)),
            "{messages:?}"
        );
        run.receive(&message("2", "/status")).await;
        assert_eq!(run.ends(2).await[1].1, TurnEnd::Command);
    }
}

#[tokio::test(start_paused = true)]
async fn neither_time_runs_while_a_question_waits() {
    let script: fn(&str) -> Vec<Step> =
        |_| vec![Step::Ask, Step::Pause(29 * MINUTE), Step::Ask, Step::Say(" Done.")];
    let run = start(StubConnector::new(vec![discord()]), script);
    run.receive(&message("1", "x")).await;
    let began = Instant::now();
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    assert_eq!(began.elapsed().as_secs() / 60, 59, "two questions of 15 minutes expired");
    let messages = run.connector.messages();
    assert_eq!(messages.iter().filter(|message| message.contains(STILL)).count(), 1, "{messages:?}");
    let typing = run.connector.requests().iter().filter(|request| request.contains("typing")).count();
    assert!((29 * 15..29 * 15 + 4).contains(&typing), "nor does it look as if the agent worked: {typing}");
}

#[tokio::test(start_paused = true)]
async fn a_chat_is_told_once_that_its_agent_still_works() {
    let script: fn(&str) -> Vec<Step> =
        |_| vec![Step::Pause(4 * MINUTE), Step::Tool("ls"), Step::Pause(12 * MINUTE), Step::Say("Done.")];
    let run = start(StubConnector::new(vec![discord()]), script);
    run.receive(&message("1", "x")).await;
    let began = Instant::now();
    run.connector.asked(|requests| requests.iter().any(|request| request.contains(STILL))).await;
    assert_eq!(began.elapsed().as_secs() / 60, 9, "a step of work is a sign of it");
    run.ends(1).await;
    assert_eq!(run.connector.messages().iter().filter(|message| message.contains(STILL)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_ends_the_turn_within_five_seconds_whatever_agent_and_platform_make_of_it() {
    let mut slack = discord();
    slack.typing_persists = Some(true);
    let connector = StubConnector::new(vec![slack])
        .hanging(|action| matches!(action, Action::Typing(typing) if typing.content.is_some()));
    let run =
        start(connector, |text| if text == "next" { vec![Step::Say("ok")] } else { vec![Step::Ignore] });
    run.receive(&message("1", "x")).await;
    run.connector.asked(|requests| !requests.is_empty()).await;
    let began = Instant::now();
    run.receive(&message("2", "/stop")).await;
    run.receive(&message("3", "next")).await;
    run.connector.asked(|requests| requests.contains(&sent("ok", r#""3""#))).await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_waits_for_the_link_is_not_the_agents_time() {
    let connector = StubConnector::new(vec![discord()]).answering(|_, number| match number {
        1 => Outcome::NotSent,
        _ => delivered(number),
    });
    connector.set_state(LinkState::Connecting { attempt: 1 });
    let run = start(connector, |_| vec![Step::Say("the answer")]);
    run.receive(&message("1", "x")).await;
    tokio::time::sleep(50 * MINUTE).await;
    run.connector.set_state(LinkState::Live);
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    assert_eq!(run.connector.messages()[1..], [sent("the answer", r#""1""#)]);
}
