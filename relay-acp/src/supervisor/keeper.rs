//! Keeps a process of an agent running: starts it, starts it again, replaces it, suspends it, ends it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use relay_adapter::{AgentCommand, AgentError, AgentErrorKind, AgentState};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use super::failures::{Failures, Next};
use crate::client::{AgentProcess, RunningTurn, start};
use crate::session::{check_login, check_mode};
use crate::settings::{AcpSettings, Processes};

/// Where a process stands.
#[derive(Clone)]
enum Phase {
    /// None runs; the next turn starts one.
    Suspended,
    /// The last one ends; another one is started then.
    Replacing,
    /// One is being started.
    Starting,
    /// One runs.
    Running(Arc<AgentProcess>),
    /// The last one failed; another one is started then.
    Waiting { until: Instant, failure: AgentError },
    /// Too many have failed. A turn after `retry` tries once more.
    GivenUp { retry: Instant, failure: AgentError },
    /// The gateway stops.
    Ended,
}

/// One process at a time, for all sessions or for one of them.
pub(crate) struct Keeper {
    settings: Arc<AcpSettings>,
    phase: watch::Sender<Phase>,
    wants: watch::Sender<u64>,
    state: watch::Sender<AgentState>,
    /// Why a session could not be begun or a prompt not be answered: nobody has signed the agent in.
    login: Mutex<Option<AgentError>>,
    /// The commands that it understands, as it said last.
    commands: Mutex<Vec<AgentCommand>>,
    /// Whether it is signed in is being looked at, so that nobody takes it for ready.
    is_probing: AtomicBool,
    runs: AtomicBool,
    stop: CancellationToken,
    tasks: TaskTracker,
}

/// Why a process is not used any more.
enum Over {
    Lost(String),
    Retired,
    Idle,
    Stop,
}

impl Keeper {
    /// Starts nothing yet.
    pub(crate) fn new(settings: Arc<AcpSettings>) -> Arc<Self> {
        Arc::new(Self {
            settings,
            phase: watch::Sender::new(Phase::Suspended),
            wants: watch::Sender::default(),
            state: watch::Sender::default(),
            login: Mutex::default(),
            commands: Mutex::default(),
            is_probing: AtomicBool::new(false),
            runs: AtomicBool::new(false),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    /// Whether the agent can answer.
    pub(crate) fn state(&self) -> watch::Receiver<AgentState> {
        self.state.subscribe()
    }

    /// Starts the first process, unless that has begun.
    pub(crate) fn begin(self: &Arc<Self>) {
        if !self.runs.swap(true, Ordering::Relaxed) && !self.stop.is_cancelled() {
            // Before its task runs: whoever looks now does not take it for ready.
            self.enter(Phase::Starting);
            self.tasks.spawn(Arc::clone(self).run());
        }
    }

    /// The process that runs, where one does.
    pub(crate) fn running(&self) -> Option<Arc<AgentProcess>> {
        match &*self.phase.borrow() {
            Phase::Running(process) => Some(Arc::clone(process)),
            _ => None,
        }
    }

    fn want(&self) {
        self.wants.send_modify(|wants| *wants += 1);
    }

    /// A running process with a turn on it. Waits while one is being started; fails when that failed.
    pub(crate) async fn acquire(self: &Arc<Self>) -> Result<(Arc<AgentProcess>, RunningTurn), AgentError> {
        let mut phases = self.phase.subscribe();
        self.begin();
        let mut has_waited = false;
        loop {
            let phase = phases.borrow_and_update().clone();
            match phase {
                Phase::Running(process) => {
                    let turn = process.begin_turn();
                    if process.is_usable() {
                        return Ok((process, turn));
                    }
                }
                Phase::Replacing => {}
                Phase::Starting => has_waited = true,
                Phase::Suspended => self.want(),
                Phase::Waiting { until, failure } => {
                    if has_waited || until.duration_since(Instant::now()) > self.settings.limits.notice {
                        return Err(failure);
                    }
                }
                Phase::GivenUp { retry, failure } => {
                    if has_waited || Instant::now() < retry {
                        return Err(failure);
                    }
                    self.want();
                }
                Phase::Ended => {
                    return Err(AgentError::new(AgentErrorKind::Unavailable, "the gateway stops"));
                }
            }
            if phases.changed().await.is_err() {
                return Err(AgentError::new(AgentErrorKind::Unavailable, "the gateway stops"));
            }
        }
    }

    /// Ends what runs; completes when nothing of it is left.
    pub(crate) async fn shutdown(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.enter(Phase::Ended);
    }

    async fn run(self: Arc<Self>) {
        let mut wants = self.wants.subscribe();
        let mut failures = Failures::default();
        let (mut is_checked, mut is_probed) = (false, false);
        loop {
            self.enter(Phase::Starting);
            let started = tokio::select! {
                started = self.start(&mut is_checked) => started,
                () = self.stop.cancelled() => return,
            };
            let failure = match started {
                Err(failure) => failure,
                Ok(process) => {
                    if !std::mem::replace(&mut is_probed, true) {
                        self.probe_login(&process);
                    }
                    self.enter(Phase::Running(Arc::clone(&process)));
                    let began = Instant::now();
                    let over = self.watch(&process).await;
                    if began.elapsed() >= self.settings.limits.backoff_most {
                        failures.clear();
                    }
                    match over {
                        Over::Lost(how) => {
                            self.enter(Phase::Replacing);
                            process.end().await;
                            self.lost(&process, &how)
                        }
                        Over::Retired => {
                            self.replace(process).await;
                            if self.settings.processes == Processes::PerSession {
                                wants.borrow_and_update();
                                self.enter(Phase::Suspended);
                                if !self.wanted(&mut wants).await {
                                    return;
                                }
                            }
                            continue;
                        }
                        Over::Idle => {
                            info!(agent = self.settings.name, "an agent had nothing to do and is suspended");
                            wants.borrow_and_update();
                            process.end().await;
                            self.enter(Phase::Suspended);
                            if !self.wanted(&mut wants).await {
                                return;
                            }
                            continue;
                        }
                        Over::Stop => {
                            process.end().await;
                            return;
                        }
                    }
                }
            };
            wants.borrow_and_update();
            let next = failures.add(&self.settings.limits, Instant::now());
            if !self.after(failure, next, &mut wants).await {
                return;
            }
        }
    }

    /// Waits as a failure demands; `false` where the gateway stops.
    async fn after(&self, failure: AgentError, next: Next, wants: &mut watch::Receiver<u64>) -> bool {
        let agent = &self.settings.name;
        match next {
            Next::Retry(wait) if self.settings.processes == Processes::PerSession => {
                warn!(
                    agent,
                    detail = failure.detail,
                    "an agent failed; its session's next message starts it again"
                );
                let retry = Instant::now() + wait;
                self.enter(Phase::GivenUp { retry, failure });
                self.wanted(wants).await
            }
            Next::Retry(wait) => {
                warn!(agent, ?wait, detail = failure.detail, "an agent failed and is started again");
                let until = Instant::now() + wait;
                self.enter(Phase::Waiting { until, failure });
                tokio::select! {
                    () = sleep_until(until) => true,
                    () = self.stop.cancelled() => false,
                }
            }
            Next::GiveUp => {
                warn!(
                    agent,
                    detail = failure.detail,
                    "an agent failed too often and is not started again until somebody writes; start it by hand to see why"
                );
                let retry = Instant::now() + self.settings.limits.backoff_most;
                self.enter(Phase::GivenUp { retry, failure });
                self.wanted(wants).await
            }
        }
    }

    /// Waits until a turn wants a process; `false` where the gateway stops.
    async fn wanted(&self, wants: &mut watch::Receiver<u64>) -> bool {
        tokio::select! {
            // Its sender is in `self`.
            _ = wants.changed() => true,
            () = self.stop.cancelled() => false,
        }
    }

    async fn start(&self, is_checked: &mut bool) -> Result<Arc<AgentProcess>, AgentError> {
        let process = start(&self.settings)
            .await
            .map_err(|error| AgentError::new(error.kind(), error.to_string()).with_retryable(false))?;
        if !*is_checked {
            if let Err(error) = check_mode(&self.settings, &process).await {
                process.end().await;
                return Err(error);
            }
            *is_checked = true;
        }
        Ok(process)
    }

    /// Sees beside the first turns whether an agent that can be signed in is. One that has no such way needs none.
    fn probe_login(self: &Arc<Self>, process: &Arc<AgentProcess>) {
        let can_be_signed_in = !process.initialized().auth_methods.is_empty();
        if !can_be_signed_in || self.settings.processes == Processes::PerSession {
            return;
        }
        self.is_probing.store(true, Ordering::Relaxed);
        let (keeper, process) = (Arc::clone(self), Arc::clone(process));
        self.tasks.spawn(async move {
            let found = tokio::select! {
                found = check_login(&keeper.settings, &process) => found,
                () = keeper.stop.cancelled() => Ok(()),
            };
            keeper.is_probing.store(false, Ordering::Relaxed);
            if let Err(failure) = &found {
                warn!(agent = keeper.settings.name, detail = failure.detail, "an agent is not signed in");
                keeper.note_login(Some(failure));
            }
            let phase = keeper.phase.borrow().clone();
            keeper.publish(&phase);
        });
    }

    async fn watch(&self, process: &AgentProcess) -> Over {
        let idle = async {
            match self.settings.idle_after {
                Some(limit) => process.idle(limit).await,
                None => std::future::pending().await,
            }
        };
        let over = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Over::Stop,
            () = process.retired() => return Over::Retired,
            how = process.lost() => return Over::Lost(how),
            () = idle => Over::Idle,
        };
        // A turn may have begun in this very moment; then the process ends after it.
        process.retire();
        if process.is_at_rest() { over } else { Over::Retired }
    }

    /// Another process takes over. The old one ends first where nothing runs on it, else after its last turn.
    async fn replace(self: &Arc<Self>, process: Arc<AgentProcess>) {
        self.enter(Phase::Replacing);
        if process.is_at_rest() {
            process.end().await;
            return;
        }
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = process.at_rest() => {}
                () = stop.cancelled() => {}
            }
            process.end().await;
        });
    }

    fn lost(&self, process: &AgentProcess, how: &str) -> AgentError {
        let stderr = if self.settings.log_stderr { process.stderr().join(" | ") } else { String::new() };
        let detail = format!("the process of `{}` was lost: {how} {stderr}", self.settings.name);
        AgentError::new(AgentErrorKind::Unavailable, detail.trim_end()).with_retryable(false)
    }

    /// Notes which commands the agent understands; nothing where it said of none.
    pub(crate) fn note_commands(&self, commands: &[AgentCommand]) {
        if !commands.is_empty() {
            commands.clone_into(&mut self.commands.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// The commands that it understands, as it said last, also by a process that has ended.
    pub(crate) fn commands(&self) -> Vec<AgentCommand> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes that a turn failed since nobody has signed the agent in, or that one was answered.
    pub(crate) fn note_login(&self, failure: Option<&AgentError>) {
        let changes = {
            let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
            let changes = login.is_some() != failure.is_some();
            if changes {
                *login = failure.cloned();
            }
            changes
        };
        if changes {
            let phase = self.phase.borrow().clone();
            self.publish(&phase);
        }
    }

    fn enter(&self, phase: Phase) {
        self.publish(&phase);
        self.phase.send_replace(phase);
    }

    /// Says what a phase means for those who want to be answered.
    fn publish(&self, phase: &Phase) {
        let login = self.login.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let state = match phase {
            Phase::Replacing | Phase::Starting => AgentState::Starting,
            Phase::Suspended | Phase::Running(_) => match login {
                None if self.is_probing.load(Ordering::Relaxed) => AgentState::Starting,
                None => AgentState::Ready,
                Some(failure) => self.unavailable(&failure, "sign it in as its documentation says"),
            },
            Phase::Waiting { failure, .. } => self.unavailable(failure, "it is started again by itself"),
            Phase::GivenUp { failure, .. } => self.unavailable(
                failure,
                "it failed too often; mend it, then restart the gateway or send a message",
            ),
            Phase::Ended => {
                let failure = AgentError::new(AgentErrorKind::Unavailable, "the gateway stops");
                self.unavailable(&failure, "start the gateway")
            }
        };
        self.state.send_if_modified(|now| {
            let same = match (&*now, &state) {
                // Since when counts from the first failure of a row.
                (AgentState::Unavailable { remedy: before, .. }, AgentState::Unavailable { remedy, .. }) => {
                    before == remedy
                }
                (before, after) => before == after,
            };
            if !same {
                *now = state.clone();
            }
            !same
        });
    }

    fn unavailable(&self, failure: &AgentError, remedy: &str) -> AgentState {
        let since = self.settings.clock.now();
        let remedy = format!("{}: {}; {remedy}", self.settings.name, failure.detail);
        AgentState::Unavailable { since, reason: failure.kind, remedy }
    }
}

/// How long a shutdown may need with these settings.
pub(crate) fn shutdown_takes(settings: &AcpSettings) -> Duration {
    let end = settings.limits.end;
    end.stdin + end.terminate + Duration::from_secs(1)
}
