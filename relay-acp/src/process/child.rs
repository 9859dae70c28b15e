//! An agent's process: how it is started, and how it ends with everything that it started.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use getset::{CopyGetters, WithSetters};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::account::Account;
use super::environment::Environment;
use super::lineage::{Lineage, MARK, adopt_orphans};

/// Between two looks at what a sweep has left.
const SWEEP_PAUSE: Duration = Duration::from_millis(20);

/// Looks at what a sweep has left. What SIGKILL has not ended by then hangs in the kernel.
const SWEEPS: u32 = 50;

/// The waits of an end, each only as long as something is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, CopyGetters, WithSetters)]
#[getset(get_copy = "pub", set_with = "pub")]
pub struct EndLimits {
    /// From the closed stdin to SIGTERM. Default 3 s.
    pub(crate) stdin: Duration,
    /// From SIGTERM to SIGKILL. Default 2 s.
    pub(crate) terminate: Duration,
}

impl Default for EndLimits {
    fn default() -> Self {
        Self { stdin: Duration::from_secs(3), terminate: Duration::from_secs(2) }
    }
}

/// The three streams of a started process.
pub(crate) struct Streams {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

/// A started process and its group.
pub(crate) struct ChildProcess {
    group: Pid,
    status: watch::Receiver<Option<ExitStatus>>,
    lineage: Arc<Mutex<Lineage>>,
}

impl ChildProcess {
    /// Starts `command` in `cwd`, in a process group of its own, with this environment and no other.
    pub(crate) fn start(
        command: &[String],
        cwd: &Path,
        environment: &Environment,
        account: Option<&Account>,
    ) -> io::Result<(Self, Streams)> {
        adopt_orphans();
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the command is empty"))?;
        let mark = Lineage::new_mark();
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(cwd)
            .env_clear()
            .envs(environment.iter())
            .env(MARK, &mark)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = match account {
            Some(account) => account.spawn(&mut command)?,
            None => command.spawn()?,
        };
        let group = child
            .id()
            .and_then(|id| Pid::from_raw(i32::try_from(id).ok()?))
            .expect("a process that was not waited for has a number");
        let streams = Streams {
            stdin: child.stdin.take().expect("stdin is piped"),
            stdout: child.stdout.take().expect("stdout is piped"),
            stderr: child.stderr.take().expect("stderr is piped"),
        };
        let (ended, status) = watch::channel(None);
        tokio::spawn(async move {
            let status = child.wait().await.unwrap_or_default();
            ended.send_replace(Some(status));
        });
        let lineage = Arc::new(Mutex::new(Lineage::new(group, mark)));
        Ok((Self { group, status, lineage }, streams))
    }

    /// The number of the process.
    pub(crate) fn number(&self) -> i32 {
        self.group.as_raw_pid()
    }

    /// Completes once the process has ended.
    pub(crate) async fn ended(&self) -> ExitStatus {
        let mut status = self.status.clone();
        let ended = status.wait_for(Option::is_some).await;
        ended.ok().and_then(|status| *status).unwrap_or_default()
    }

    /// Ends the process, its group and everything that it started elsewhere. Its stdin is closed by now.
    pub(crate) async fn end(&self, limits: EndLimits) {
        self.look().await;
        if timeout(limits.stdin, self.ended()).await.is_err() {
            debug!(process = self.number(), "an agent does not end with its stdin and gets SIGTERM");
            self.look().await;
            let _ = kill_process_group(self.group, Signal::TERM);
            if timeout(limits.terminate, self.ended()).await.is_err() {
                debug!(process = self.number(), "an agent ignores SIGTERM and is killed");
            }
            self.look().await;
        }
        // What is left of the group, also where its leader ended; an empty group is what is wanted.
        let _ = kill_process_group(self.group, Signal::KILL);
        self.ended().await;
        self.sweep().await;
    }

    async fn look(&self) {
        self.blocking(Lineage::look).await;
    }

    async fn sweep(&self) {
        let mut left = 0;
        for _ in 0..SWEEPS {
            left = self.blocking(Lineage::sweep).await;
            if left == 0 {
                return;
            }
            sleep(SWEEP_PAUSE).await;
        }
        warn!(
            left,
            process = self.number(),
            "processes of an agent do not end by SIGKILL; look for them with ps"
        );
    }

    /// Memory of the process and what it started, in bytes.
    pub(crate) async fn memory(&self) -> u64 {
        self.blocking(Lineage::memory).await
    }

    /// Reading `/proc` takes milliseconds on a full machine.
    async fn blocking<T: Send + Default + 'static>(
        &self,
        look: impl FnOnce(&mut Lineage) -> T + Send + 'static,
    ) -> T {
        let lineage = Arc::clone(&self.lineage);
        let looking = tokio::task::spawn_blocking(move || {
            look(&mut lineage.lock().unwrap_or_else(PoisonError::into_inner))
        });
        looking.await.unwrap_or_default()
    }
}

/// A gateway that ends without waiting leaves no group behind.
impl Drop for ChildProcess {
    fn drop(&mut self) {
        if self.status.borrow().is_none() {
            let _ = kill_process_group(self.group, Signal::KILL);
        }
    }
}

/// How a process ended, for the log.
pub(crate) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "no exit status".to_owned(),
    }
}
