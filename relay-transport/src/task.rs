//! The task that owns the socket: dials, serves, judges each loss, and dials again.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use relay_wire::LineDecoder;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::command::{Command, Lanes};
use crate::connection::Connection;
use crate::intake::Intake;
use crate::loss::Loss;
use crate::socket::Socket;
use crate::verdict::{Standing, Verdict};
use crate::{DisabledReason, LinkConfig, LinkState, upgrade};

pub(crate) struct Task {
    pub(crate) config: LinkConfig,
    pub(crate) closing: CancellationToken,
    pub(crate) lanes: Lanes,
    pub(crate) intake: Intake,
    pub(crate) state: watch::Sender<LinkState>,
    pub(crate) last_loss: watch::Sender<Option<Arc<Loss>>>,
    pub(crate) standing: Standing,
}

impl Task {
    pub(crate) async fn run(mut self) {
        let last = match self.config.refusal() {
            Some(reason) => disabled(reason),
            None => self.keep_connected().await,
        };
        self.state.send_replace(last);
        self.lanes.shut();
        // Deliveries that were read are still the consumer's, unless it is the one who closes.
        let closing = self.closing.clone();
        tokio::select! {
            () = closing.cancelled() => {}
            () = self.intake.events.finish() => {}
        }
    }

    /// Dials again and again, until there is no more reason to; the state that then remains.
    async fn keep_connected(&mut self) -> LinkState {
        loop {
            self.standing.dialing();
            self.intake.counters.dials.one();
            self.state.send_replace(LinkState::Connecting { attempt: self.standing.attempt });
            let (loss, lived) = self.dial_and_serve().await;
            let wait = match self.lost(loss, lived) {
                Verdict::AtOnce => Duration::ZERO,
                Verdict::Backoff => self.backoff(),
                Verdict::TryLater => self.config.limits.try_later + self.backoff(),
                Verdict::Disable(reason) => return disabled(reason),
                Verdict::End => return LinkState::Closed,
            };
            debug!(?wait, "dialing again after a wait");
            if self.while_disconnected(sleep(wait)).await.is_none() {
                return LinkState::Closed;
            }
        }
    }

    async fn dial_and_serve(&mut self) -> (Loss, Duration) {
        let config = self.config.clone();
        let stream = match self.while_disconnected(upgrade::connect(&config)).await {
            None => return (Loss::Owner, Duration::ZERO),
            Some(Err(loss)) => return (loss, Duration::ZERO),
            Some(Ok(stream)) => stream,
        };
        self.state.send_replace(LinkState::Handshaking);
        let now = Instant::now();
        let mut connection = Connection {
            socket: Socket::new(stream),
            decoder: LineDecoder::new(config.limits.line),
            config: &config,
            closing: &self.closing,
            lanes: &mut self.lanes,
            intake: &mut self.intake,
            state: &self.state,
            standing: &mut self.standing,
            live_since: None,
            awaiting_since: now,
            next_ping: now + config.limits.ping_every,
        };
        let loss = connection.run().await;
        (loss, connection.live_since.map_or(Duration::ZERO, |since| since.elapsed()))
    }

    /// Every loss comes through here: of an open connection and of a dial, by whomever.
    fn lost(&mut self, loss: Loss, lived: Duration) -> Verdict {
        let verdict = self.standing.judge(&loss, lived >= self.config.limits.healthy_after);
        let loss = Arc::new(loss);
        self.intake.counters.lost(loss.initiator());
        if !matches!(*loss, Loss::Owner) {
            self.last_loss.send_replace(Some(Arc::clone(&loss)));
        }
        // Before the requests end, so that a caller who tries again at once learns that there is no connection.
        self.state.send_replace(match &verdict {
            Verdict::End => LinkState::Closed,
            Verdict::Disable(reason) => disabled(reason.clone()),
            Verdict::AtOnce | Verdict::Backoff | Verdict::TryLater => {
                LinkState::Connecting { attempt: self.standing.attempt.saturating_add(1) }
            }
        });
        let unknown = self.intake.pending.lose();
        self.intake.noise.settle();
        let initiator = loss.initiator();
        let attempt = self.standing.attempt;
        match &verdict {
            Verdict::End => info!(%initiator, unknown, "the relay link ends: {loss}"),
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

    /// Runs `work` while there is no connection: requests end at once, and deliveries that were read before still
    /// reach the consumer. `None` when the link is closed meanwhile.
    async fn while_disconnected<F: Future>(&mut self, work: F) -> Option<F::Output> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                () = self.closing.cancelled() => return None,
                output = &mut work => return Some(output),
                command = self.lanes.commands.recv() => match command? {
                    Command::Ack(buffer_id) => {
                        self.intake.counters.acks_lost.one();
                        debug!(%buffer_id, "an acknowledgement was lost with its connection; the delivery comes again");
                    }
                    Command::Interrupt(interrupt) => {
                        warn!(session_key = %interrupt.session_key, "an interrupt was not sent: there is no connection");
                    }
                    Command::Forget(_) => {}
                },
                request = self.lanes.requests.recv() => request?.not_sent(),
                () = self.intake.events.forward() => {}
                () = self.intake.interrupts.forward() => {}
            }
        }
    }
}

fn disabled(reason: DisabledReason) -> LinkState {
    LinkState::Disabled { reason }
}
