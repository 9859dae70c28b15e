//! Everything around one agent: a model on loopback, a connector whose chats are lines, and a gateway.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::ChildStdin;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

use crate::binaries::Binaries;
use crate::chaos::program::{Program, append, command, succeeded};

/// A platform with buttons, and one without.
pub(crate) const BUTTONS: &str = "buttons";
pub(crate) const NUMBERS: &str = "numbers";

/// How long a program may take until it is there.
const THERE_WITHIN: Duration = Duration::from_secs(30);

/// The variable that every process of the agent inherits, so that what is left behind is found.
const MARK: &str = "RELAY_TRIAL";

/// A running stage.
pub(crate) struct Stage {
    _model: Program,
    connector: Program,
    input: ChildStdin,
    actions: mpsc::UnboundedReceiver<ChatAction>,
    gateway: Option<Program>,
    binary: PathBuf,
    home: PathBuf,
    mark: String,
    sent: u32,
}

/// What the agent did in a chat.
#[derive(Clone, Debug)]
pub(crate) struct ChatAction {
    pub(crate) op: String,
    pub(crate) chat: String,
    pub(crate) content: String,
    /// Of a prompt: its id, and its options in their order.
    pub(crate) prompt: Option<(String, Vec<(String, String)>)>,
}

/// The model, before anything that needs its port.
pub(crate) struct Model {
    program: Program,
    pub(crate) port: u16,
}

impl Model {
    pub(crate) async fn start(root: &Path, folder: &Path) -> anyhow::Result<Self> {
        let mut python = command(Path::new("python3"));
        python.arg(root.join("xtask/agents/mock_model.py")).stdout(Stdio::piped());
        python.env("PYTHONDONTWRITEBYTECODE", "1");
        let mut program = Program::start("the model", &mut python, &folder.join("model.log"))?;
        let mut lines = BufReader::new(program.child.stdout.take().context("no stdout")?).lines();
        let port = timeout(THERE_WITHIN, lines.next_line()).await.context("the model is silent")??;
        let port = port.context("the model ended at once; is Python there?")?.parse()?;
        Ok(Self { program, port })
    }
}

impl Stage {
    /// Starts all of it for one agent, whose processes get these variables.
    pub(crate) async fn start(
        binaries: &Binaries,
        folder: &Path,
        model: Model,
        preset: &str,
        agent: &[String],
        mut environment: BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let mut connector = command(&binaries.connector);
        connector
            .args(["serve", "--front", "lines", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder.join("connector"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        for (platform, ops) in
            [(BUTTONS, json!(["send", "edit", "prompt"])), (NUMBERS, json!(["send", "edit"]))]
        {
            let path = folder.join(format!("{platform}.json"));
            let descriptor = json!({
                "platform": platform, "label": platform, "supported_ops": ops, "supports_edit": true,
                "max_message_length": 4_000,
            });
            fs::write(&path, descriptor.to_string())?;
            connector.arg("--descriptor").arg(path);
        }
        let mut connector = Program::start("relay-connector", &mut connector, &folder.join("connector.log"))?;
        let input = connector.child.stdin.take().context("no stdin")?;
        let mut lines = BufReader::new(connector.child.stdout.take().context("no stdout")?).lines();
        let first = timeout(THERE_WITHIN, lines.next_line()).await.context("relay-connector is silent")??;
        let first: Value = serde_json::from_str(&first.context("relay-connector ended at once")?)?;
        let (sender, actions) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(action) = ChatAction::read(&line)
                    && sender.send(action).is_err()
                {
                    return;
                }
            }
        });

        let home = folder.join("gateway");
        fs::create_dir_all(&home)?;
        let mark = format!("{preset}-{}", std::process::id());
        environment.insert(MARK.to_owned(), mark.clone());
        let settings = json!({"relay": {
            "agent": {"kind": "acp", "preset": preset, "command": agent, "env": environment},
        }});
        // JSON is YAML too.
        fs::write(home.join("config.yaml"), settings.to_string())?;
        let mut stage = Self {
            _model: model.program,
            connector,
            input,
            actions,
            gateway: None,
            binary: binaries.gateway.clone(),
            home,
            mark,
            sent: 0,
        };
        let text = |name: &str| first[name].as_str().map(str::to_owned).context("an odd first line");
        stage.enroll(&text("url")?, &text("enrollment_token")?).await?;
        stage.start_gateway()?;
        Ok(stage)
    }

    async fn enroll(&self, url: &str, token: &str) -> anyhow::Result<()> {
        let mut enroll = command(&self.binary);
        enroll.arg("--home").arg(&self.home).args(["enroll", "--token", "-", "--connector-url", url]);
        enroll.stdin(Stdio::piped()).stderr(append(&self.log())?).kill_on_drop(true);
        let mut child = enroll.spawn().context("cannot start relay-gateway enroll")?;
        let mut input = child.stdin.take().context("no stdin")?;
        input.write_all(token.as_bytes()).await?;
        drop(input);
        succeeded("relay-gateway enroll", child.wait().await?)
    }

    /// Starts the gateway.
    pub(crate) fn start_gateway(&mut self) -> anyhow::Result<()> {
        let mut gateway = command(&self.binary);
        gateway
            .env("GATEWAY_RELAY_PLATFORMS", format!("{BUTTONS},{NUMBERS}"))
            .arg("--home")
            .arg(&self.home)
            .args(["run", "--shutdown-grace", "10s"]);
        self.gateway = Some(Program::start("relay-gateway", &mut gateway, &self.log())?);
        Ok(())
    }

    /// Kills the gateway with SIGKILL.
    pub(crate) async fn kill_gateway(&mut self) -> anyhow::Result<()> {
        self.gateway.take().context("no gateway runs")?.kill().await
    }

    /// Asks the gateway to end and waits until it has.
    pub(crate) async fn stop_gateway(&mut self) -> anyhow::Result<()> {
        self.gateway.take().context("no gateway runs")?.stop().await
    }

    /// Ends the connector; the model ends with the stage.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        self.connector.kill().await
    }

    /// Writes in a chat, as the person of the trials.
    pub(crate) async fn write(&mut self, platform: &str, chat: &str, text: &str) -> anyhow::Result<()> {
        self.event(platform, chat, json!({"text": text})).await
    }

    /// Presses a button.
    pub(crate) async fn press(
        &mut self,
        platform: &str,
        chat: &str,
        prompt: &str,
        option: &str,
    ) -> anyhow::Result<()> {
        let press = json!({"prompt_id": prompt, "option_id": option});
        self.event(platform, chat, json!({"text": "", "prompt_response": press})).await
    }

    async fn event(&mut self, platform: &str, chat: &str, mut event: Value) -> anyhow::Result<()> {
        self.sent += 1;
        event["source"] = json!({
            "platform": platform, "chat_id": chat, "chat_type": "dm", "user_id": "u1", "user_name": "Ann",
        });
        let line = json!({"id": format!("m{}", self.sent), "platform": platform, "event": event});
        self.input.write_all(format!("{line}\n").as_bytes()).await.context("relay-connector takes no lines")
    }

    /// Waits for an action in a chat that is the wanted one; those before it are passed over.
    pub(crate) async fn until(
        &mut self,
        chat: &str,
        within: Duration,
        what: &str,
        wanted: impl Fn(&ChatAction) -> bool,
    ) -> anyhow::Result<ChatAction> {
        let deadline = Instant::now() + within;
        let mut last = String::from("nothing");
        loop {
            let Ok(action) = timeout_at(deadline, self.actions.recv()).await else {
                bail!("no {what} in {chat} within {} s; the last was: {last}", within.as_secs());
            };
            let action = action.context("relay-connector ended")?;
            if action.chat == chat {
                if wanted(&action) {
                    return Ok(action);
                }
                last = format!("{} {:?}", action.op, action.content);
            }
        }
    }

    /// Processes of the agent that are there.
    pub(crate) fn processes(&self) -> Vec<String> {
        let wanted = format!("{MARK}={}", self.mark);
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let marked = entries.filter(|entry| {
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            environment.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes())
        });
        let name =
            |path: PathBuf| fs::read_to_string(path.join("comm")).unwrap_or_default().trim().to_owned();
        marked.map(|entry| format!("{} {}", entry.file_name().display(), name(entry.path()))).collect()
    }

    /// The folder that sessions have theirs in.
    pub(crate) fn sessions(&self) -> PathBuf {
        self.home.join("relay/agents")
    }

    /// The gateway's log.
    pub(crate) fn log(&self) -> PathBuf {
        self.home.join("gateway.log")
    }
}

impl ChatAction {
    fn read(line: &str) -> Option<Self> {
        let line: Value = serde_json::from_str(line).ok()?;
        let action = &line["action"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let prompt = action["prompt_id"].as_str().map(|id| {
            let options = action["options"].as_array().into_iter().flatten();
            (id.to_owned(), options.map(|option| (text(&option["id"]), text(&option["label"]))).collect())
        });
        Some(Self {
            op: action["op"].as_str()?.to_owned(),
            chat: action["chat_id"].as_str()?.to_owned(),
            content: text(&action["content"]),
            prompt,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::ChatAction;

    #[test]
    fn actions_are_read_and_other_lines_are_not() {
        let line = r#"{"action":{"op":"prompt","chat_id":"c1","content":"May I?","prompt_id":"p","options":[{"id":"1","label":"Allow"}]}}"#;
        let action = ChatAction::read(line).expect("an action");
        assert_eq!(
            (action.op.as_str(), action.chat.as_str(), action.content.as_str()),
            ("prompt", "c1", "May I?")
        );
        assert_eq!(action.prompt, Some(("p".to_owned(), vec![("1".to_owned(), "Allow".to_owned())])));
        assert!(ChatAction::read(r#"{"taken":"m1"}"#).is_none() && ChatAction::read("cut off").is_none());
    }
}
