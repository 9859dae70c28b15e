//! The actions of one connection on their way through the fronts: in order within a chat, side by side
//! across chats.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use relay_wire::{Action, ActionResult, RequestId};
use tokio::time::timeout;

use crate::ActionContext;
use crate::front::fronts::Served;

/// One action to perform.
pub(super) struct Job {
    pub(super) request_id: RequestId,
    pub(super) served: Arc<Served>,
    pub(super) action: Action<'static>,
    pub(super) context: ActionContext,
    /// What it weighs, in bytes of its line.
    pub(super) bytes: usize,
}

/// A performed action. Without a result nothing is known of it, and the gateway is told nothing.
pub(super) struct Performed {
    pub(super) request_id: RequestId,
    pub(super) result: Option<ActionResult<'static>>,
    lane: Lane,
    bytes: usize,
}

/// What must stay in order: one chat of one platform, or, for a follow-up, one session.
type Lane = (String, String);

/// Never waits for a front and never grows beyond its bounds.
pub(super) struct ActionQueue {
    running: FuturesUnordered<BoxFuture<'static, Performed>>,
    /// A lane is in here while one of its actions runs, with the ones behind it.
    waiting: HashMap<Lane, VecDeque<Job>>,
    pending: usize,
    pending_bytes: usize,
    max_pending: usize,
    max_bytes: usize,
    deadline: Duration,
}

impl ActionQueue {
    pub(super) fn new(max_pending: usize, max_bytes: usize, deadline: Duration) -> Self {
        Self {
            running: FuturesUnordered::new(),
            waiting: HashMap::new(),
            pending: 0,
            pending_bytes: 0,
            max_pending,
            max_bytes,
            deadline,
        }
    }

    /// Whether an action of this weight still fits.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.pending < self.max_pending && self.pending_bytes.saturating_add(bytes) <= self.max_bytes
    }

    /// Takes an action; it begins once those before it in its chat are over.
    pub(super) fn push(&mut self, job: Job) {
        self.pending += 1;
        self.pending_bytes += job.bytes;
        let lane = lane(&job);
        if let Some(behind) = self.waiting.get_mut(&lane) {
            behind.push_back(job);
        } else {
            self.waiting.insert(lane.clone(), VecDeque::new());
            self.running.push(perform(job, lane, self.deadline));
        }
    }

    /// The next action that is over; `None` while there is none under way. Nothing is lost when the caller
    /// stops waiting.
    pub(super) async fn next(&mut self) -> Option<Performed> {
        let performed = self.running.next().await?;
        self.pending -= 1;
        self.pending_bytes -= performed.bytes;
        match self.waiting.get_mut(&performed.lane).and_then(VecDeque::pop_front) {
            Some(job) => self.running.push(perform(job, performed.lane.clone(), self.deadline)),
            None => drop(self.waiting.remove(&performed.lane)),
        }
        Some(performed)
    }
}

fn lane(job: &Job) -> Lane {
    let place = match &job.action {
        Action::FollowUp(follow_up) => follow_up.session_key.as_str(),
        action => action.chat_id().unwrap_or_default(),
    };
    (job.served.platform.clone(), place.to_owned())
}

fn perform(job: Job, lane: Lane, deadline: Duration) -> BoxFuture<'static, Performed> {
    let Job { request_id, served, action, context, bytes } = job;
    async move {
        let op = action.op().to_owned();
        let performing = async { served.front.perform(action, context).await };
        // A front that panics costs its own action; the connection, and the others' actions, go on.
        let result = match timeout(deadline, AssertUnwindSafe(performing).catch_unwind()).await {
            Ok(Ok(result)) => Some(result),
            Ok(Err(_)) => {
                tracing::error!(platform = lane.0, op, "the front panicked; the action's fate is unknown");
                None
            }
            Err(_) => {
                tracing::warn!(
                    platform = lane.0,
                    op,
                    "the front took too long; the action's fate is unknown"
                );
                None
            }
        };
        Performed { request_id, result, lane, bytes }
    }
    .boxed()
}
