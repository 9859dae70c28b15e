//! The card that shows a turn's work, on platforms that have cards.

use std::sync::Arc;
use std::time::Duration;

use relay_adapter::{AdapterSettings, MemoryInbox, ToolDisplay, ToolState, TurnEnd};
use relay_transport::Outcome;
use relay_wire::{Action, CapabilityDescriptor};

use crate::stub::{
    Running, Step, StubConnector, delivered, discord, edited, failed, message, sent, start_with,
};

fn with_cards() -> CapabilityDescriptor {
    let ops = ["send", "edit", "typing", "task_card", "task_card_stop"];
    CapabilityDescriptor { supported_ops: ops.map(Into::into).to_vec(), ..discord() }
}

fn run(connector: StubConnector, tools: ToolDisplay) -> Running {
    let settings = AdapterSettings::default().with_tools(tools);
    start_with(connector, works, Arc::new(MemoryInbox::default()), settings)
}

fn works(text: &str) -> Vec<Step> {
    let begin = [Step::Plan("look around"), Step::Work("ls", ToolState::Running)];
    let pause = Step::Pause(Duration::from_secs(5));
    let steps = match text {
        "hang" => vec![Step::Hang],
        _ => vec![
            pause.clone(),
            Step::Work("ls", ToolState::Done),
            Step::Work("rm", ToolState::Running),
            pause,
            Step::Say("done"),
        ],
    };
    begin.into_iter().chain(steps).collect()
}

const METADATA: &str = r#""metadata":{"guild_id":"g","scope_id":"g","thread_ts":"1"}"#;

fn card(chunks: &str) -> String {
    format!(
        r#"discord/B1 {{"op":"task_card","chat_id":"c","card_id":"turn-1348214785","chunks":[{chunks}],{METADATA}}}"#
    )
}

fn end() -> String {
    format!(r#"discord/B1 {{"op":"task_card_stop","chat_id":"c","card_id":"turn-1348214785",{METADATA}}}"#)
}

fn chunk(id: &str, title: &str, status: &str) -> String {
    format!(r#"{{"id":"{id}","title":"{title}","status":"{status}"}}"#)
}

fn begun() -> String {
    let (plan, step) = (chunk("plan-1", "look around", "in_progress"), chunk("step-1", "ls", "in_progress"));
    format!("{plan},{step}")
}

fn further() -> String {
    format!("{},{}", chunk("step-1", "ls", "complete"), chunk("step-2", "rm", "in_progress"))
}

async fn shown(connector: StubConnector, tools: ToolDisplay) -> Vec<String> {
    let run = run(connector, tools);
    run.receive(&message("1", "x")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
    run.stopped().await.messages()
}

#[tokio::test(start_paused = true)]
async fn the_steps_of_a_turn_are_one_card_that_gets_what_is_new_and_is_ended() {
    assert_eq!(
        shown(StubConnector::new(vec![with_cards()]), ToolDisplay::Brief).await,
        [
            card(&begun()),
            card(&further()),
            sent("done", r#""1""#),
            card(&chunk("step-2", "rm", "complete")),
            end(),
        ]
    );
    let full = shown(StubConnector::new(vec![with_cards()]), ToolDisplay::Full).await;
    assert!(full[0].contains(r#""status":"in_progress","details":"rm x"}"#), "{}", full[0]);
    let off = shown(StubConnector::new(vec![with_cards()]), ToolDisplay::Off).await;
    assert_eq!(off, [sent("done", r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_refuses_its_card_gets_a_message_that_is_edited() {
    let connector = || {
        StubConnector::new(vec![with_cards()]).answering(|action, number| match action {
            Action::TaskCard(_) => failed("unsupported"),
            _ => delivered(number),
        })
    };
    let messages = shown(connector(), ToolDisplay::Brief).await;
    assert_eq!(
        messages,
        [
            card(&begun()),
            sent(r"▸ look around\n▸ ls", "null"),
            edited("m2", r"▸ look around\n✓ ls\n▸ rm"),
            sent("done", r#""1""#),
            edited("m2", r"▸ look around\n✓ ls\n✓ rm"),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_step_of_which_nobody_knows_whether_it_is_shown_is_sent_again_with_the_next() {
    let connector = StubConnector::new(vec![with_cards()]).answering(|action, number| match action {
        Action::TaskCard(_) if number == 1 => Outcome::Unknown,
        _ => delivered(number),
    });
    let messages = shown(connector, ToolDisplay::Brief).await;
    let all = format!("{},{}", chunk("plan-1", "look around", "in_progress"), further());
    assert_eq!(messages[..2], [card(&begun()), card(&all)]);
    assert_eq!(messages.last(), Some(&end()));
}

#[tokio::test(start_paused = true)]
async fn the_card_of_a_turn_that_is_stopped_says_so_and_is_ended() {
    let run = run(StubConnector::new(vec![with_cards()]), ToolDisplay::Brief);
    run.receive(&message("1", "hang")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("task_card"))).await;
    run.interrupt("agent:main:discord:channel:c:u").await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Interrupted)]);
    assert_eq!(
        run.stopped().await.messages(),
        [card(&begun()), card(&chunk("step-1", "ls", "error")), end(),]
    );
}
