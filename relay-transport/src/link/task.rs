//! The task that owns the socket: dials, serves, decides what follows from each disconnect, and dials again.

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
use crate::link::inbound::InboundQueues;
use crate::link::reconnect::{Disconnect, DisconnectReason, Initiator, Reconnect, ReconnectPolicy};
use crate::link::stages::{Stages, Step};
use crate::{LinkConfig, LinkState};

pub(crate) struct Task {
    pub(crate) config: LinkConfig,
    pub(crate) closing: CancellationToken,
    pub(crate) lanes: Lanes,
    pub(crate) inbound: InboundQueues,
    pub(crate) stages: Stages,
    pub(crate) last_disconnect: watch::Sender<Option<Arc<Disconnect>>>,
    pub(crate) policy: ReconnectPolicy,
    pub(crate) idle: Idle,
    /// A request was refused since the last connection was live, so somebody may be waiting for the next one.
    pub(crate) wanted: Arc<AtomicBool>,
}

/// What ends a wait for a connection early.
pub(crate) enum Interruption {
    /// The owner closes the link.
    Closing,
    /// The owner leaves, and nobody waits for a connection.
    Hibernate,
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
            () = self.inbound.events.finish() => {}
        }
    }

    /// Dials again and again, until there is no more reason to.
    async fn keep_connected(&mut self) {
        let mut dial_at = Instant::now();
        while let Ok(next) = self.connect_once(dial_at).await {
            dial_at = next;
        }
    }

    /// One wait, one dial and one connection, and a hibernation where one follows; when to dial next.
    async fn connect_once(&mut self, dial_at: Instant) -> Result<Instant, Ended> {
        // A timer rounds up to its next tick, which a dial at once need not wait for.
        if dial_at > Instant::now() {
            let due = self.config.credentials.clone().news_or(sleep_until(dial_at));
            match self.while_disconnected(due).await {
                Ok(()) => {}
                Err(Interruption::Closing) => return Err(self.end()),
                Err(Interruption::Hibernate) => return self.hibernate().await.map(|()| dial_at),
            }
        }
        self.policy.dialing();
        self.inbound.counters.dials.one();
        let disconnect = match self.dial_and_serve().await {
            Ok(disconnect) => disconnect,
            Err(Interruption::Closing) => return Err(self.end()),
            Err(Interruption::Hibernate) => return self.hibernate().await.map(|()| Instant::now()),
        };
        let wait = match self.on_disconnect(disconnect) {
            Reconnect::AtOnce | Reconnect::Hibernate => Duration::ZERO,
            Reconnect::Backoff => self.backoff(),
            Reconnect::TryLater => self.config.limits.try_later + self.backoff(),
            Reconnect::After(wait) => wait + self.backoff(),
            Reconnect::Disable(_) | Reconnect::End => return Err(Ended),
        };
        debug!(?wait, "the next dial waits at least this long");
        let dial_at = Instant::now() + wait;
        if self.stages.is_hibernating() {
            self.sleep().await?;
        }
        Ok(dial_at)
    }

    async fn dial_and_serve(&mut self) -> Result<Disconnect, Interruption> {
        self.config.credentials.used();
        let config = self.config.clone();
        let stream = match self.while_disconnected(connect(&config)).await? {
            Err(reason) => return Ok(Disconnect::new(reason, Duration::ZERO)),
            Ok(stream) => stream,
        };
        self.stages.step(Step::Upgraded, LinkState::Handshaking);
        let mut connection = Connection {
            socket: Socket::new(stream),
            decoder: LineDecoder::new(config.limits.line),
            config: &config,
            closing: &self.closing,
            lanes: &mut self.lanes,
            inbound: &mut self.inbound,
            stages: &self.stages,
            policy: &mut self.policy,
            idle: &mut self.idle,
            wanted: &self.wanted,
            liveness: Liveness::new(Instant::now(), &config.limits),
            outward_first: true,
        };
        let reason = connection.run().await;
        let lived = connection.liveness.live_since.map_or(Duration::ZERO, |since| since.elapsed());
        Ok(Disconnect::new(reason, lived))
    }

    /// Every disconnect comes through here: the end of a connection and of a dial, by whomever.
    fn on_disconnect(&mut self, disconnect: Disconnect) -> Reconnect {
        let (lived, initiator) = (disconnect.lived(), disconnect.initiator());
        let reconnect = self.policy.decide(disconnect.reason(), lived >= self.config.limits.healthy_after);
        let disconnect = Arc::new(disconnect);
        self.inbound.counters.disconnected(initiator);
        if initiator != Initiator::Owner {
            self.last_disconnect.send_replace(Some(Arc::clone(&disconnect)));
        }
        // Before the requests end, so that a caller who tries again at once learns that there is no connection.
        match &reconnect {
            Reconnect::End => self.stages.step(Step::Closes, LinkState::Closed),
            Reconnect::Disable(reason) => {
                self.stages.step(Step::Rejected, LinkState::Disabled { reason: reason.clone() });
            }
            Reconnect::Hibernate => self.stages.step(Step::Hibernates, LinkState::Hibernating),
            Reconnect::AtOnce | Reconnect::Backoff | Reconnect::TryLater | Reconnect::After(_)
                if self.needless() =>
            {
                self.stages.step(Step::Hibernates, LinkState::Hibernating);
            }
            Reconnect::AtOnce | Reconnect::Backoff | Reconnect::TryLater | Reconnect::After(_) => {
                self.stages.step(Step::Lost, self.next_dial());
            }
        }
        let unknown = self.inbound.pending.lose();
        self.inbound.noise.settle();
        self.lanes.patient = matches!(disconnect.reason(), DisconnectReason::Idle);
        if reconnect == Reconnect::Hibernate {
            self.idle.hibernated();
        } else {
            self.idle.lost();
        }
        let attempt = self.policy.attempt;
        match &reconnect {
            Reconnect::End | Reconnect::Hibernate => {
                info!(%initiator, unknown, "the relay connection ends: {disconnect}");
            }
            Reconnect::Disable(_) => {
                error!(%initiator, unknown, "the relay connection was lost and is not dialed again: {disconnect}");
            }
            Reconnect::AtOnce | Reconnect::Backoff | Reconnect::TryLater | Reconnect::After(_) => {
                warn!(%initiator, attempt, ?lived, unknown, "no relay connection: {disconnect}");
            }
        }
        reconnect
    }

    fn backoff(&self) -> Duration {
        self.config.backoff.delay(self.policy.attempt, self.config.random.number())
    }

    pub(crate) fn next_dial(&self) -> LinkState {
        LinkState::Connecting { attempt: self.policy.attempt.saturating_add(1) }
    }

    /// Whether a connection would serve nobody: the owner is leaving, and no turn has asked for one.
    fn needless(&self) -> bool {
        self.idle.leaves() && !self.wanted.load(Ordering::Relaxed)
    }

    fn end(&self) -> Ended {
        self.stages.step(Step::Closes, LinkState::Closed);
        Ended
    }

    /// Hibernates from a dial that nobody waits for, and stays so until the link is woken.
    async fn hibernate(&mut self) -> Result<(), Ended> {
        info!("the relay link stops dialing: its owner is leaving, and nobody waits for a connection");
        self.stages.step(Step::Hibernates, LinkState::Hibernating);
        self.sleep().await
    }

    async fn sleep(&mut self) -> Result<(), Ended> {
        let mut hibernation = Hibernation {
            config: &self.config,
            closing: &self.closing,
            lanes: &mut self.lanes,
            inbound: &mut self.inbound,
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
                () = self.inbound.interrupts.forward() => continue,
                () = self.inbound.events.forward() => continue,
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
                        return Err(Interruption::Hibernate);
                    }
                }
                Outward::Command(Command::Wake) => self.idle.wake(),
                Outward::Command(command) => command.unsent(&self.inbound.counters),
            }
        }
    }
}
