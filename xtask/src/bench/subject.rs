//! What is measured: a gateway, the bare client, the Python client, each a process of its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::frames::PLATFORM;
use super::peer::{Door, Peer};
use super::process::Process;

/// A client that says back what it is told, over the public Python transport. Each message is answered in a task of
/// its own: the transport's reader waits for its handler.
const PYTHON: &str = r#"
import asyncio, sys
from gateway.relay.ws_transport import WebSocketRelayTransport

async def main():
    transport = WebSocketRelayTransport(sys.argv[1], "bench", "")
    tasks = set()

    async def inbound(event, *rest):
        action = {"op": "send", "chat_id": event.source.chat_id, "content": event.text,
                  "reply_to": event.message_id, "metadata": {}}
        task = asyncio.ensure_future(transport.send_outbound(action))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    transport.set_inbound_handler(inbound)
    await transport.connect()
    await asyncio.Event().wait()

asyncio.run(main())
"#;

/// Where a gateway keeps what it has taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inbox {
    Memory,
    Durable,
}

/// A running client.
pub(crate) struct RunningClient {
    pub(crate) child: Child,
    pub(crate) process: Process,
    /// The moment before it was started.
    pub(crate) started: Instant,
    /// Its home, which goes with it.
    _home: Option<TempDir>,
}

/// How a gateway is started.
#[derive(Clone, Debug)]
pub(crate) struct Gateway<'a> {
    pub(crate) binary: &'a Path,
    pub(crate) inbox: Inbox,
    /// Further arguments of `run`.
    pub(crate) arguments: Vec<&'a str>,
    /// Further variables.
    pub(crate) environment: Vec<(&'a str, PathBuf)>,
    /// Its log is for the measurement to read.
    pub(crate) log: bool,
}

impl<'a> Gateway<'a> {
    pub(crate) fn new(binary: &'a Path, inbox: Inbox) -> Self {
        Self { binary, inbox, arguments: Vec::new(), environment: Vec::new(), log: false }
    }

    /// Starts it with a home of its own.
    pub(crate) fn start(&self, door: &Door) -> anyhow::Result<RunningClient> {
        let home = tempfile::Builder::new().prefix("relay-bench-").tempdir()?;
        let mut command = command(self.binary);
        command
            .env("GATEWAY_RELAY_URL", door.url())
            .env("GATEWAY_RELAY_PLATFORMS", PLATFORM)
            .env("RUST_LOG", if self.log { "error,relay_adapter=debug" } else { "error" })
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .arg("--home")
            .arg(home.path())
            .args(["run", "--agent", "echo"])
            .args(&self.arguments);
        if self.inbox == Inbox::Memory {
            command.args(["--inbox", "memory"]);
        }
        if self.log {
            command.stderr(Stdio::piped());
        }
        start(&mut command, Some(home))
    }
}

/// Starts the bare client, which is a part of this program.
pub(crate) fn bare(door: &Door) -> anyhow::Result<RunningClient> {
    bare_client(door, &[])
}

/// Starts the bare client that gathers its writes.
pub(crate) fn gathering(door: &Door) -> anyhow::Result<RunningClient> {
    bare_client(door, &["--gather"])
}

fn bare_client(door: &Door, arguments: &[&str]) -> anyhow::Result<RunningClient> {
    let own = std::env::current_exe().context("this program does not know where it is")?;
    start(command(&own).arg("bench-client").arg(door.address.to_string()).args(arguments), None)
}

/// Starts the Python client with this interpreter, which has hermes-agent.
pub(crate) fn python(interpreter: &Path, door: &Door) -> anyhow::Result<RunningClient> {
    start(command(interpreter).args(["-c", PYTHON, &door.url()]), None)
}

impl RunningClient {
    /// Waits until it has said hello; how long that took since it was started.
    pub(crate) async fn hello(&mut self, door: &Door) -> anyhow::Result<(std::time::Duration, Peer)> {
        tokio::select! {
            hello = door.hello() => {
                let (came, peer) = hello?;
                Ok((came - self.started, peer))
            }
            status = self.child.wait() => anyhow::bail!("the client ended before its hello: {}", status?),
        }
    }

    /// Ends it.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("the client has ended before")
    }
}

fn command(binary: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    command
}

fn start(command: &mut Command, home: Option<TempDir>) -> anyhow::Result<RunningClient> {
    let started = Instant::now();
    let child = command
        .spawn()
        .with_context(|| format!("cannot start {}", command.as_std().get_program().display()))?;
    let process = Process(child.id().context("the client ended at once")?);
    Ok(RunningClient { child, process, started, _home: home })
}
