//! The actions of one connection on their way through the fronts: in order within a chat, side by side
//! across chats, each in an executor that outlives the connection.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use relay_runtime::{ExecutorLimits, KeyedExecutor};
use relay_wire::{Action, ActionResult, RequestId, SessionKey};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::front::fronts::Served;
use crate::metrics::Metrics;
use crate::server::tasks::Tasks;
use crate::{ActionContext, Limits};

/// What must stay in order over all connections: one chat of one platform, or, for a follow-up, one session.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ActionKey {
    platform: String,
    place: String,
}

/// Performs the actions of all connections. Each connection bounds its own, so that it needs no bound besides.
pub(crate) type ActionExecutor = KeyedExecutor<ActionKey>;

/// An executor for the actions of one connector.
pub(crate) fn action_executor() -> ActionExecutor {
    KeyedExecutor::new("actions", ExecutorLimits::unbounded())
}

/// One action to perform.
pub(super) struct Job {
    pub(super) request_id: RequestId,
    pub(super) served: Arc<Served>,
    pub(super) action: Action,
    pub(super) context: ActionContext,
    /// What it weighs, in bytes of its line.
    pub(super) bytes: usize,
}

/// A performed action. Without a result nothing is known of it, and the gateway is told nothing.
pub(super) struct Performed {
    pub(super) request_id: RequestId,
    pub(super) result: Option<ActionResult>,
    bytes: usize,
}

/// Never waits for a front and never grows beyond its bounds. When it is dropped, what is begun is finished all the same.
pub(super) struct ActionQueue {
    running: FuturesUnordered<BoxFuture<'static, Performed>>,
    pending_bytes: usize,
    max_pending: usize,
    max_bytes: usize,
    deadline: Duration,
    metrics: Metrics,
    executor: ActionExecutor,
    tasks: Tasks,
    /// Tells what is not begun that nobody wants it any more.
    abandon: CancellationToken,
    _abandon_when_dropped: DropGuard,
}

impl ActionQueue {
    pub(super) fn new(limits: &Limits, executor: ActionExecutor, tasks: Tasks, metrics: Metrics) -> Self {
        let abandon = CancellationToken::new();
        Self {
            running: FuturesUnordered::new(),
            pending_bytes: 0,
            max_pending: limits.actions,
            max_bytes: limits.action_bytes,
            deadline: limits.action,
            metrics,
            executor,
            tasks,
            _abandon_when_dropped: abandon.clone().drop_guard(),
            abandon,
        }
    }

    /// Whether an action of this weight still fits.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.running.len() < self.max_pending && self.pending_bytes.saturating_add(bytes) <= self.max_bytes
    }

    /// Takes an action; it begins once those before it in its chat are over. Most are over at once: a front that keeps
    /// up makes room by that before the next action is looked at.
    pub(super) fn push(&mut self, job: Job) {
        self.pending_bytes += job.bytes;
        let key = key(&job);
        let Job { request_id, served, action, context, bytes } = job;
        let (abandoned, deadline, metrics) = (self.abandon.clone(), self.deadline, self.metrics.clone());
        let performing = async move {
            // One that waited behind another connection's is not begun any more when its own has ended.
            if abandoned.is_cancelled() {
                None
            } else {
                finish(&served, action, context, deadline, &metrics).await
            }
        };
        let performing = self.tasks.tracked(performing);
        let performed = self.executor.try_run(key, 1, async move { performing.await.flatten() });
        self.running.push(
            async move {
                // Nothing is reported when all tasks were cut: then nothing is known.
                let result = match performed {
                    Ok(performed) => performed.await.ok().flatten(),
                    Err(_) => None,
                };
                Performed { request_id, result, bytes }
            }
            .boxed(),
        );
    }

    /// The next action that is over; `None` while there is none under way. Nothing is lost when the caller
    /// stops waiting.
    pub(super) async fn next(&mut self) -> Option<Performed> {
        let performed = self.running.next().await?;
        self.pending_bytes -= performed.bytes;
        Some(performed)
    }
}

fn key(job: &Job) -> ActionKey {
    let place = match &job.action {
        Action::FollowUp(follow_up) => follow_up.session_key.as_ref().map_or("", SessionKey::as_str),
        action => action.chat_id().unwrap_or_default(),
    };
    ActionKey { platform: job.served.platform.clone(), place: place.to_owned() }
}

async fn finish(
    served: &Served,
    action: Action,
    context: ActionContext,
    deadline: Duration,
    metrics: &Metrics,
) -> Option<ActionResult> {
    let (platform, op) = (&served.platform, action.op().to_owned());
    let timer = metrics.action(&op);
    let performing = async { served.front.perform(action, context).await };
    // A front that panics costs its own action; the others' actions go on.
    match timeout(deadline, AssertUnwindSafe(performing).catch_unwind()).await {
        Ok(Ok(result)) => {
            timer.ended(&result);
            Some(result)
        }
        Ok(Err(_)) => {
            tracing::error!(platform, op, "the front panicked; the action's fate is unknown");
            None
        }
        Err(_) => {
            tracing::warn!(platform, op, "the front took too long; the action's fate is unknown");
            None
        }
    }
}
