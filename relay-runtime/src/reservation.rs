//! Room in an executor.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use crate::task::{ExecutorClosed, SubmitError};

/// Counts what is under way, by number and by weight.
#[derive(Debug)]
pub(crate) struct Room {
    tasks: Arc<Semaphore>,
    weight: Arc<Semaphore>,
    max_weight: u32,
    max_tasks: usize,
}

/// Room for one task in an executor. It is free again when the task has ended, or when this is dropped unused.
#[derive(Debug)]
#[must_use = "dropping it gives the room back"]
pub struct Reservation {
    _task: OwnedSemaphorePermit,
    _weight: OwnedSemaphorePermit,
}

impl Room {
    pub(crate) fn new(tasks: usize, weight: usize) -> Self {
        let max_tasks = tasks.clamp(1, Semaphore::MAX_PERMITS);
        let max_weight = u32::try_from(weight.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        let weight = usize::try_from(max_weight).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            tasks: Arc::new(Semaphore::new(max_tasks)),
            weight: Arc::new(Semaphore::new(weight)),
            max_weight,
            max_tasks,
        }
    }

    /// Tasks that are under way or have their room reserved.
    pub(crate) fn taken(&self) -> usize {
        self.max_tasks.saturating_sub(self.tasks.available_permits())
    }

    /// Waits for room. Who waits first is served first; a task heavier than all the room takes all of it.
    pub(crate) async fn reserve(&self, weight: usize) -> Result<Reservation, ExecutorClosed> {
        let task = Arc::clone(&self.tasks).acquire_owned().await.map_err(|_| ExecutorClosed)?;
        let weight = Arc::clone(&self.weight).acquire_many_owned(self.clamped(weight)).await;
        Ok(Reservation { _task: task, _weight: weight.map_err(|_| ExecutorClosed)? })
    }

    pub(crate) fn try_reserve(&self, weight: usize) -> Result<Reservation, SubmitError> {
        let refused = |error| match error {
            TryAcquireError::NoPermits => SubmitError::Full,
            TryAcquireError::Closed => SubmitError::Closed(ExecutorClosed),
        };
        let task = Arc::clone(&self.tasks).try_acquire_owned().map_err(refused)?;
        let weight =
            Arc::clone(&self.weight).try_acquire_many_owned(self.clamped(weight)).map_err(refused)?;
        Ok(Reservation { _task: task, _weight: weight })
    }

    /// From here on nothing is reserved; who waits learns of it.
    pub(crate) fn close(&self) {
        self.tasks.close();
        self.weight.close();
    }

    fn clamped(&self, weight: usize) -> u32 {
        u32::try_from(weight).unwrap_or(u32::MAX).min(self.max_weight)
    }
}
