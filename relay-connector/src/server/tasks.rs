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
    /// The same for work that another runs: what it makes, or nothing when all tasks are killed.
    pub(crate) fn tracked<T>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static {
        let (token, kill) = (self.tracker.token(), self.kill.clone());
        async move {
            let done = kill.run_until_cancelled_owned(work).await;
            drop(token);
            done
        }
    }

    /// Runs this until it is over or all tasks are killed.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let kill = self.kill.clone();
        self.tracker.spawn(async move {
            kill.run_until_cancelled_owned(task).await;
        });
    }
}
