//! The task that owns the socket: dials, serves, judges each loss, and dials again.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relay_wire::LineDecoder;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::link::command::{Command, Lanes, Outward};
use crate::link::connection::{Connection, Liveness, Socket, connect};
use crate::link::hibernation::{Hibernation, Idle};
use crate::link::inbound::Intake;
use crate::link::reconnect::{Initiator, Loss, Standing, Verdict};
use crate::link::stages::{Stages, Step};
use crate::{LinkConfig, LinkState};

pub(crate) struct Task {
    pub(crate) config: LinkConfig,
    pub(crate) closing: CancellationToken,
    pub(crate) lanes: Lanes,
    pub(crate) intake: Intake,
    pub(crate) stages: Stages,
    pub(crate) last_loss: watch::Sender<Option<Arc<Loss>>>,
    pub(crate) standing: Standing,
    pub(crate) idle: Idle,
    /// A request was refused since the last connection was live, so somebody may be waiting for the next one.
    pub(crate) wanted: Arc<AtomicBool>,
}

/// What ends a wait for a connection early.
pub(crate) enum Interruption {
    /// The owner closes the link.
    Closing,
    /// The owner leaves, and nobody waits for a connection.
    Rest,
}

/// The link ended.
struct Ended;

impl Task {
    pub(crate) async fn run(mut self) {
        match self.config.refusal() {
            Some(reason) => self.stages.step(Step::Rejected, LinkState::Disabled { reason }),
            None => self.keep_connected().await,
        }
        self.lanes.shut();
        // Deliveries that were read are still the consumer's, unless it is the one who closes.
        let closing = self.closing.clone();
        tokio::select! {
            biased;
            () = closing.cancelled() => {}
            () = self.intake.events.finish() => {}
        }
    }

    /// Dials again and again, until there is no more reason to.
    async fn keep_connected(&mut self) {
        let mut dial_at = Instant::now();
        while let Ok(next) = self.connect_once(dial_at).await {
            dial_at = next;
        }
    }

    /// One wait, one dial and one connection, and a rest where one follows; when to dial next.
    async fn connect_once(&mut self, dial_at: Instant) -> Result<Instant, Ended> {
        // A timer rounds up to its next tick, which a dial at once need not wait for.
        if dial_at > Instant::now() {
            let due = self.config.credentials.clone().news_or(sleep_until(dial_at));
            match self.while_disconnected(due).await {
                Ok(()) => {}
                Err(Interruption::Closing) => return Err(self.end()),
                Err(Interruption::Rest) => return self.rest().await.map(|()| dial_at),
            }
        }
        self.standing.dialing();
        self.intake.counters.dials.one();
        let (loss, lived) = match self.dial_and_serve().await {
            Ok(lost) => lost,
            Err(Interruption::Closing) => return Err(self.end()),
            Err(Interruption::Rest) => return self.rest().await.map(|()| Instant::now()),
        };
        let wait = match self.lost(loss, lived) {
            Verdict::AtOnce | Verdict::Rest => Duration::ZERO,
            Verdict::Backoff => self.backoff(),
            Verdict::TryLater => self.config.limits.try_later + self.backoff(),
            Verdict::Disable(_) | Verdict::End => return Err(Ended),
        };
        debug!(?wait, "the next dial waits at least this long");
        let dial_at = Instant::now() + wait;
        if self.stages.is_dormant() {
            self.sleep().await?;
        }
        Ok(dial_at)
    }

    async fn dial_and_serve(&mut self) -> Result<(Loss, Duration), Interruption> {
        self.config.credentials.used();
        let config = self.config.clone();
        let stream = match self.while_disconnected(connect(&config)).await? {
            Err(loss) => return Ok((loss, Duration::ZERO)),
            Ok(stream) => stream,
        };
        self.stages.step(Step::Upgraded, LinkState::Handshaking);
        let mut connection = Connection {
            socket: Socket::new(stream),
            decoder: LineDecoder::new(config.limits.line),
            config: &config,
            closing: &self.closing,
            lanes: &mut self.lanes,
            intake: &mut self.intake,
            stages: &self.stages,
            standing: &mut self.standing,
            idle: &mut self.idle,
            wanted: &self.wanted,
            liveness: Liveness::new(Instant::now(), &config.limits),
            outward_first: true,
        };
        let loss = connection.run().await;
        Ok((loss, connection.liveness.live_since.map_or(Duration::ZERO, |since| since.elapsed())))
    }

    /// Every loss comes through here: of an open connection and of a dial, by whomever.
    fn lost(&mut self, loss: Loss, lived: Duration) -> Verdict {
        let verdict = self.standing.judge(&loss, lived >= self.config.limits.healthy_after);
        let loss = Arc::new(loss);
        self.intake.counters.lost(loss.initiator());
        if loss.initiator() != Initiator::Owner {
            self.last_loss.send_replace(Some(Arc::clone(&loss)));
        }
        // Before the requests end, so that a caller who tries again at once learns that there is no connection.
        match &verdict {
            Verdict::End => self.stages.step(Step::Closes, LinkState::Closed),
            Verdict::Disable(reason) => {
                self.stages.step(Step::Rejected, LinkState::Disabled { reason: reason.clone() });
            }
            Verdict::Rest => self.stages.step(Step::Rests, LinkState::Dormant),
            Verdict::AtOnce | Verdict::Backoff | Verdict::TryLater if self.needless() => {
                self.stages.step(Step::Rests, LinkState::Dormant);
            }
            Verdict::AtOnce | Verdict::Backoff | Verdict::TryLater => {
                self.stages.step(Step::Lost, self.next_dial());
            }
        }
        let unknown = self.intake.pending.lose();
        self.intake.noise.settle();
        self.lanes.patient = matches!(*loss, Loss::Idle);
        if verdict == Verdict::Rest {
            self.idle.rested();
        } else {
            self.idle.lost();
        }
        let initiator = loss.initiator();
        let attempt = self.standing.attempt;
        match &verdict {
            Verdict::End | Verdict::Rest => info!(%initiator, unknown, "the relay connection ends: {loss}"),
            Verdict::Disable(_) => {
                error!(%initiator, unknown, "the relay connection was lost and is not dialed again: {loss}");
            }
            Verdict::AtOnce | Verdict::Backoff | Verdict::TryLater => {
                warn!(%initiator, attempt, ?lived, unknown, "no relay connection: {loss}");
            }
        }
        verdict
    }

    fn backoff(&self) -> Duration {
        self.config.backoff.delay(self.standing.attempt, (self.config.random)())
    }

    pub(crate) fn next_dial(&self) -> LinkState {
        LinkState::Connecting { attempt: self.standing.attempt.saturating_add(1) }
    }

    /// Whether a connection would serve nobody: the owner is leaving, and no turn has asked for one.
    fn needless(&self) -> bool {
        self.idle.leaves() && !self.wanted.load(Ordering::Relaxed)
    }

    fn end(&self) -> Ended {
        self.stages.step(Step::Closes, LinkState::Closed);
        Ended
    }

    /// Goes dormant from a dial that nobody waits for, and stays so until the link is woken.
    async fn rest(&mut self) -> Result<(), Ended> {
        info!("the relay link stops dialing: its owner is leaving, and nobody waits for a connection");
        self.stages.step(Step::Rests, LinkState::Dormant);
        self.sleep().await
    }

    async fn sleep(&mut self) -> Result<(), Ended> {
        let mut hibernation = Hibernation {
            config: &self.config,
            closing: &self.closing,
            lanes: &mut self.lanes,
            intake: &mut self.intake,
            idle: &mut self.idle,
            wanted: &self.wanted,
        };
        if hibernation.until_woken().await.is_none() {
            return Err(self.end());
        }
        self.lanes.patient = true;
        self.stages.step(Step::Wakes, self.next_dial());
        Ok(())
    }

    /// Runs `work` while there is no connection: requests end at once, unless they are what the link was woken for,
    /// and deliveries that were read before still reach the consumer.
    async fn while_disconnected<F: Future>(&mut self, work: F) -> Result<F::Output, Interruption> {
        let mut work = pin!(work);
        loop {
            let refusing = !self.lanes.patient;
            let outward = tokio::select! {
                biased;
                () = self.closing.cancelled() => return Err(Interruption::Closing),
                output = &mut work => return Ok(output),
                () = self.intake.interrupts.forward() => continue,
                () = self.intake.events.forward() => continue,
                outward = self.lanes.next(refusing) => outward,
            };
            match outward {
                Outward::Deserted => return Err(Interruption::Closing),
                Outward::Request(request) => {
                    self.wanted.store(true, Ordering::Relaxed);
                    request.not_sent();
                }
                Outward::Command(Command::Idle(wish)) => {
                    self.idle.wish_unconnected(wish, false);
                    if self.needless() && !self.lanes.patient {
                        return Err(Interruption::Rest);
                    }
                }
                Outward::Command(Command::Wake) => self.idle.wake(),
                Outward::Command(command) => command.unsent(&self.intake.counters),
            }
        }
    }
}
