//! The connections that wait for another request.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};

use super::PoolLimits;
use super::connection::HttpConnection;

/// Keeps connections for later, by origin. Its clones share what is kept; the last one takes it along.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

struct Shared {
    limits: PoolLimits,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// Of each origin the longest unused first; no entry is empty.
    by_origin: HashMap<String, VecDeque<Idle>>,
    /// Closes what has been unused for too long.
    sweeper: Option<JoinHandle<()>>,
}

struct Idle {
    connection: HttpConnection,
    until: Instant,
}

impl Pool {
    pub(super) fn new(limits: PoolLimits) -> Self {
        Self(Arc::new(Shared { limits, kept: Mutex::default() }))
    }

    /// A connection to this origin that has not ended, the last used first.
    pub(super) async fn take(&self, origin: &str) -> Option<HttpConnection> {
        loop {
            let mut idle = self.0.kept().pop(origin)?;
            if idle.until > Instant::now() && idle.connection.is_ready().await {
                return Some(idle.connection);
            }
        }
    }

    /// Keeps a connection, where it can be used again and there is room.
    pub(super) async fn put(&self, origin: &str, mut connection: HttpConnection) {
        let PoolLimits { per_origin, total, idle } = self.0.limits;
        let Some(until) = Instant::now().checked_add(idle) else { return };
        if per_origin == 0 || total == 0 || !connection.is_ready().await {
            return;
        }
        let mut kept = self.0.kept();
        let same = kept.by_origin.entry(origin.to_owned()).or_default();
        same.push_back(Idle { connection, until });
        if same.len() > per_origin {
            same.pop_front();
        }
        if kept.len() > total {
            kept.evict();
        }
        if kept.sweeper.as_ref().is_none_or(JoinHandle::is_finished) {
            kept.sweeper = Some(tokio::spawn(sweep(Arc::downgrade(&self.0))));
        }
    }
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn len(&self) -> usize {
        self.by_origin.values().map(VecDeque::len).sum()
    }

    fn pop(&mut self, origin: &str) -> Option<Idle> {
        let same = self.by_origin.get_mut(origin)?;
        let idle = same.pop_back();
        if same.is_empty() {
            self.by_origin.remove(origin);
        }
        idle
    }

    /// Closes the one that is unused for the longest.
    fn evict(&mut self) {
        let oldest = self.by_origin.iter().filter_map(|(origin, same)| Some((same.front()?.until, origin)));
        let Some(origin) = oldest.min().map(|(_, origin)| origin.clone()) else { return };
        if let Some(same) = self.by_origin.get_mut(&origin) {
            same.pop_front();
        }
        self.by_origin.retain(|_, same| !same.is_empty());
    }

    /// Closes what is due; when the next one is.
    fn expire(&mut self, now: Instant) -> Option<Instant> {
        for same in self.by_origin.values_mut() {
            same.retain(|idle| idle.until > now);
        }
        self.by_origin.retain(|_, same| !same.is_empty());
        self.by_origin.values().filter_map(|same| Some(same.front()?.until)).min()
    }
}

/// Runs while anything is kept and somebody could use it.
async fn sweep(pool: Weak<Shared>) {
    loop {
        let due = {
            let Some(pool) = pool.upgrade() else { return };
            let mut kept = pool.kept();
            let Some(due) = kept.expire(Instant::now()) else {
                kept.sweeper = None;
                return;
            };
            due
        };
        sleep_until(due).await;
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("limits", &self.0.limits)
            .field("kept", &self.0.kept().len())
            .finish_non_exhaustive()
    }
}
