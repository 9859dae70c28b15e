//! Serves one connection.

use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use relay_wire::{GatewayFrame, LineDecoder};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use super::in_turn::in_turn;
use super::liveness::{Liveness, rearm};
use super::noise::PeerFault;
use super::socket::{BATCH_BYTES, Socket, Turn};
use crate::link::command::{Command, Lanes, Outward, Request};
use crate::link::hibernation::Idle;
use crate::link::inbound::{InboundQueues, LineMeaning};
use crate::link::reconnect::{DisconnectReason, ReconnectPolicy};
use crate::link::stages::{Stage, Stages, Step};
use crate::{LinkConfig, LinkState};
use relay_net::printable;

/// A timer that comes so late says that this program was not run: it was stopped, or its machine was.
const ASLEEP: Duration = Duration::from_secs(1);

/// A connection, with what it borrows from the task that outlives it.
pub(crate) struct Connection<'t> {
    pub(crate) socket: Socket,
    pub(crate) decoder: LineDecoder,
    pub(crate) config: &'t LinkConfig,
    pub(crate) closing: &'t CancellationToken,
    pub(crate) lanes: &'t mut Lanes,
    pub(crate) inbound: &'t mut InboundQueues,
    pub(crate) stages: &'t Stages,
    pub(crate) policy: &'t mut ReconnectPolicy,
    pub(crate) idle: &'t mut Idle,
    pub(crate) wanted: &'t AtomicBool,
    pub(crate) liveness: Liveness,
    /// Whose turn it is where both the socket and the owner have something: neither may starve the other, and
    /// no dice decide.
    pub(crate) outward_first: bool,
}

/// What woke the connection.
enum Wake {
    Closing,
    Socket(Result<Turn, DisconnectReason>),
    Outward(Outward),
    Forwarded,
    Timer,
}

impl Connection<'_> {
    /// Serves until the connection is lost.
    pub(crate) async fn run(&mut self) -> DisconnectReason {
        match self.serve().await {
            Err(
                reason @ (DisconnectReason::Owner | DisconnectReason::Hibernate | DisconnectReason::Idle),
            ) => {
                self.say_goodbye().await;
                reason
            }
            Err(reason) => {
                self.socket.part(reason.close_code());
                reason
            }
            Ok(never) => match never {},
        }
    }

    async fn serve(&mut self) -> Result<std::convert::Infallible, DisconnectReason> {
        for hello in self.config.hellos_now() {
            self.socket.feed(&GatewayFrame::Hello(hello))?;
        }
        let mut timer = pin!(sleep_until(self.next_deadline(true)));
        let mut was_reading = true;
        loop {
            let reading = self.inbound.events.has_room();
            if reading && !was_reading {
                self.liveness.listen_anew(&mut self.socket);
            }
            was_reading = reading;
            rearm(timer.as_mut(), self.next_deadline(reading));
            if self.idle.parts() && self.inbound.pending.is_empty() {
                return Err(if self.idle.hibernates() {
                    DisconnectReason::Hibernate
                } else {
                    DisconnectReason::Idle
                });
            }
            // What is fed while the socket takes nothing would only pile up in its buffer.
            let writing = self.socket.unflushed_since().is_none();
            let with_requests = self.takes_requests();
            let outward_first = self.outward_first;
            let wake = tokio::select! {
                biased;
                () = self.closing.cancelled() => Wake::Closing,
                () = timer.as_mut() => Wake::Timer,
                () = self.inbound.interrupts.forward() => Wake::Forwarded,
                () = self.inbound.events.forward() => Wake::Forwarded,
                wake = in_turn(
                    outward_first,
                    async { if writing { Wake::Outward(self.lanes.next(with_requests).await) } else { pending().await } },
                    async { Wake::Socket(self.socket.turn(reading).await) },
                ) => wake,
            };
            match wake {
                Wake::Closing | Wake::Outward(Outward::Deserted) => return Err(DisconnectReason::Owner),
                Wake::Socket(turn) => {
                    let turn = turn?;
                    self.outward_first = matches!(turn, Turn::Message(..));
                    self.on_turn(turn)?;
                }
                Wake::Outward(outward) => {
                    self.outward_first = false;
                    let fed = self.on_outward(outward)?;
                    self.feed_batch(fed)?;
                }
                Wake::Forwarded => {}
                Wake::Timer => {
                    let late = Instant::now() - timer.deadline();
                    if late >= ASLEEP {
                        debug!(?late, "this program was asleep");
                        self.liveness.slept(&mut self.socket);
                        self.inbound.pending.postpone(late);
                    } else {
                        self.on_timer(reading)?;
                    }
                }
            }
        }
    }

    /// When something is due.
    fn next_deadline(&self, reading: bool) -> Instant {
        let liveness = self.liveness.next_deadline(&self.config.limits, &self.socket, reading);
        let result = self.inbound.pending.next_deadline();
        let grace = self.idle.next_deadline();
        [result, grace].into_iter().flatten().fold(liveness, Instant::min)
    }

    fn on_timer(&mut self, reading: bool) -> Result<(), DisconnectReason> {
        let limits = &self.config.limits;
        let now = Instant::now();
        let expired = self.inbound.pending.expire(now);
        if expired > 0 {
            debug!(
                expired,
                "actions got no result within {:?}; whether they happened is unknown", limits.result
            );
        }
        if self.idle.give_up(now) {
            warn!(
                "the connector did not confirm in time that it keeps what comes; the relay link stays live"
            );
            self.stay_live();
        }
        self.liveness.check(limits, &mut self.socket, reading, now)
    }

    /// Feeds what else is ready, so that one flush carries all of it.
    fn feed_batch(&mut self, mut fed: usize) -> Result<(), DisconnectReason> {
        while fed < BATCH_BYTES {
            let Some(outward) = self.lanes.try_next(self.takes_requests()) else { break };
            fed += self.on_outward(outward)?;
        }
        Ok(())
    }

    /// Whether requests are taken from their lane. Not for a connection that is about to be parted with: they are
    /// better off on the next one. Nor before it is live, when it was dialed for them.
    fn takes_requests(&self) -> bool {
        !self.idle.parts() && (self.liveness.is_live() || !self.lanes.patient)
    }

    fn on_outward(&mut self, outward: Outward) -> Result<usize, DisconnectReason> {
        match outward {
            Outward::Command(command) => self.on_command(command),
            Outward::Request(request) => self.on_request(request),
            Outward::Deserted => Err(DisconnectReason::Owner),
        }
    }

    fn on_command(&mut self, command: Command) -> Result<usize, DisconnectReason> {
        match command {
            Command::Ack(buffer_id) => {
                self.inbound.counters.acks.one();
                self.socket.feed(&GatewayFrame::InboundAck(buffer_id))
            }
            Command::Interrupt(interrupt) => self.socket.feed(&GatewayFrame::Interrupt(interrupt)),
            Command::Forget(id) => {
                self.inbound.pending.forget(&id);
                Ok(0)
            }
            Command::Idle(wish) => {
                self.idle.wish(wish, Instant::now());
                self.go_idle()
            }
            Command::Wake => {
                self.idle.wake();
                self.stay_live();
                Ok(0)
            }
        }
    }

    /// Asks the connector to go idle, where that is wanted and the handshake is done.
    fn go_idle(&mut self) -> Result<usize, DisconnectReason> {
        if !self.liveness.is_live() || !self.idle.wished() {
            return Ok(0);
        }
        if self.stages.stage() == Stage::Live {
            self.stages.step(Step::GoesIdle, LinkState::Draining);
        }
        if !self.idle.must_ask() {
            return Ok(0);
        }
        self.idle.asked();
        self.socket.feed(&GatewayFrame::GoingIdle)
    }

    fn stay_live(&self) {
        if self.stages.stage() == Stage::Draining {
            self.stages.step(Step::StaysLive, LinkState::Live);
        }
    }

    fn on_request(&mut self, request: Request) -> Result<usize, DisconnectReason> {
        if !self.liveness.is_live() {
            self.wanted.store(true, Ordering::Relaxed);
            request.not_sent();
            return Ok(0);
        }
        let Request { frame, reply } = request;
        // Entered first: once fed, even in part, the action may happen.
        if !reply.is_closed() {
            self.inbound.pending.insert(frame.request_id.clone(), reply, Instant::now());
        }
        self.socket.feed(&GatewayFrame::Outbound(frame))
    }

    fn on_turn(&mut self, turn: Turn) -> Result<(), DisconnectReason> {
        let Turn::Message(message, took) = turn else { return Ok(()) };
        self.liveness.came(matches!(message, Message::Pong(_)), took);
        match message {
            Message::Pong(_) | Message::Frame(_) => Ok(()),
            Message::Ping(_) => {
                self.socket.answer_waits();
                Ok(())
            }
            Message::Text(text) => self.on_bytes(text.as_bytes()),
            Message::Binary(bytes) => self.on_bytes(&bytes),
            Message::Close(frame) => Err(match frame {
                Some(frame) => DisconnectReason::Closed {
                    code: frame.code.into(),
                    reason: printable(frame.reason.as_str()),
                },
                // What RFC 6455 calls a close without a status.
                None => DisconnectReason::Closed { code: 1005, reason: String::new() },
            }),
        }
    }

    fn on_bytes(&mut self, bytes: &[u8]) -> Result<(), DisconnectReason> {
        self.decoder.push(bytes);
        let mut described = false;
        while let Some(line) = self.decoder.next_line() {
            match self.inbound.take(&line) {
                LineMeaning::Descriptor => described = true,
                LineMeaning::IdleAck if self.idle.ack() => {
                    info!("the connector keeps what comes from now on");
                }
                LineMeaning::IdleAck => {
                    self.inbound.noise.note(PeerFault::StrayAck, &"a going_idle_ack that nobody asked for");
                }
                LineMeaning::Else => {}
            }
        }
        if described && !self.liveness.is_live() {
            self.on_live()?;
        }
        Ok(())
    }

    fn on_live(&mut self) -> Result<(), DisconnectReason> {
        self.liveness.live_since = Some(Instant::now());
        self.inbound.counters.connections.one();
        self.policy.live();
        self.wanted.store(false, Ordering::Relaxed);
        self.lanes.patient = false;
        if self.closing.is_cancelled() {
            return Ok(());
        }
        info!("the relay link is live");
        self.stages.step(Step::Described, LinkState::Live);
        self.go_idle().map(|_| ())
    }

    /// Writes the acknowledgements that wait, closes with 1000 and reads until the connector has closed too.
    async fn say_goodbye(&mut self) {
        while let Some(outward) = self.lanes.try_next(false) {
            if self.on_outward(outward).is_err() {
                return;
            }
        }
        if self.socket.feed_close(1000).is_err() {
            return;
        }
        let limit = self.config.limits.teardown;
        let closed = async {
            while let Ok(turn) = self.socket.turn(true).await {
                if self.on_turn(turn).is_err() {
                    break;
                }
            }
        };
        if timeout(limit, closed).await.is_err() {
            debug!("the connector did not answer the close frame in time");
        }
    }
}
