//! What a chat sees of a turn beside its text: work, thoughts, reactions, files, drafts, notices.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{
    AdapterSettings, AgentErrorKind, MediaUpload, MediaUploadError, MemoryInbox, OutputFile, ToolDisplay,
    ToolState, TurnEnd,
};
use relay_transport::Outcome;
use relay_wire::{Action, CapabilityDescriptor};

use crate::stub::{
    Running, Step, StubConnector, delivered, discord, edited, failed, message, sent, sms, start, start_with,
};

/// The Discord of these tests with these ops beside those of the start.
fn with_ops(ops: &[&str]) -> CapabilityDescriptor {
    let all = ["send", "edit", "typing", "follow_up"].iter().chain(ops);
    CapabilityDescriptor { supported_ops: all.map(|op| (*op).to_owned()).collect(), ..discord() }
}

fn drafting() -> CapabilityDescriptor {
    CapabilityDescriptor { supports_draft_streaming: true, ..with_ops(&["draft"]) }
}

fn run(connector: StubConnector, script: fn(&str) -> Vec<Step>, settings: AdapterSettings) -> Running {
    start_with(connector, script, Arc::new(MemoryInbox::default()), settings)
}

/// What is asked of the connector for one message, without typing.
async fn shown(
    connector: StubConnector,
    script: fn(&str) -> Vec<Step>,
    settings: AdapterSettings,
) -> Vec<String> {
    let run = run(connector, script, settings);
    run.receive(&message("1", "x")).await;
    run.ends(1).await;
    run.stopped().await.messages()
}

fn draft(number: i64, content: &str, is_final: bool) -> String {
    let draft_id = 1_348_214_785 + number;
    format!(
        r#"discord/B1 {{"op":"draft","chat_id":"c","draft_id":{draft_id},"content":"{content}","final":{is_final},"metadata":{{"guild_id":"g","scope_id":"g"}}}}"#
    )
}

fn react(emoji: &str, remove: bool) -> String {
    format!(
        r#"discord/B1 {{"op":"react","chat_id":"c","message_id":"1","emoji":"{emoji}","remove":{remove},"metadata":{{"guild_id":"g","scope_id":"g"}}}}"#
    )
}

const SECOND: Duration = Duration::from_secs(1);

fn works(_: &str) -> Vec<Step> {
    vec![
        Step::Plan("look around"),
        Step::Work("ls", ToolState::Running),
        Step::Pause(5 * SECOND),
        Step::Work("ls", ToolState::Done),
        Step::Work("rm", ToolState::Running),
        Step::Pause(5 * SECOND),
        Step::Say("done"),
    ]
}

#[tokio::test(start_paused = true)]
async fn the_work_of_a_turn_is_one_message_that_is_edited() {
    let messages = shown(StubConnector::new(vec![discord()]), works, AdapterSettings::default()).await;
    assert_eq!(
        messages,
        [
            sent(r"▸ look around\n▸ ls", "null"),
            edited("m1", r"▸ look around\n✓ ls\n▸ rm"),
            sent("done", r#""1""#),
            edited("m1", r"▸ look around\n✓ ls\n✓ rm"),
        ]
    );
    let full = AdapterSettings::default().with_tools(ToolDisplay::Full);
    let messages = shown(StubConnector::new(vec![discord()]), works, full).await;
    assert_eq!(messages[0], sent(r"▸ look around\n▸ ls\n   rm x", "null"));
}

#[tokio::test(start_paused = true)]
async fn no_work_is_shown_where_nobody_wants_it_or_messages_cannot_be_edited() {
    let off = AdapterSettings::default().with_tools(ToolDisplay::Off);
    assert_eq!(shown(StubConnector::new(vec![discord()]), works, off).await, [sent("done", r#""1""#)]);
    let fixed = CapabilityDescriptor { supports_edit: false, ..discord() };
    let messages = shown(StubConnector::new(vec![fixed]), works, AdapterSettings::default()).await;
    assert_eq!(messages, [sent("done", r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn a_status_message_that_the_chat_refuses_disturbs_no_answer() {
    let connector = StubConnector::new(vec![discord()]).answering(|action, number| match action {
        Action::Send(send) if send.content.contains('▸') => failed("no"),
        _ => delivered(number),
    });
    let messages = shown(connector, works, AdapterSettings::default()).await;
    assert_eq!(messages.last(), Some(&sent("done", r#""1""#)));
}

#[tokio::test(start_paused = true)]
async fn the_status_message_of_a_turn_that_is_stopped_says_so() {
    let run = start(StubConnector::new(vec![discord()]), |_| {
        vec![Step::Work("ls", ToolState::Running), Step::Hang]
    });
    run.receive(&message("1", "x")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("▸ ls"))).await;
    run.interrupt("agent:main:discord:channel:c:u").await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Interrupted)]);
    assert_eq!(run.stopped().await.messages()[1..], [edited("m1", "✗ ls")]);
}

fn thinks(_: &str) -> Vec<Step> {
    vec![
        Step::Think("hm,"),
        Step::Think(" so\nthat"),
        Step::Say("Yes."),
        Step::Think("good"),
        Step::Say("Bye."),
    ]
}

#[tokio::test(start_paused = true)]
async fn thoughts_are_shown_as_quotations_where_they_are_wanted() {
    let connector = || StubConnector::new(vec![discord()]);
    assert_eq!(shown(connector(), thinks, AdapterSettings::default()).await, [sent("Yes.Bye.", r#""1""#)]);
    let settings = AdapterSettings::default().with_thoughts(true);
    assert_eq!(
        shown(connector(), thinks, settings).await,
        [sent(r"> hm, so\n> that\n\nYes.\n\n> good\n\nBye.", r#""1""#)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_wears_an_eye_while_it_is_answered_and_then_how_that_ended() {
    let script: fn(&str) -> Vec<Step> = |text| match text {
        "fail" => vec![Step::Fail(AgentErrorKind::Busy)],
        "hang" => vec![Step::Hang],
        _ => vec![Step::Pause(SECOND), Step::React("🔥"), Step::Say("ok")],
    };
    for (text, last) in [("say", Some("✅")), ("fail", Some("❌")), ("hang", None)] {
        let run = start(StubConnector::new(vec![with_ops(&["react"])]), script);
        run.receive(&message("1", text)).await;
        run.connector.asked(|requests| !requests.is_empty()).await;
        run.interrupt(if text == "hang" { "agent:main:discord:channel:c:u" } else { "none" }).await;
        run.ends(1).await;
        let reactions: Vec<_> = run.stopped().await.messages();
        let reactions: Vec<_> =
            reactions.iter().filter(|request| request.contains("react")).cloned().collect();
        let mut expected = vec![react("👀", false)];
        expected.extend((text == "say").then(|| react("🔥", false)));
        expected.push(react("👀", true));
        expected.extend(last.map(|last| react(last, false)));
        assert_eq!(reactions, expected, "{text}");
    }
    let off = AdapterSettings::default().with_reactions(false);
    let messages =
        shown(StubConnector::new(vec![with_ops(&["react"])]), |_| vec![Step::Say("ok")], off).await;
    assert_eq!(messages, [sent("ok", r#""1""#)]);
}

#[tokio::test(start_paused = true)]
async fn a_platform_without_that_emoji_gets_a_thumb() {
    let connector = StubConnector::new(vec![with_ops(&["react"])]).answering(|action, number| match action {
        Action::React(react) if react.emoji == "✅" => failed("no such reaction here"),
        _ => delivered(number),
    });
    let messages = shown(connector, |_| vec![Step::Say("ok")], AdapterSettings::default()).await;
    assert_eq!(messages[2..], [react("👀", true), react("✅", false), react("👍", false)]);
}

fn grows(_: &str) -> Vec<Step> {
    vec![
        Step::Say("one"),
        Step::Pause(3 * SECOND),
        Step::Say(" two"),
        Step::Pause(3 * SECOND),
        Step::Say(" three"),
    ]
}

#[tokio::test(start_paused = true)]
async fn where_there_are_drafts_an_answer_grows_as_one_and_becomes_a_message() {
    let messages = shown(StubConnector::new(vec![drafting()]), grows, AdapterSettings::default()).await;
    assert_eq!(
        messages,
        [draft(0, "one", false), draft(0, "one two", false), draft(0, "one two three", true)]
    );
}

#[tokio::test(start_paused = true)]
async fn a_draft_that_shows_everything_is_made_a_message_and_a_long_answer_is_several() {
    let script: fn(&str) -> Vec<Step> = |_| vec![Step::Say("all of it"), Step::Pause(3 * SECOND)];
    let messages = shown(StubConnector::new(vec![drafting()]), script, AdapterSettings::default()).await;
    assert_eq!(messages, [draft(0, "all of it", false), draft(0, "all of it", true)]);
    let short = CapabilityDescriptor { max_message_length: 8, ..drafting() };
    let messages = shown(StubConnector::new(vec![short]), grows, AdapterSettings::default()).await;
    assert_eq!(
        messages,
        [
            draft(0, "one", false),
            draft(0, "one two", false),
            draft(0, "one two", true),
            draft(1, "three", true)
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_refuses_drafts_gets_messages() {
    let connector = StubConnector::new(vec![drafting()]).answering(|action, number| match action {
        Action::Draft(_) => failed("drafts are for private chats"),
        _ => delivered(number),
    });
    let messages = shown(connector, grows, AdapterSettings::default()).await;
    assert_eq!(
        messages,
        [
            draft(0, "one", false),
            sent("one", r#""1""#),
            edited("m2", "one two"),
            edited("m2", "one two three")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_draft_of_which_nobody_knows_is_settled_by_the_next_one() {
    let connector = StubConnector::new(vec![drafting()]).answering(|action, number| match action {
        Action::Draft(draft) if !draft.is_final => Outcome::Unknown,
        _ => delivered(number),
    });
    let run = start(connector, grows);
    run.receive(&message("1", "x")).await;
    assert_eq!(run.ends(1).await, [("1".to_owned(), TurnEnd::Answered)]);
}

/// Uploads to nowhere, or fails.
struct Uploads(bool);

impl MediaUpload for Uploads {
    fn upload<'a>(&'a self, _: &'a OutputFile) -> BoxFuture<'a, Result<String, MediaUploadError>> {
        let works = self.0;
        async move {
            let url = "https://relay.example/relay/media/1".to_owned();
            if works { Ok(url) } else { Err(MediaUploadError::new("too large")) }
        }
        .boxed()
    }
}

fn sends_a_file(_: &str) -> Vec<Step> {
    vec![Step::Say("Look:"), Step::File, Step::Say("That was it.")]
}

#[tokio::test(start_paused = true)]
async fn a_file_stands_where_it_was_sent() {
    let settings = AdapterSettings::default().with_media(Some(Arc::new(Uploads(true))));
    let messages = shown(StubConnector::new(vec![with_ops(&["send_media"])]), sends_a_file, settings).await;
    let media = r#"discord/B1 {"op":"send_media","chat_id":"c","media_kind":"image","source_url":"https://relay.example/relay/media/1","content":"a picture","reply_to":null,"filename":"a.png","metadata":{"guild_id":"g","scope_id":"g"}}"#;
    assert_eq!(messages, [sent("Look:", r#""1""#), media.to_owned(), sent("That was it.", "null")]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_sent_is_named() {
    let named = |remark: &str| sent(&format!(r"📎 a.png{remark}\na picture\n\nThat was it."), "null");
    let messages = shown(StubConnector::new(vec![discord()]), sends_a_file, AdapterSettings::default()).await;
    assert_eq!(messages, [sent("Look:", r#""1""#), named("")]);
    let settings = AdapterSettings::default().with_media(Some(Arc::new(Uploads(false))));
    let messages = shown(StubConnector::new(vec![with_ops(&["send_media"])]), sends_a_file, settings).await;
    assert_eq!(messages, [sent("Look:", r#""1""#), named(" (it could not be sent)")]);
}

#[tokio::test(start_paused = true)]
async fn a_question_comes_after_all_that_was_said_before_it() {
    let run = start(StubConnector::new(vec![discord()]), |_| {
        vec![Step::Say("I would do this:"), Step::Ask, Step::Say(" Done.")]
    });
    run.receive(&message("1", "x")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("Run this?"))).await;
    run.receive(&message("2", "1")).await;
    run.ends(1).await;
    let messages = run.connector.messages();
    assert_eq!(messages[0], sent("I would do this:", r#""1""#));
    assert!(messages[1].contains("Run this?") && messages[2].contains("Allow (u)"), "{messages:?}");
    assert_eq!(messages[3..], [sent("allow it Done.", "null")]);
}

#[tokio::test(start_paused = true)]
async fn where_messages_cannot_be_edited_a_notice_is_sent_at_once() {
    let run = start(StubConnector::new(vec![sms()]), |_| vec![Step::Notice("Starting."), Step::Hang]);
    run.receive(r#"{"text":"x","message_id":"1","source":{"platform":"sms","chat_id":"c","user_id":"u"}}"#)
        .await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("Starting."))).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_a_limit_of_the_agent_cut_short_says_so() {
    let script: fn(&str) -> Vec<Step> = |_| vec![Step::Say("Once upon a"), Step::Limit];
    let messages = shown(StubConnector::new(vec![discord()]), script, AdapterSettings::default()).await;
    let cut = "The answer ends here: the agent reached a limit of its own.";
    assert_eq!(messages, [sent("Once upon a", r#""1""#), sent(cut, r#""1""#)]);
}
