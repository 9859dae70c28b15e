//! What the program took outlives it, and a start that cannot keep anything is refused.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use relay_connector::{Author, ChatUpdateKind};
use rustix::process::{Pid, Signal, kill_process};

use crate::rig::Serving;
use crate::{Running, gateway, home, output, piped};

/// An agent whose first turn hangs, and ends once somebody opens and closes the fifo.
fn hanging_once(home: &Path) -> String {
    let script = format!(
        "cd '{}'\necho run >> runs\nif [ -e again ]; then tr a-z A-Z; else touch again; cat fifo; fi\n",
        home.display()
    );
    fs::write(home.join("agent.sh"), script).expect("a script");
    let made = Command::new("mkfifo").arg(home.join("fifo")).status().expect("mkfifo is there");
    assert!(made.success());
    format!("command:sh {}", home.join("agent.sh").display())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_gateway_is_killed_is_answered_after_the_next_start() {
    let serving = Serving::start().await;
    let (front, url, token) = (&serving.front, &serving.url, &serving.token);
    let home = home();
    let enroll = ["enroll", "--connector-url", url, "--token", "-"];
    let (code, _, stderr) = piped(&mut gateway(home.path(), &enroll), token.expose().as_bytes());
    assert_eq!(code, 0, "{stderr}");
    let agent = hanging_once(home.path());
    let start = || {
        let mut command = gateway(home.path(), &["run", "--agent", &agent]);
        Running(command.stderr(Stdio::null()).spawn().expect("the program starts"))
    };

    let mut updates = front.updates();
    let mut first = start();
    front.connected().await;
    front.say("c", "hello").await.unwrap();
    while !matches!(updates.recv().await.expect("the front lives").kind, ChatUpdateKind::Typing(_)) {}
    kill_process(Pid::from_child(&first.0), Signal::KILL).expect("it runs");
    first.0.wait().expect("it ends");
    // The agent that was left behind ends.
    drop(fs::OpenOptions::new().write(true).open(home.path().join("fifo")).expect("it reads"));

    let second = start();
    loop {
        let messages = front.messages("c");
        if let Some(answer) = messages.iter().find(|message| message.author == Author::Agent) {
            assert_eq!(answer.content, "HELLO");
            break;
        }
        updates.recv().await.expect("the front lives");
    }
    front.say("c", "bye").await.unwrap();
    let answers = loop {
        updates.recv().await.expect("the front lives");
        let mut answers = front.messages("c");
        answers.retain(|message| message.author == Author::Agent);
        if answers.iter().any(|answer| answer.content == "BYE") {
            break answers;
        }
    };
    assert_eq!(answers.len(), 2, "once each");
    assert_eq!(fs::read_to_string(home.path().join("runs")).expect("it ran"), "run\nrun\nrun\n");
    drop(second);
    serving.end().await;
}

#[test]
fn an_inbox_that_cannot_be_used_ends_the_start_with_its_remedy() {
    let home = home();
    fs::write(home.path().join(".env"), "GATEWAY_RELAY_URL=ws://127.0.0.1:9\n").expect("a file");
    fs::create_dir(home.path().join("relay")).expect("a folder");
    let file = home.path().join("relay/inbox.db");
    fs::write(&file, "this is no database".repeat(100)).expect("a file");
    let (code, _, stderr) = output(&mut gateway(home.path(), &["run"]));
    assert_eq!(code, 74, "{stderr}");
    let told = format!("the inbox {} is damaged (file is not a database); move it away", file.display());
    assert!(stderr.contains(&told), "{stderr}");

    let below_a_file = file.join("inbox.db").display().to_string();
    let (code, _, stderr) = output(&mut gateway(home.path(), &["run", "--inbox", &below_a_file]));
    assert_eq!(code, 74, "{stderr}");
    assert!(stderr.contains("cannot be created"), "{stderr}");
}
