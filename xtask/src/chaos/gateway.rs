//! The gateway of a run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use tokio::io::AsyncWriteExt as _;

use super::connector::PLATFORM;
use super::program::{Program, append, command, succeeded};

/// What its log says for each delivery that came again.
const REDELIVERED: &str = "a redelivered message was taken before";

/// Where a gateway runs.
pub(crate) struct GatewayPlace {
    pub(crate) binary: PathBuf,
    /// Its home, with its log.
    pub(crate) home: PathBuf,
    /// The program that answers, with its arguments, in one line.
    pub(crate) agent: String,
}

impl GatewayPlace {
    /// Redeems an enrollment token.
    pub(crate) async fn enroll(&self, connector: SocketAddr, token: &str) -> anyhow::Result<()> {
        let mut command = command(&self.binary);
        command
            .arg("--home")
            .arg(&self.home)
            .args(["enroll", "--token", "-", "--connector-url", &format!("http://{connector}")])
            .stdin(Stdio::piped())
            .stderr(append(&self.log())?)
            .kill_on_drop(true);
        let mut child = command.spawn().context("cannot start relay-gateway enroll")?;
        let mut input = child.stdin.take().context("no stdin")?;
        input.write_all(token.as_bytes()).await?;
        drop(input);
        succeeded("relay-gateway enroll", child.wait().await?)
    }

    /// Starts it.
    pub(crate) fn start(&self) -> anyhow::Result<Program> {
        let mut command = command(&self.binary);
        command
            .env("RUST_LOG", "info,relay_adapter=debug")
            .env("GATEWAY_RELAY_PLATFORMS", PLATFORM)
            .arg("--home")
            .arg(&self.home)
            .args(["run", "--agent", &format!("command:{}", self.agent)]);
        Program::start("relay-gateway", &mut command, &self.log())
    }

    /// How many deliveries came again and were recognized.
    pub(crate) fn redeliveries(&self) -> anyhow::Result<usize> {
        let log = std::fs::read(self.log()).context("the gateway's log cannot be read")?;
        Ok(String::from_utf8_lossy(&log).matches(REDELIVERED).count())
    }

    /// Its log.
    pub(crate) fn log(&self) -> PathBuf {
        log(&self.home)
    }
}

fn log(home: &Path) -> PathBuf {
    home.join("gateway.log")
}
