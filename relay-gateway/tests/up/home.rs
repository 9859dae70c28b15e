//! A home, the programs that run in it, and the people who write to its bot.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::{Child, Command};

use crate::fake::{Fake, TOKEN, World};

/// How long a program may take for what it is expected to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// A home in a folder of its own.
pub(crate) struct Home {
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A running `up`.
pub(crate) struct Up {
    child: Child,
    out: PathBuf,
    pub(crate) err: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().expect("a folder") };
        std::fs::write(home.file("token"), format!("{TOKEN}\n")).expect("a file");
        home
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// A file beside the home.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_relay-gateway"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("RUST_LOG", "info");
        command.arg("--home").arg(self.path()).args(args).kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, args: &[&str]) -> Ended {
        self.answer(args, "").await
    }

    /// The same with these answers on standard input.
    pub(crate) async fn answer(&self, args: &[&str], answers: &str) -> Ended {
        let input = self.file("answers");
        std::fs::write(&input, answers).expect("a file");
        let mut command = self.command(args);
        command.stdin(File::open(&input).expect("a file"));
        let output =
            tokio::time::timeout(PATIENCE, command.output()).await.expect("in time").expect("it runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Sets up a bot by flags alone.
    pub(crate) async fn init(&self, fake: &Fake, more: &[&str]) -> Ended {
        let (token, api) = (self.file("token"), fake.base.to_string());
        let token = token.to_str().expect("UTF-8");
        let args = ["init", "--yes", "--telegram-token-file", token, "--telegram-api", &api];
        self.run(&[&args[..], more].concat()).await
    }

    /// Runs `up` beside the test.
    pub(crate) fn up(&self, run: &str, more: &[&str]) -> Up {
        let (out, err) = (self.file(&format!("{run}.out")), self.file(&format!("{run}.err")));
        let file = |path: &Path| Stdio::from(File::create(path).expect("a file"));
        let mut command = self.command(&[&["up"][..], more].concat());
        let child = command.stdin(Stdio::null()).stdout(file(&out)).stderr(file(&err)).spawn();
        Up { child: child.expect("it runs"), out, err }
    }
}

impl Up {
    /// Waits until it has printed this.
    pub(crate) async fn prints(&self, words: &str) -> String {
        until(&self.out, words).await
    }

    /// Waits until it has logged this.
    pub(crate) async fn logs(&self, words: &str) -> String {
        until(&self.err, words).await
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Sends a signal, and waits for the end.
    pub(crate) async fn signal(mut self, signal: rustix::process::Signal) -> Option<i32> {
        let pid = i32::try_from(self.id()).ok().and_then(rustix::process::Pid::from_raw).expect("a process");
        rustix::process::kill_process(pid, signal).expect("it runs");
        self.ended().await
    }

    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        ended.expect("it ends in time").expect("it ran").code()
    }
}

async fn until(path: &Path, words: &str) -> String {
    let seen = async {
        loop {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if text.contains(words) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let seen = tokio::time::timeout(PATIENCE, seen).await;
    seen.unwrap_or_else(|_| panic!("no `{words}` in\n{}", std::fs::read_to_string(path).unwrap_or_default()))
}

/// Somebody with a phone.
pub(crate) struct Person<'a> {
    pub(crate) fake: &'a Fake,
    pub(crate) id: i64,
    pub(crate) name: &'static str,
}

impl Person<'_> {
    /// Writes to the bot; the number is the update's.
    pub(crate) fn says(&self, number: i64, text: &str) {
        let from = json!({"id": self.id, "first_name": self.name, "is_bot": false});
        let chat = json!({"id": self.id, "type": "private", "first_name": self.name});
        let message = json!({"message_id": number, "from": from, "chat": chat, "text": text});
        self.fake.update(number, json!({"message": message}));
    }

    /// Waits until they read these words.
    pub(crate) async fn reads(&self, words: &str) {
        let chat = self.id.to_string();
        self.fake.until(&format!("{} reads `{words}`", self.name), |world| shows(world, &chat, words)).await;
    }

    /// All that stands in their chat.
    pub(crate) fn chat(&self) -> Vec<String> {
        self.fake.shown(&self.id.to_string())
    }
}

fn shows(world: &World, chat: &str, words: &str) -> bool {
    let has_words = |message: &Value| message["text"].as_str().is_some_and(|text| text.contains(words));
    world.chats.iter().any(|((place, _), message)| place == chat && has_words(message))
}
