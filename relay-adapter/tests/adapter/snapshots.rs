//! One turn as six platforms see it: everything that is asked of the connector, in order.
//!
//! `RELAY_SNAPSHOTS=write` writes what the code does now into `snapshots/`; look at the difference before you keep it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{
    AdapterSettings, AgentErrorKind, MediaUpload, MediaUploadError, MemoryInbox, OutputFile, ToolState,
};
use relay_wire::{CapabilityDescriptor, LenUnit, PromptNonce};

use crate::stub::{Step, StubConnector, start_with};

/// Uploads to one place.
struct Uploads;

impl MediaUpload for Uploads {
    fn upload<'a>(&'a self, _: &'a OutputFile) -> BoxFuture<'a, Result<String, MediaUploadError>> {
        async { Ok("https://relay.example/relay/media/1".to_owned()) }.boxed()
    }
}

/// Text, tools, a question, a file, an error.
fn turn(_: &str) -> Vec<Step> {
    let second = Duration::from_secs(1);
    vec![
        Step::Plan("clean up"),
        Step::Think("Which files are junk?"),
        Step::Say("I look around."),
        Step::Act,
        Step::Work("ls", ToolState::Running),
        Step::Pause(2 * second),
        Step::Work("ls", ToolState::Done),
        Step::Work("rm x", ToolState::Pending),
        Step::Say("There is junk."),
        Step::Pause(2 * second),
        Step::Ask,
        Step::Work("rm x", ToolState::Done),
        Step::Pause(2 * second),
        Step::Say("So it went."),
        Step::File,
        Step::Uses(11),
        Step::Say("And then"),
        Step::Pause(2 * second),
        Step::Fail(AgentErrorKind::Busy),
    ]
}

/// What is asked of a platform, one action a line.
async fn asked(descriptor: CapabilityDescriptor) -> String {
    let platform = descriptor.platform.clone();
    let has_buttons = descriptor.supports(relay_wire::Op::Prompt);
    let settings = AdapterSettings::default()
        .with_prompt_nonce(PromptNonce::new(0xABC))
        .with_media(Some(Arc::new(Uploads)));
    let run =
        start_with(StubConnector::new(vec![descriptor]), turn, Arc::new(MemoryInbox::default()), settings);
    let event = |id: &str, text: &str, press: &str| {
        format!(
            r#"{{"text":"{text}","message_id":"{id}","source":{{"platform":"{platform}","chat_id":"c",
                "chat_type":"dm","user_id":"u","user_name":"ann"}}{press}}}"#
        )
    };
    run.receive(&event("1", "clean up", "")).await;
    run.connector.asked(|requests| requests.iter().any(|request| request.contains("Run this?"))).await;
    if has_buttons {
        let press = r#","prompt_response":{"prompt_id":"000abc.00000000","option_id":"1"}"#;
        run.receive(&event("2", "", press)).await;
    } else {
        run.receive(&event("2", "1", "")).await;
    }
    run.ends(1).await;
    let mut lines = run.stopped().await.requests().join("\n");
    lines.push('\n');
    lines
}

async fn check(name: &str, descriptor: CapabilityDescriptor) {
    let asked = asked(descriptor).await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/adapter/snapshots").join(name);
    if std::env::var("RELAY_SNAPSHOTS").is_ok_and(|what| what == "write") {
        return std::fs::write(path, asked).expect("the snapshot can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(asked, expected, "{name} differs; RELAY_SNAPSHOTS=write keeps what is new");
}

fn platform(name: &str, ops: &[&str]) -> CapabilityDescriptor {
    CapabilityDescriptor {
        platform: name.into(),
        supports_edit: true,
        markdown_dialect: name.into(),
        supported_ops: ops.iter().map(|op| (*op).to_owned()).collect(),
        ..CapabilityDescriptor::default()
    }
}

#[tokio::test(start_paused = true)]
async fn discord() {
    let ops = ["send", "edit", "delete", "typing", "follow_up", "send_media", "prompt", "react"];
    let discord = CapabilityDescriptor {
        max_message_length: 2000,
        len_unit: LenUnit::Utf16,
        ..platform("discord", &ops)
    };
    check("discord.txt", discord).await;
}

#[tokio::test(start_paused = true)]
async fn telegram() {
    let ops = ["send", "edit", "typing", "send_media", "prompt", "react", "draft"];
    let telegram = CapabilityDescriptor {
        len_unit: LenUnit::Utf16,
        supports_draft_streaming: true,
        ..platform("telegram", &ops)
    };
    check("telegram.txt", telegram).await;
}

#[tokio::test(start_paused = true)]
async fn slack() {
    let ops = ["send", "edit", "typing", "send_media", "prompt", "react"];
    check("slack.txt", platform("slack", &ops)).await;
}

#[tokio::test(start_paused = true)]
async fn a_platform_with_cards() {
    let ops = ["send", "edit", "typing", "send_media", "prompt", "react", "task_card", "task_card_stop"];
    check("slack_cards.txt", platform("slack", &ops)).await;
}

#[tokio::test(start_paused = true)]
async fn a_platform_without_edits() {
    let sms = CapabilityDescriptor {
        supports_edit: false,
        markdown_dialect: "plain".into(),
        max_message_length: 160,
        ..platform("sms", &["send"])
    };
    check("sms.txt", sms).await;
}

#[tokio::test(start_paused = true)]
async fn a_platform_without_prompts() {
    check("matrix.txt", platform("matrix", &[])).await;
}
