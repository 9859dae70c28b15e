//! The connector of a run: its lines in, its lines out.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::ledger::Name;
use super::program::{Program, command};

/// The platform that the run plays: no edits, so that an answer is one message, and no typing.
pub(crate) const PLATFORM: &str = "chaos";

/// How long it may take until it listens.
const LISTENS_WITHIN: Duration = Duration::from_secs(30);

/// What the connector says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It has taken a message.
    Taken(Name),
    /// An agent said something in a chat.
    Sent { chat: String, content: String },
    /// A line that this run does not expect.
    Other(String),
}

impl Said {
    fn read(line: &str) -> Self {
        let other = || Self::Other(line.to_owned());
        let Ok(line) = serde_json::from_str::<Value>(line) else { return other() };
        if let Some(name) = line["taken"].as_str().and_then(Name::parse) {
            return Self::Taken(name);
        }
        let action = &line["action"];
        match (action["op"].as_str(), action["chat_id"].as_str(), action["content"].as_str()) {
            (Some("send"), Some(chat), Some(content)) => {
                Self::Sent { chat: chat.to_owned(), content: content.to_owned() }
            }
            _ => other(),
        }
    }
}

/// Where a connector runs.
pub(crate) struct ConnectorPlace {
    pub(crate) binary: PathBuf,
    /// The folder with its data, its descriptor and its log.
    pub(crate) folder: PathBuf,
    pub(crate) listen: SocketAddr,
}

/// A running connector.
pub(crate) struct Connector {
    pub(crate) program: Program,
    input: ChildStdin,
}

/// What it says first.
pub(crate) struct Invitation {
    pub(crate) address: SocketAddr,
    pub(crate) token: String,
}

impl Connector {
    /// Starts one; what it says from then on goes to `said`, up to its very end.
    pub(crate) async fn start(
        place: &ConnectorPlace,
        said: mpsc::Sender<Said>,
    ) -> anyhow::Result<(Self, Invitation)> {
        let descriptor = place.folder.join("descriptor.json");
        let described = json!({"platform": PLATFORM, "label": "Chaos", "supported_ops": ["send"]});
        std::fs::write(&descriptor, described.to_string()).context("no descriptor")?;
        let mut command = command(&place.binary);
        command
            .args(["serve", "--front", "lines", "--listen", &place.listen.to_string()])
            .arg("--descriptor")
            .arg(&descriptor)
            .arg("--data")
            .arg(place.folder.join("data"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut program = Program::start("relay-connector", &mut command, &log(&place.folder))?;
        let input = program.child.stdin.take().context("no stdin")?;
        let mut lines = BufReader::new(program.child.stdout.take().context("no stdout")?).lines();
        let first =
            timeout(LISTENS_WITHIN, lines.next_line()).await.context("relay-connector is silent")??;
        let invitation = invitation(&first.context("relay-connector ended at once")?)?;
        tokio::spawn(listen(lines, said));
        Ok((Self { program, input }, invitation))
    }

    /// Offers a message.
    pub(crate) async fn offer(&mut self, name: Name) -> anyhow::Result<()> {
        let line = json!({
            "id": name.to_string(),
            "event": {
                "text": name.to_string(),
                "source": {"chat_id": format!("c{}", name.chat), "user_id": "chaos"},
            },
        });
        self.input.write_all(format!("{line}\n").as_bytes()).await.context("relay-connector takes no lines")
    }
}

/// The connector's log in its folder.
pub(crate) fn log(folder: &Path) -> PathBuf {
    folder.join("connector.log")
}

async fn listen(mut lines: Lines<BufReader<ChildStdout>>, said: mpsc::Sender<Said>) {
    while let Ok(Some(line)) = lines.next_line().await {
        if said.send(Said::read(&line)).await.is_err() {
            return;
        }
    }
}

fn invitation(line: &str) -> anyhow::Result<Invitation> {
    let value: Value = serde_json::from_str(line).context("relay-connector's first line is no JSON")?;
    let (Some(address), Some(token)) = (value["listening"].as_str(), value["enrollment_token"].as_str())
    else {
        bail!("relay-connector's first line invites nobody");
    };
    Ok(Invitation { address: address.parse()?, token: token.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{Name, Said};

    #[test]
    fn lines_are_told_apart() {
        assert_eq!(Said::read(r#"{"taken":"c1-2"}"#), Said::Taken(Name { chat: 1, place: 2 }));
        let line = r#"{"action":{"op":"send","chat_id":"c1","content":"hi"},"gateway":"gw"}"#;
        assert_eq!(Said::read(line), Said::Sent { chat: "c1".to_owned(), content: "hi".to_owned() });
        for line in [r#"{"taken":7}"#, r#"{"action":{"op":"edit","chat_id":"c1","content":"hi"}}"#, "cut off"]
        {
            assert_eq!(Said::read(line), Said::Other(line.to_owned()));
        }
    }
}
