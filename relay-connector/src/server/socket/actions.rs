//! The actions of one connection on their way through the fronts: in order within a chat, side by side
//! across chats, each on a task that outlives the connection.

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use relay_wire::{Action, ActionResult, RequestId, SessionKey};
use tokio::sync::oneshot;
use tokio::task::unconstrained;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::front::chat_lanes::{ChatLanes, Lane};
use crate::front::fronts::Served;
use crate::server::tasks::Tasks;
use crate::{ActionContext, Limits};

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
    lane: Lane,
    bytes: usize,
}

/// Never waits for a front and never grows beyond its bounds. When it is dropped, what is begun is finished all the same.
pub(super) struct ActionQueue {
    running: FuturesUnordered<BoxFuture<'static, Performed>>,
    /// A lane is in here while one of its actions runs, with the ones behind it.
    waiting: HashMap<Lane, VecDeque<Job>>,
    pending: usize,
    pending_bytes: usize,
    max_pending: usize,
    max_bytes: usize,
    deadline: Duration,
    lanes: Arc<ChatLanes>,
    tasks: Tasks,
    /// Tells what is not begun that nobody wants it any more.
    abandon: CancellationToken,
    _abandon_when_dropped: DropGuard,
}

impl ActionQueue {
    pub(super) fn new(limits: &Limits, lanes: Arc<ChatLanes>, tasks: Tasks) -> Self {
        let abandon = CancellationToken::new();
        Self {
            running: FuturesUnordered::new(),
            waiting: HashMap::new(),
            pending: 0,
            pending_bytes: 0,
            max_pending: limits.actions,
            max_bytes: limits.action_bytes,
            deadline: limits.action,
            lanes,
            tasks,
            _abandon_when_dropped: abandon.clone().drop_guard(),
            abandon,
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
            self.running.push(perform(job, lane, self));
        }
    }

    /// The next action that is over; `None` while there is none under way. Nothing is lost when the caller
    /// stops waiting.
    pub(super) async fn next(&mut self) -> Option<Performed> {
        let performed = self.running.next().await?;
        self.pending -= 1;
        self.pending_bytes -= performed.bytes;
        match self.waiting.get_mut(&performed.lane).and_then(VecDeque::pop_front) {
            Some(job) => self.running.push(perform(job, performed.lane.clone(), self)),
            None => drop(self.waiting.remove(&performed.lane)),
        }
        Some(performed)
    }
}

fn lane(job: &Job) -> Lane {
    let place = match &job.action {
        Action::FollowUp(follow_up) => follow_up.session_key.as_ref().map_or("", SessionKey::as_str),
        action => action.chat_id().unwrap_or_default(),
    };
    (job.served.platform.clone(), place.to_owned())
}

/// Has the action performed on a task of its own, which its connection does not take along when it ends. An action that
/// waits for its turn behind another connection's is not begun any more then.
fn perform(job: Job, lane: Lane, queue: &ActionQueue) -> BoxFuture<'static, Performed> {
    let Job { request_id, served, action, context, bytes } = job;
    let (lanes, of_task, deadline) = (Arc::clone(&queue.lanes), lane.clone(), queue.deadline);
    let abandoned = queue.abandon.clone();
    let (report, reported) = oneshot::channel();
    let mut task = Box::pin(async move {
        let turn = tokio::select! {
            biased;
            () = abandoned.cancelled() => return,
            turn = lanes.enter(&of_task) => turn,
        };
        let result = finish(&served, action, context, deadline).await;
        drop(turn);
        // The connection may be gone, and with it whoever wanted to know.
        let _ = report.send(result);
    });
    // Most are over at once. A front that keeps up makes room by that before the next action is looked at.
    // This look must not fail for the budget that tokio gives the connection's task.
    if unconstrained(task.as_mut()).now_or_never().is_none() {
        queue.tasks.spawn(task);
    }
    // Nothing is reported when all tasks were killed: then nothing is known.
    async move { Performed { request_id, result: reported.await.ok().flatten(), lane, bytes } }.boxed()
}

async fn finish(
    served: &Served,
    action: Action,
    context: ActionContext,
    deadline: Duration,
) -> Option<ActionResult> {
    let (platform, op) = (&served.platform, action.op().to_owned());
    let performing = async { served.front.perform(action, context).await };
    // A front that panics costs its own action; the others' actions go on.
    match timeout(deadline, AssertUnwindSafe(performing).catch_unwind()).await {
        Ok(Ok(result)) => Some(result),
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
