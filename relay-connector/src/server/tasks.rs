//! The tasks of one listener: waited for at its end, and cut where that takes too long.

use std::future::Future;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Spawns tasks that belong to a listener and to none of its connections. Clones are handles to the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    pub(crate) tracker: TaskTracker,
    /// Ends them without a goodbye.
    pub(crate) kill: CancellationToken,
}

impl Tasks {
    /// Runs this until it is over or all tasks are killed.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let kill = self.kill.clone();
        self.tracker.spawn(async move {
            kill.run_until_cancelled_owned(task).await;
        });
    }
}
