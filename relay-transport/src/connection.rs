//! One connection, from the upgrade to its loss.

use std::pin::{Pin, pin};

use relay_wire::{GatewayFrame, LineDecoder};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::command::{Command, Lanes, Request};
use crate::intake::Intake;
use crate::loss::Loss;
use crate::printable::printable;
use crate::socket::{BATCH_BYTES, Socket, Turn};
use crate::verdict::Standing;
use crate::{LinkConfig, LinkState};

/// A connection, with what it borrows from the task that outlives it.
pub(crate) struct Connection<'t> {
    pub(crate) socket: Socket,
    pub(crate) decoder: LineDecoder,
    pub(crate) config: &'t LinkConfig,
    pub(crate) closing: &'t CancellationToken,
    pub(crate) lanes: &'t mut Lanes,
    pub(crate) intake: &'t mut Intake,
    pub(crate) state: &'t watch::Sender<LinkState>,
    pub(crate) standing: &'t mut Standing,
    /// When the first descriptor came.
    pub(crate) live_since: Option<Instant>,
    /// Since when a descriptor has been awaited.
    pub(crate) awaiting_since: Instant,
    pub(crate) next_ping: Instant,
}

/// What woke the connection.
enum Wake {
    Closing,
    Socket(Result<Turn, Loss>),
    Command(Option<Command>),
    Request(Option<Request>),
    Forwarded,
    Timer,
}

impl Connection<'_> {
    /// Serves until the connection is lost.
    pub(crate) async fn run(&mut self) -> Loss {
        match self.serve().await {
            Err(Loss::Owner) => self.say_goodbye().await,
            Err(loss) => {
                self.socket.part(loss.close_code());
                loss
            }
            Ok(never) => match never {},
        }
    }

    async fn serve(&mut self) -> Result<std::convert::Infallible, Loss> {
        for hello in self.config.hellos() {
            self.socket.feed(&GatewayFrame::Hello(hello.clone()))?;
        }
        let mut timer = pin!(sleep_until(self.next_deadline(true)));
        let mut was_reading = true;
        loop {
            let reading = self.intake.events.has_room();
            if reading && !was_reading {
                // While nobody listened, silence meant nothing.
                self.socket.listen_anew();
                self.awaiting_since = Instant::now();
            }
            was_reading = reading;
            rearm(timer.as_mut(), self.next_deadline(reading));
            let idle = self.socket.unflushed_since().is_none();
            let wake = tokio::select! {
                () = self.closing.cancelled() => Wake::Closing,
                turn = self.socket.turn(reading) => Wake::Socket(turn),
                // What is fed while the socket takes nothing would only pile up in its buffer.
                command = self.lanes.commands.recv(), if idle => Wake::Command(command),
                request = self.lanes.requests.recv(), if idle => Wake::Request(request),
                () = self.intake.events.forward() => Wake::Forwarded,
                () = self.intake.interrupts.forward() => Wake::Forwarded,
                () = timer.as_mut() => Wake::Timer,
            };
            match wake {
                Wake::Closing | Wake::Command(None) | Wake::Request(None) => return Err(Loss::Owner),
                Wake::Socket(turn) => self.on_turn(turn?)?,
                Wake::Command(Some(command)) => {
                    let fed = self.on_command(command)?;
                    self.feed_batch(fed)?;
                }
                Wake::Request(Some(request)) => {
                    let fed = self.on_request(request)?;
                    self.feed_batch(fed)?;
                }
                Wake::Forwarded => {}
                Wake::Timer => self.on_timer(reading)?,
            }
        }
    }

    /// Feeds what else is ready, so that one flush carries all of it.
    fn feed_batch(&mut self, mut fed: usize) -> Result<(), Loss> {
        while fed < BATCH_BYTES {
            if let Ok(command) = self.lanes.commands.try_recv() {
                fed += self.on_command(command)?;
            } else if let Ok(request) = self.lanes.requests.try_recv() {
                fed += self.on_request(request)?;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn on_command(&mut self, command: Command) -> Result<usize, Loss> {
        match command {
            Command::Ack(buffer_id) => {
                self.intake.counters.acks.one();
                self.socket.feed(&GatewayFrame::InboundAck(buffer_id))
            }
            Command::Interrupt(interrupt) => self.socket.feed(&GatewayFrame::Interrupt(interrupt)),
            Command::Forget(id) => {
                self.intake.pending.forget(&id);
                Ok(0)
            }
        }
    }

    fn on_request(&mut self, request: Request) -> Result<usize, Loss> {
        if self.live_since.is_none() {
            request.not_sent();
            return Ok(0);
        }
        let Request { frame, reply } = request;
        // Entered first: once fed, even in part, the action may happen.
        if !reply.is_closed() {
            self.intake.pending.insert(frame.request_id.clone(), reply, Instant::now());
        }
        self.socket.feed(&GatewayFrame::Outbound(frame))
    }

    fn on_turn(&mut self, turn: Turn) -> Result<(), Loss> {
        match turn {
            Turn::Flushed | Turn::Message(Message::Pong(_) | Message::Frame(_)) => Ok(()),
            Turn::Message(Message::Ping(_)) => {
                self.socket.answer_waits();
                Ok(())
            }
            Turn::Message(Message::Text(text)) => {
                self.on_bytes(text.as_bytes());
                Ok(())
            }
            Turn::Message(Message::Binary(bytes)) => {
                self.on_bytes(&bytes);
                Ok(())
            }
            Turn::Message(Message::Close(frame)) => Err(match frame {
                Some(frame) => {
                    Loss::Closed { code: frame.code.into(), reason: printable(frame.reason.as_str()) }
                }
                // What RFC 6455 calls a close without a status.
                None => Loss::Closed { code: 1005, reason: String::new() },
            }),
        }
    }

    fn on_bytes(&mut self, bytes: &[u8]) {
        self.decoder.push(bytes);
        let mut described = false;
        while let Some(line) = self.decoder.next_line() {
            described |= self.intake.take(&line);
        }
        if described && self.live_since.is_none() {
            self.live_since = Some(Instant::now());
            self.intake.counters.connections.one();
            self.standing.live();
            if !self.closing.is_cancelled() {
                info!("the relay link is live");
                self.state.send_replace(LinkState::Live);
            }
        }
    }

    /// When something is due. Without reading, silence and a missing descriptor say nothing of the peer.
    fn next_deadline(&self, reading: bool) -> Instant {
        let limits = &self.config.limits;
        let liveness = match self.socket.unflushed_since() {
            Some(since) => since + limits.write,
            None => self.next_ping,
        };
        let dead = reading.then(|| self.socket.heard() + limits.dead_after);
        let descriptor =
            (reading && self.live_since.is_none()).then(|| self.awaiting_since + limits.descriptor);
        let result = self.intake.pending.next_deadline();
        [dead, descriptor, result].into_iter().flatten().fold(liveness, Instant::min)
    }

    fn on_timer(&mut self, reading: bool) -> Result<(), Loss> {
        let limits = &self.config.limits;
        let now = Instant::now();
        let expired = self.intake.pending.expire(now);
        if expired > 0 {
            debug!(
                expired,
                "actions got no result within {:?}; whether they happened is unknown", limits.result
            );
        }
        if reading && now >= self.socket.heard() + limits.dead_after {
            return Err(Loss::Silent { limit: limits.dead_after });
        }
        if reading && self.live_since.is_none() && now >= self.awaiting_since + limits.descriptor {
            return Err(Loss::NoDescriptor { limit: limits.descriptor });
        }
        match self.socket.unflushed_since() {
            Some(since) if now >= since + limits.write => Err(Loss::WriteStuck { limit: limits.write }),
            None if now >= self.next_ping => {
                self.next_ping = now + limits.ping_every;
                self.socket.feed_ping()
            }
            _ => Ok(()),
        }
    }

    /// Writes the acknowledgements that wait, closes with 1000 and reads until the connector has closed too.
    async fn say_goodbye(&mut self) -> Loss {
        while let Ok(command) = self.lanes.commands.try_recv() {
            if self.on_command(command).is_err() {
                return Loss::Owner;
            }
        }
        if self.socket.feed_close(1000).is_err() {
            return Loss::Owner;
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
        Loss::Owner
    }
}

/// Moves the timer only where it would come too late. One that comes early finds nothing due and is set anew,
/// which is cheaper than moving it for every frame.
fn rearm(mut timer: Pin<&mut Sleep>, deadline: Instant) {
    if timer.is_elapsed() || deadline < timer.deadline() {
        timer.as_mut().reset(deadline);
    }
}
