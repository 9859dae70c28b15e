//! A process of the run: its log, its end.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// How long a process may take to end when it is asked to.
const STOPS_WITHIN: Duration = Duration::from_secs(20);

/// A running program, killed when it is dropped.
pub(crate) struct Program {
    name: &'static str,
    pub(crate) child: Child,
    pub(crate) pid: u32,
}

impl Program {
    /// Starts it with its standard error appended to a log, and nothing of this process's environment but the way
    /// to other programs.
    pub(crate) fn start(name: &'static str, command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let child = command
            .kill_on_drop(true)
            .stderr(append(log)?)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let pid = child.id().with_context(|| format!("{name} ended at once"))?;
        Ok(Self { name, child, pid })
    }

    /// Kills it with SIGKILL and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        self.child.start_kill().with_context(|| format!("cannot kill {}", self.name))?;
        self.child.wait().await?;
        Ok(())
    }

    /// Asks it to end, and expects it to end well.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw).context("no process id")?;
        kill_process(pid, Signal::TERM).with_context(|| format!("cannot stop {}", self.name))?;
        let Ok(status) = timeout(STOPS_WITHIN, self.child.wait()).await else {
            bail!("{} does not end within {} s of SIGTERM", self.name, STOPS_WITHIN.as_secs());
        };
        succeeded(self.name, status?)
    }
}

/// A command without this process's environment, but for the way to other programs.
pub(crate) fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().envs(std::env::vars_os().filter(|(name, _)| name == "PATH"));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Whether it ended well.
pub(crate) fn succeeded(name: &str, status: ExitStatus) -> anyhow::Result<()> {
    if !status.success() {
        bail!("{name} ended with {status}");
    }
    Ok(())
}

pub(crate) fn append(log: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(log);
    file.with_context(|| format!("cannot write {}", log.display()))
}
