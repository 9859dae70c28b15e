//! What an adapter has done so far and does now, in numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::TurnEnd;
use crate::session::Sessions;

/// Every way in which a message can end, in the order in which they are counted.
const ENDS: [TurnEnd; 9] = [
    TurnEnd::Answered,
    TurnEnd::Silent,
    TurnEnd::Interrupted,
    TurnEnd::AgentFailed,
    TurnEnd::NotDelivered,
    TurnEnd::Refused,
    TurnEnd::Command,
    TurnEnd::Noticed,
    TurnEnd::Kept,
];

/// Looks at an adapter from outside, while it runs and after.
#[derive(Clone, Debug, Default)]
pub struct AdapterCounters {
    counters: Arc<Counters>,
    pub(crate) sessions: Arc<Sessions>,
}

#[derive(Debug, Default)]
struct Counters {
    taken: AtomicU64,
    duplicates: AtomicU64,
    not_taken: AtomicU64,
    running: AtomicU64,
    ends: [AtomicU64; ENDS.len()],
}

/// What an adapter has counted since it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterCounts {
    /// Messages that were committed to the inbox.
    pub taken: u64,
    /// Messages that had been taken before.
    pub duplicates: u64,
    /// Messages that could not be committed; they come again.
    pub not_taken: u64,
    /// Turns that run now.
    pub running_turns: u64,
    /// Sessions that have something to do now.
    pub active_sessions: u64,
    /// Messages that wait behind a running turn now.
    pub waiting_messages: u64,
    /// How messages ended; each way is listed, also one that never happened.
    pub ends: Vec<(TurnEnd, u64)>,
}

/// A turn that runs; it counts until it is dropped, however it ends.
pub(crate) struct Running<'t>(&'t AtomicU64);

impl AdapterCounters {
    /// Of an adapter with these sessions.
    pub(crate) fn over(sessions: Arc<Sessions>) -> Self {
        Self { counters: Arc::default(), sessions }
    }

    /// What there is to count now.
    pub fn counts(&self) -> AdapterCounts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        let (active_sessions, waiting_messages) = self.sessions.sizes();
        AdapterCounts {
            taken: get(&counters.taken),
            duplicates: get(&counters.duplicates),
            not_taken: get(&counters.not_taken),
            running_turns: get(&counters.running),
            active_sessions: active_sessions as u64,
            waiting_messages: waiting_messages as u64,
            ends: ENDS.into_iter().zip(counters.ends.iter().map(get)).collect(),
        }
    }

    pub(crate) fn took(&self) {
        self.counters.taken.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn duplicate(&self) {
        self.counters.duplicates.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed_to_take(&self) {
        self.counters.not_taken.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn runs(&self) -> Running<'_> {
        self.counters.running.fetch_add(1, Ordering::Relaxed);
        Running(&self.counters.running)
    }

    pub(crate) fn ended(&self, end: TurnEnd) {
        let counted = ENDS.iter().zip(&self.counters.ends).find(|(known, _)| **known == end);
        if let Some((_, counter)) = counted {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
