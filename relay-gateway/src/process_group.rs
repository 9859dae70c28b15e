//! The process group of a program that the gateway runs.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;
use tokio::time::timeout;
use tracing::debug;

/// How long a program may take to end after SIGTERM before it gets SIGKILL.
const TERM_GRACE: Duration = Duration::from_secs(2);

/// A program's process group, of which it is the leader. Whatever way its use ends, the group ends with it.
pub(crate) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    pub(crate) fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    /// Asks the group to end, and makes it end.
    pub(crate) async fn end(mut self, child: &mut Child) {
        // A group that has already ended is what is wanted.
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::TERM);
        }
        if timeout(TERM_GRACE, child.wait()).await.is_err() {
            debug!("a program ignored SIGTERM and is killed");
        }
        self.kill();
        // Reaped here, so that nothing is left behind as a zombie.
        let _ = child.wait().await;
    }

    /// Kills what is left of the group, once: its number may belong to somebody else afterwards.
    pub(crate) fn kill(&mut self) {
        if let Some(group) = self.0.take() {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}
