//! A start with more unfinished messages than can be answered at once.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use relay_adapter::{DeliveryKeys, Inbox as _, Incoming};
use relay_connector::{Author, Front as _};
use relay_gateway::{Retention, SqliteInbox};
use relay_wire::{Event, Source};
use rusqlite::{Connection, params};
use tokio::sync::broadcast::error::RecvError;

use crate::rig::Serving;
use crate::{Running, gateway, home, piped};

/// Leaves as many messages in the inbox of a home as an earlier run might have, of a KiB each and in so many chats.
async fn leave(home: &Path, platform: &str, messages: usize, chats: usize) {
    let path = home.join("relay/inbox.db");
    let inbox = SqliteInbox::open(&path, Retention::default()).expect("it opens");
    let event = Arc::default();
    let incoming = Incoming::new(DeliveryKeys::default(), &event, None);
    inbox.admit(incoming).await.expect("it is committed");
    drop(inbox);
    let mut file = Connection::open(&path).expect("it opens");
    let transaction = file.transaction().expect("it is written");
    for number in 0..messages {
        let source = Source {
            platform: platform.to_owned(),
            chat_id: format!("c{}", number % chats),
            ..Source::default()
        };
        let text = format!("{number} {}", "x".repeat(800));
        let message_id = Some(number.to_string());
        let event = Event { text, source, message_id, ..Event::default() };
        let event = serde_json::to_string(&event).expect("plain data");
        transaction
            .prepare_cached("INSERT INTO unfinished (id, event, state) VALUES (?1, ?2, 0)")
            .and_then(|mut insert| insert.execute(params![i64::try_from(number + 2).expect("a row"), event]))
            .expect("it is written");
    }
    transaction.commit().expect("it is written");
}

/// What a start with such a backlog took: the most memory in KiB, the time to the first answer, the lines of its log.
async fn start_with(messages: usize, chats: usize) -> (usize, Duration, Vec<String>) {
    let serving = Serving::start().await;
    let (front, url, token) = (&serving.front, &serving.url, &serving.token);
    let home = home();
    let enroll = ["enroll", "--connector-url", url, "--token", "-"];
    let (code, _, stderr) = piped(&mut gateway(home.path(), &enroll), token.expose().as_bytes());
    assert_eq!(code, 0, "{stderr}");
    leave(home.path(), front.platform(), messages, chats).await;
    (0..chats).for_each(|chat| front.open(&format!("c{chat}")));
    let log = home.path().join("log");
    let mut updates = front.updates();
    let began = Instant::now();
    let mut command = gateway(home.path(), &["run", "--agent", "echo"]);
    let program = Running(
        command.stderr(Stdio::from(fs::File::create(&log).expect("a file"))).spawn().expect("it starts"),
    );
    let answered = |chat: &str| front.messages(chat).iter().any(|said| said.author == Author::Agent);
    while !answered("c0") {
        // That updates were missed does not matter: the chat is what is looked at.
        assert_ne!(updates.recv().await.err(), Some(RecvError::Closed), "the front lives");
    }
    let first = began.elapsed();
    // Some more, so that all that is taken up at once has been.
    let last = format!("c{}", chats - 1);
    while !answered(&last) {
        // That updates were missed does not matter: the chat is what is looked at.
        assert_ne!(updates.recv().await.err(), Some(RecvError::Closed), "the front lives");
    }
    let status = fs::read_to_string(format!("/proc/{}/status", program.0.id())).unwrap_or_default();
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most = most.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or_default();
    drop(program);
    serving.end().await;
    let log = fs::read_to_string(log).expect("a log");
    (most, first, log.lines().map(str::to_owned).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backlog_is_answered_without_a_line_for_each_message() {
    let (_, _, log) = start_with(600, 300).await;
    assert!(log.len() < 30, "{log:#?}");
    assert!(log.iter().any(|line| line.contains("an earlier run left many messages")), "{log:#?}");
}

/// The bound is stated for the released program; this one is larger, and holds it all the same.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes 200 MB and measures; run it by name"]
#[expect(clippy::print_stdout, reason = "whoever measures wants to read it")]
async fn two_hundred_thousand_messages_take_less_than_60_mib() {
    for chats in [50, 4_000] {
        let (most, first, log) = start_with(200_000, chats).await;
        println!("{chats} chats: {most} KiB at most, first answer after {first:?}, {} lines", log.len());
        assert!(most < 60 * 1024, "{most} KiB");
        assert!(log.len() < 100, "{}", log.join("\n"));
    }
}
