//! What an agent that pours out all it can costs the gateway: less than 50 MiB above rest. In a program of its own, so
//! that nothing else is weighed.

#[path = "../scripted/agent.rs"]
mod agent;
#[allow(dead_code, reason = "other tests use the rest of it")]
#[path = "../scripted/chat.rs"]
mod chat;

use std::fs;

use relay_adapter::{QuestionReply, StopReason};

use self::chat::Gateway;

/// How much may be taken above rest, in kB.
const MOST: u64 = 50 * 1024;

/// Plays the agent, as in the other tests.
#[test]
#[ignore = "it is the agent of the other test, which starts it"]
fn scripted_agent() {
    agent::play();
}

/// A number of this process's status, in kB.
fn kilobytes(name: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("the status of this process");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()).expect("it is in the status");
    number.parse().expect("a number")
}

/// Fails where the most that was ever taken is too much.
#[track_caller]
fn is_bounded(rest: u64, after: &str) {
    let grown = kilobytes("VmHWM").saturating_sub(rest);
    assert!(grown < MOST, "{grown} kB above rest after {after}");
}

#[tokio::test]
async fn whatever_an_agent_pours_out_takes_less_than_50_mib_and_the_next_turn_works() {
    let quiet = Gateway::new("");
    assert_eq!(quiet.chat("1").hears("hello").await, "You said: hello");
    let rest = kilobytes("VmRSS");

    let gateway =
        Gateway::with("loads prints-50-mb prints-100-mb-in-a-line floods-after-a-stop mib=64", |settings| {
            chat::limited(settings, |limits| limits.with_stop(chat::NEVER))
        });
    let chat = gateway.chat("1");
    assert_eq!(chat.hears("hello").await, "You said: hello");
    is_bounded(rest, "50 MB before the first answer, and 100 MB in one line");

    assert_eq!(chat.hears("9-mib").await, "after the long line");
    is_bounded(rest, "a line of 9 MiB");

    let mut running = chat.begin("much");
    running.hears().await;
    let has_said = gateway.home.path().join("store/said-much");
    while !has_said.exists() {
        tokio::task::yield_now().await;
    }
    let (ended, shown) = running.finish(|_| QuestionReply::Expired).await;
    ended.expect("it ends well");
    assert!(shown.text.len() < 2 << 20, "{}", shown.text.len());
    is_bounded(rest, "64 MiB of an answer that no chat takes");

    let mut running = chat.begin("slow");
    running.hears().await;
    running.cancelled.cancel();
    let (ended, _) = running.finish(|_| QuestionReply::Expired).await;
    assert_eq!(ended.expect("a stop is no failure").stop, StopReason::Cancelled);
    is_bounded(rest, "200,000 updates after a stop");

    assert_eq!(chat.hears("recall").await, "I recall: hello | 9-mib | much | slow");
    is_bounded(rest, "all of it");
}
