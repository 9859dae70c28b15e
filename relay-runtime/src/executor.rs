//! Tasks in order by key.

use std::fmt;
use std::hash::Hash;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::sync::oneshot;
use tokio::task::unconstrained;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::lanes::Lanes;
use crate::reservation::{Reservation, Room};
use crate::task::{ExecutorClosed, SubmitError, TaskError, TaskHandle};

/// What may be under way at once, running or waiting for its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExecutorLimits {
    tasks: usize,
    weight: usize,
}

impl ExecutorLimits {
    /// So many tasks, at least one, and this sum of their weights, in whatever unit the submitter weighs by, such as
    /// bytes. A single task that is heavier than this runs all the same, once nothing else does. At most `u32::MAX`.
    pub const fn new(tasks: usize, weight: usize) -> Self {
        Self { tasks, weight }
    }

    /// Nothing is refused and nothing waits: for submitters that have bounds of their own.
    pub const fn unbounded() -> Self {
        Self::new(usize::MAX, usize::MAX)
    }

    /// The tasks.
    pub const fn tasks(self) -> usize {
        self.tasks
    }

    /// The sum of their weights.
    pub const fn weight(self) -> usize {
        self.weight
    }
}

/// Runs tasks: those of one key one after the other in the order they were submitted in, those of different keys
/// side by side.
///
/// - A task runs on the tokio runtime it was submitted in and belongs to nobody: it goes on when its handle, its
///   submitter, and all clones of the executor are gone.
/// - What is under way is bounded, by count and by weight. Where there is no room, [`KeyedExecutor::try_submit`]
///   refuses and [`KeyedExecutor::reserve`] waits, in order.
/// - A task that panics ends alone; the next of its key runs.
/// - A key costs memory only while a task of it is under way.
pub struct KeyedExecutor<K>(Arc<Shared<K>>);

struct Shared<K> {
    name: &'static str,
    lanes: Arc<Lanes<K>>,
    room: Room,
    drivers: TaskTracker,
    abort: CancellationToken,
}

impl<K: Eq + Hash + Clone + Send + Sync + 'static> KeyedExecutor<K> {
    /// An executor without tasks. The name is what its log lines call it.
    pub fn new(name: &'static str, limits: ExecutorLimits) -> Self {
        Self(Arc::new(Shared {
            name,
            lanes: Arc::new(Lanes::new()),
            room: Room::new(limits.tasks, limits.weight),
            drivers: TaskTracker::new(),
            abort: CancellationToken::new(),
        }))
    }

    /// Takes a task, or refuses it at once; it begins when those of its key before it are over. Must be called
    /// inside a tokio runtime.
    ///
    /// # Errors
    /// There is no room, or the executor was closed. The task was not begun.
    pub fn try_submit<T, F>(&self, key: K, weight: usize, task: F) -> Result<TaskHandle<T>, SubmitError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let room = self.0.room.try_reserve(weight)?;
        Ok(self.submit_reserved(key, room, task)?)
    }

    /// Waits for room for one task, in order with others that wait. Nothing is lost when the caller stops waiting.
    ///
    /// # Errors
    /// The executor was closed.
    pub async fn reserve(&self, weight: usize) -> Result<Reservation, ExecutorClosed> {
        self.0.room.reserve(weight).await
    }

    /// Takes a task for which room was reserved in this executor. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// The executor was closed meanwhile. The task was not begun.
    pub fn submit_reserved<T, F>(
        &self,
        key: K,
        room: Reservation,
        task: F,
    ) -> Result<TaskHandle<T>, ExecutorClosed>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.submit(key, room, task, false)
    }

    /// Takes a task as [`KeyedExecutor::try_submit`] does, and looks at it at once where none of its key is before it:
    /// one that need not wait is over when this returns, and cost no spawn. It must not block.
    ///
    /// # Errors
    /// As of [`KeyedExecutor::try_submit`].
    pub fn try_run<T, F>(&self, key: K, weight: usize, task: F) -> Result<TaskHandle<T>, SubmitError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let room = self.0.room.try_reserve(weight)?;
        Ok(self.submit(key, room, task, true)?)
    }

    fn submit<T, F>(
        &self,
        key: K,
        room: Reservation,
        task: F,
        at_once: bool,
    ) -> Result<TaskHandle<T>, ExecutorClosed>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let name = self.0.name;
        let job = async move {
            let ended = AssertUnwindSafe(task).catch_unwind().await.map_err(|_| {
                tracing::error!(executor = name, "a task panicked; the next of its key runs. Report this");
                TaskError::Panicked
            });
            // Whoever is told that it is over finds its room free.
            drop(room);
            // Nobody may be waiting.
            let _ = answer.send(ended);
        };
        // Before the push, so that a shutdown waits for whatever got in before it.
        let driver = self.0.drivers.token();
        if let Some((lane, first)) = self.0.lanes.push(key, job.boxed())? {
            let abort = self.0.abort.clone();
            let mut driving = Box::pin(async move {
                abort.run_until_cancelled(lane.drive(first)).await;
                drop(driver);
            });
            // That look must not fail for the budget which tokio gives the caller's task.
            if !at_once || unconstrained(driving.as_mut()).now_or_never().is_none() {
                tokio::spawn(driving);
            }
        }
        Ok(TaskHandle(answered))
    }

    /// Tasks under way, running or waiting, and reserved room.
    pub fn pending(&self) -> usize {
        self.0.room.taken()
    }

    /// Keys that have a task under way.
    pub fn busy_keys(&self) -> usize {
        self.0.lanes.busy()
    }

    /// Whether it takes nothing any more.
    pub fn is_closed(&self) -> bool {
        self.0.lanes.is_closed()
    }

    /// Takes nothing from here on. What was taken goes on; who waits for room is told.
    pub fn close(&self) {
        self.0.lanes.close();
        self.0.drivers.close();
        self.0.room.close();
    }

    /// Drops every task, running or waiting. Each handle answers [`TaskError::Aborted`].
    pub fn abort(&self) {
        self.close();
        self.0.abort.cancel();
    }

    /// Closes it, waits until all that was taken is over, and aborts what is not by then. Answers how many tasks
    /// that were.
    pub async fn shutdown(&self, until: Instant) -> usize {
        self.close();
        if timeout_at(until, self.0.drivers.wait()).await.is_ok() {
            return 0;
        }
        let left = self.pending();
        self.abort();
        self.0.drivers.wait().await;
        left
    }
}

impl<K> Clone for KeyedExecutor<K> {
    /// Another handle of the same executor.
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> fmt::Debug for KeyedExecutor<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedExecutor")
            .field("name", &self.0.name)
            .field("pending", &self.0.room.taken())
            .finish_non_exhaustive()
    }
}
