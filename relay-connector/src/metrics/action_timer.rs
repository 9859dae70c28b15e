//! One action, measured from its start to what became of it.

use relay_wire::ActionResult;
use tokio::time::Instant;

use super::Metrics;

/// Counts the action once it ends; one that is dropped has an unknown fate.
#[derive(Debug)]
pub(crate) struct ActionTimer {
    metrics: Metrics,
    op: &'static str,
    began: Instant,
    outcome: &'static str,
}

impl ActionTimer {
    pub(super) fn new(metrics: Metrics, op: &'static str) -> Self {
        Self { metrics, op, began: Instant::now(), outcome: "unknown" }
    }

    /// The front said what became of it.
    pub(crate) fn ended(mut self, result: &ActionResult) {
        self.outcome = match result {
            ActionResult { success: true, .. } => "succeeded",
            result if result.is_declined() => "declined",
            _ => "failed",
        };
    }
}

impl Drop for ActionTimer {
    fn drop(&mut self) {
        self.metrics.action_ended(self.op, self.outcome, self.began.elapsed());
    }
}
