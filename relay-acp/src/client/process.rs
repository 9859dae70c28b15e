//! A started agent, as its sessions use it.

use std::sync::Arc;
use std::time::Duration;

use agent_client_protocol_schema::v1::{AgentCapabilities, CancelNotification, InitializeResponse};
use tokio::sync::{OnceCell, watch};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::router::{GivenTwice, Router};
use crate::process::{ChildProcess, EndLimits, Mask, StderrTail, describe};
use crate::rpc::{Connection, Skipped};
use crate::session::Slot;

/// A process that has shaken hands.
pub(crate) struct AgentProcess {
    child: ChildProcess,
    connection: Arc<Connection>,
    router: Arc<Router>,
    initialized: InitializeResponse,
    stderr: StderrTail,
    mask: Mask,
    limits: EndLimits,
    turns: watch::Sender<Turns>,
    suspect: CancellationToken,
    ended: OnceCell<()>,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Turns {
    running: usize,
    /// Turns that were begun, so that a pause between two is told from a longer one.
    begun: u64,
}

impl AgentProcess {
    pub(crate) fn new(
        child: ChildProcess,
        connection: Arc<Connection>,
        router: Arc<Router>,
        initialized: InitializeResponse,
        stderr: StderrTail,
        mask: Mask,
        limits: EndLimits,
    ) -> Arc<Self> {
        Arc::new(Self {
            child,
            connection,
            router,
            initialized,
            stderr,
            mask,
            limits,
            turns: watch::Sender::default(),
            suspect: CancellationToken::new(),
            ended: OnceCell::new(),
        })
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn capabilities(&self) -> &AgentCapabilities {
        &self.initialized.agent_capabilities
    }

    /// What the agent told of itself when it was started.
    pub(crate) fn initialized(&self) -> &InitializeResponse {
        &self.initialized
    }

    pub(crate) fn mask(&self) -> &Mask {
        &self.mask
    }

    pub(crate) fn skipped(&self) -> Skipped {
        self.connection.counters().read()
    }

    /// The last lines of its stderr, masked.
    pub(crate) fn stderr(&self) -> Vec<String> {
        self.stderr.lines()
    }

    /// The slot of a session, for one conversation, until the claim is dropped or kept.
    pub(crate) fn claim(self: &Arc<Self>, session_id: &str) -> Result<Claim, GivenTwice> {
        let slot = self.router.claim(session_id)?;
        Ok(Claim { process: Arc::clone(self), slot, is_kept: false })
    }

    /// Forgets a session.
    pub(crate) fn release(&self, slot: &Slot) {
        self.router.release(slot.id());
    }

    /// Whether new turns may begin here.
    pub(crate) fn is_usable(&self) -> bool {
        !self.suspect.is_cancelled() && !self.connection.is_closed()
    }

    /// No new turn begins here; once no turn runs the process is replaced.
    pub(crate) fn retire(&self) {
        self.suspect.cancel();
    }

    /// Completes once [`retire`](Self::retire) was called.
    pub(crate) async fn retired(&self) {
        self.suspect.cancelled().await;
    }

    /// A turn runs here until the answer is dropped.
    pub(crate) fn begin_turn(self: &Arc<Self>) -> RunningTurn {
        self.turns.send_modify(|turns| {
            turns.running += 1;
            turns.begun += 1;
        });
        RunningTurn(Arc::clone(self))
    }

    /// Whether no turn runs.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.turns.borrow().running == 0
    }

    /// Completes once no turn runs.
    pub(crate) async fn at_rest(&self) {
        // The sender is in `self`, so the channel does not close.
        let _ = self.turns.subscribe().wait_for(|turns| turns.running == 0).await;
    }

    /// Completes once no turn has run for this long.
    pub(crate) async fn idle(&self, limit: Duration) {
        let mut turns = self.turns.subscribe();
        loop {
            let begun = match turns.wait_for(|turns| turns.running == 0).await {
                Ok(turns) => turns.begun,
                Err(_) => return,
            };
            let busy = turns.wait_for(|turns| turns.running > 0 || turns.begun > begun);
            if tokio::time::timeout(limit, busy).await.is_err() {
                return;
            }
        }
    }

    /// Completes once the process ended, or cannot be spoken with any more. The answer says how, for the log.
    pub(crate) async fn lost(&self) -> String {
        self.connection.closed().await;
        let ended = tokio::time::timeout(Duration::from_millis(200), self.child.ended()).await;
        ended.map_or_else(|_| "it closed its output or reads nothing any more".to_owned(), describe)
    }

    /// Memory of the process and what it started, in bytes.
    pub(crate) async fn memory(&self) -> u64 {
        self.child.memory().await
    }

    /// Ends the process and everything that it started: stops what runs, answers what is open, closes its stdin,
    /// waits, terminates, kills, sweeps. Whoever calls it again waits for the same end.
    pub(crate) async fn end(&self) {
        let ending = async {
            self.suspect.cancel();
            for slot in self.router.claimed() {
                for question in slot.retire() {
                    question.cancel(&self.connection);
                }
                if !self.is_at_rest() {
                    self.connection.notify("session/cancel", CancelNotification::new(slot.id().to_owned()));
                }
            }
            self.connection.close_stdin();
            self.child.end(self.limits).await;
            self.connection.close();
            debug!(process = self.child.number(), skipped = ?self.skipped(), "an agent has ended");
        };
        self.ended.get_or_init(|| ending).await;
    }
}

/// A session that is being opened. One whose opening fails, or is given up, can be opened again.
pub(crate) struct Claim {
    process: Arc<AgentProcess>,
    slot: Arc<Slot>,
    is_kept: bool,
}

impl Claim {
    /// The slot.
    pub(crate) fn slot(&self) -> &Slot {
        &self.slot
    }

    /// The session is open.
    pub(crate) fn keep(mut self) -> Arc<Slot> {
        self.is_kept = true;
        Arc::clone(&self.slot)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.is_kept {
            self.process.release(&self.slot);
        }
    }
}

/// A turn that runs on a process.
pub(crate) struct RunningTurn(Arc<AgentProcess>);

impl Drop for RunningTurn {
    fn drop(&mut self) {
        self.0.turns.send_modify(|turns| turns.running -= 1);
    }
}
