//! The lanes of an executor: what runs, and what waits behind it.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;

use crate::task::ExecutorClosed;

/// A task with everything that belongs to it. It does not panic and gives its own result away.
pub(crate) type Job = BoxFuture<'static, ()>;

/// Which keys have tasks under way, and what waits in them.
pub(crate) struct Lanes<K>(Mutex<State<K>>);

struct State<K> {
    /// A key is in here while a task of it runs, with the tasks behind that one.
    busy: HashMap<K, VecDeque<Job>>,
    closed: bool,
}

impl<K: Eq + Hash + Clone> Lanes<K> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State { busy: HashMap::new(), closed: false }))
    }

    /// How many keys have a task under way.
    pub(crate) fn busy(&self) -> usize {
        self.lock().busy.len()
    }

    /// Takes no job from here on.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Puts a job behind those of its key. The lane of a key that had none comes back with its first job, for
    /// the caller to drive.
    pub(crate) fn push(self: &Arc<Self>, key: K, job: Job) -> Result<Option<Begun<K>>, ExecutorClosed> {
        let mut state = self.lock();
        if state.closed {
            return Err(ExecutorClosed);
        }
        if let Some(behind) = state.busy.get_mut(&key) {
            behind.push_back(job);
            return Ok(None);
        }
        state.busy.insert(key.clone(), VecDeque::new());
        Ok(Some((Lane { lanes: Arc::clone(self), key, over: false }, job)))
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lane that has just become busy, and its first job.
pub(crate) type Begun<K> = (Lane<K>, Job);

/// The one who drives a key's jobs. There is at most one for each key.
pub(crate) struct Lane<K: Eq + Hash + Clone> {
    lanes: Arc<Lanes<K>>,
    key: K,
    over: bool,
}

impl<K: Eq + Hash + Clone> Lane<K> {
    /// Does its jobs one after the other, also those that come meanwhile, until none is left.
    pub(crate) async fn drive(mut self, first: Job) {
        let mut next = Some(first);
        while let Some(job) = next {
            job.await;
            next = self.next();
        }
    }

    /// Taking the last job and giving the key up is one step, so that no job can come to a lane without a driver.
    fn next(&mut self) -> Option<Job> {
        let mut state = self.lanes.lock();
        let job = state.busy.get_mut(&self.key).and_then(VecDeque::pop_front);
        if job.is_none() {
            state.busy.remove(&self.key);
            self.over = true;
        }
        job
    }
}

impl<K: Eq + Hash + Clone> Drop for Lane<K> {
    /// A driver that is dropped before its end takes what waits behind it along.
    fn drop(&mut self) {
        if !self.over {
            let behind = self.lanes.lock().busy.remove(&self.key);
            // After the lock: what is dropped may submit again.
            drop(behind);
        }
    }
}
