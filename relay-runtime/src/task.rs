//! What became of a task, for whoever submitted it.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

/// The way to a task's result. The task runs whether or not this is awaited or kept.
#[derive(Debug)]
#[must_use = "dropping it is fine where the result does not matter: say so with `drop` or `detach`"]
pub struct TaskHandle<T>(pub(crate) oneshot::Receiver<Result<T, TaskError>>);

impl<T> TaskHandle<T> {
    /// Lets the task go its way; its result is lost.
    pub fn detach(self) {}
}

impl<T> Future for TaskHandle<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A task that was dropped drops its end of the channel.
        Pin::new(&mut self.0).poll(context).map(|ended| ended.unwrap_or(Err(TaskError::Aborted)))
    }
}

/// Why a task has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// It panicked; what it had done by then is done. Its key's next task runs.
    #[error("the task panicked; its message is on stderr")]
    Panicked,
    /// It was dropped before its end, begun or not: by `abort`, or with the runtime.
    #[error("the task was dropped before its end")]
    Aborted,
}

/// Why a task was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// As many tasks as may be, or as much weight, are under way; wait for room.
    #[error("the executor is full; wait until some of its tasks have ended")]
    Full,
    /// The executor takes nothing any more.
    #[error(transparent)]
    Closed(#[from] ExecutorClosed),
}

/// The executor was closed and takes nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the executor was closed and takes no further task")]
pub struct ExecutorClosed;
