//! What is measured while a gateway runs, beside what the link and the adapter count themselves.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;
use relay_adapter::TurnReport;
use relay_transport::Outcome;
use relay_wire::BufferId;
use tokio::time::Instant;

use crate::observability::agent_status::AgentTurns;

/// How many deliveries may be on their way to an acknowledgement and be measured.
const MOST_UNACKNOWLEDGED: usize = 4_096;

/// The upper ends of what is short, in seconds: commits and acknowledgements.
const SHORT: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0];

/// The upper ends of what a platform and a network take, in seconds.
const MIDDLE: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// The upper ends of what agents take, in seconds.
const LONG: [f64; 11] = [0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1_800.0];

/// What a gateway has measured so far. Cheap to clone; clones measure into the same.
#[derive(Clone, Debug)]
pub(crate) struct Measurements(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// By op and outcome.
    actions: Mutex<BTreeMap<(String, &'static str), u64>>,
    /// Messages that ended, by the agent and how.
    agent_turns: Mutex<AgentTurns>,
    /// When deliveries were handed to the inbox that are to be acknowledged.
    unacknowledged: Mutex<HashMap<BufferId, Instant>>,
    action: Histogram,
    admission: Histogram,
    acknowledgement: Histogram,
    turn: Histogram,
}

impl Default for Measurements {
    fn default() -> Self {
        Self(Arc::new(Inner {
            actions: Mutex::default(),
            agent_turns: Mutex::default(),
            unacknowledged: Mutex::default(),
            action: Histogram::new(MIDDLE),
            admission: Histogram::new(SHORT),
            acknowledgement: Histogram::new(SHORT),
            turn: Histogram::new(LONG),
        }))
    }
}

impl Measurements {
    /// How many actions of each op ended how.
    pub(crate) fn actions(&self) -> Vec<((String, &'static str), u64)> {
        lock(&self.0.actions).iter().map(|(labels, count)| (labels.clone(), *count)).collect()
    }

    /// How many messages to each of several agents ended how.
    pub(crate) fn agent_turns(&self) -> AgentTurns {
        lock(&self.0.agent_turns).clone()
    }

    pub(crate) fn action(&self) -> &Histogram {
        &self.0.action
    }

    pub(crate) fn admission(&self) -> &Histogram {
        &self.0.admission
    }

    pub(crate) fn acknowledgement(&self) -> &Histogram {
        &self.0.acknowledgement
    }

    pub(crate) fn turn(&self) -> &Histogram {
        &self.0.turn
    }

    pub(super) fn action_ended(&self, op: &str, outcome: &Outcome, took: Duration) {
        self.0.action.observe(took.as_secs_f64());
        *lock(&self.0.actions).entry((op.to_owned(), word(outcome))).or_default() += 1;
    }

    pub(super) fn admission_began(&self, buffer_id: Option<&BufferId>) {
        let Some(buffer_id) = buffer_id else { return };
        let mut unacknowledged = lock(&self.0.unacknowledged);
        if unacknowledged.len() < MOST_UNACKNOWLEDGED {
            unacknowledged.insert(buffer_id.clone(), Instant::now());
        }
    }

    pub(super) fn admission_ended(&self, took: Duration) {
        self.0.admission.observe(took.as_secs_f64());
    }

    /// A delivery that could not be committed is not acknowledged.
    pub(super) fn admission_failed(&self, buffer_id: Option<&BufferId>) {
        if let Some(buffer_id) = buffer_id {
            lock(&self.0.unacknowledged).remove(buffer_id);
        }
    }

    pub(super) fn acknowledged(&self, buffer_id: &BufferId) {
        if let Some(began) = lock(&self.0.unacknowledged).remove(buffer_id) {
            self.0.acknowledgement.observe(began.elapsed().as_secs_f64());
        }
    }

    /// Measures a turn that has ended.
    pub(crate) fn turn_ended(&self, report: &TurnReport) {
        if let Some(agent) = &report.agent {
            *lock(&self.0.agent_turns).entry((agent.to_string(), report.end.as_str())).or_default() += 1;
        }
        if let Some(took) = report.took {
            self.0.turn.observe(took.as_secs_f64());
        }
    }
}

/// An outcome in one word.
fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered(_) => "delivered",
        Outcome::Declined(_) => "declined",
        Outcome::Failed(_) => "failed",
        Outcome::NotSent => "not_sent",
        Outcome::Unknown => "unknown",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
