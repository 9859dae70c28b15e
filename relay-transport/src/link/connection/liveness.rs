//! Whether the peer of a connection is still there, and what falls due because of it.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep};

use super::socket::Socket;
use crate::Limits;
use crate::link::reconnect::DisconnectReason;

/// What a connection waits for from its peer.
#[derive(Debug)]
pub(in crate::link) struct Liveness {
    /// When the first descriptor came.
    pub(in crate::link) live_since: Option<Instant>,
    /// When the peer last answered a ping, or since when it has had the chance to.
    answered: Instant,
    /// Since when a descriptor has been awaited.
    awaiting_since: Instant,
    next_ping: Instant,
}

impl Liveness {
    /// Of a connection that is new now.
    pub(in crate::link) fn new(now: Instant, limits: &Limits) -> Self {
        Self { live_since: None, answered: now, awaiting_since: now, next_ping: now + limits.ping_every }
    }

    /// The handshake is done.
    pub(super) fn is_live(&self) -> bool {
        self.live_since.is_some()
    }

    /// While nobody listened, silence meant nothing.
    pub(super) fn listen_anew(&mut self, socket: &mut Socket) {
        socket.listen_anew();
        (self.awaiting_since, self.answered) = (Instant::now(), Instant::now());
    }

    /// This program was not run for a while: whatever fell due meanwhile says nothing of the peer, whose words may be
    /// waiting to be read. A ping asks at once whether it is there.
    pub(super) fn slept(&mut self, socket: &mut Socket) {
        self.listen_anew(socket);
        socket.write_anew();
        self.next_ping = Instant::now();
    }

    /// A message came, which took so long to come: an answer could not come within it.
    pub(super) fn came(&mut self, is_answer: bool, took: Duration) {
        let now = Instant::now();
        self.answered = if is_answer { now } else { (self.answered + took).min(now) };
    }

    /// When something is due. Without reading, silence and a missing descriptor say nothing of the peer.
    pub(super) fn next_deadline(&self, limits: &Limits, socket: &Socket, reading: bool) -> Instant {
        let write_or_ping = match socket.unflushed_since() {
            Some(since) => since + limits.write,
            None => self.next_ping,
        };
        let dead = reading.then(|| socket.heard() + limits.dead_after);
        let unanswered = (reading && !socket.is_half_read()).then(|| self.answered + limits.dead_after);
        let descriptor = (reading && !self.is_live()).then(|| self.awaiting_since + limits.descriptor);
        [dead, unanswered, descriptor].into_iter().flatten().fold(write_or_ping, Instant::min)
    }

    /// Feeds the ping that is due, or says why the connection cannot go on.
    pub(super) fn check(
        &mut self,
        limits: &Limits,
        socket: &mut Socket,
        reading: bool,
        now: Instant,
    ) -> Result<(), DisconnectReason> {
        if reading && now >= socket.heard() + limits.dead_after {
            return Err(DisconnectReason::Silent { limit: limits.dead_after });
        }
        if reading && !socket.is_half_read() && now >= self.answered + limits.dead_after {
            return Err(DisconnectReason::Unanswered { limit: limits.dead_after });
        }
        if reading && !self.is_live() && now >= self.awaiting_since + limits.descriptor {
            return Err(DisconnectReason::NoDescriptor { limit: limits.descriptor });
        }
        match socket.unflushed_since() {
            Some(since) if now >= since + limits.write => {
                Err(DisconnectReason::WriteStuck { limit: limits.write })
            }
            None if now >= self.next_ping => {
                self.next_ping = now + limits.ping_every;
                socket.feed_ping()
            }
            _ => Ok(()),
        }
    }
}

/// Moves the timer only where it would come too late. One that comes early finds nothing due and is set anew,
/// which is cheaper than moving it for every frame.
pub(super) fn rearm(mut timer: Pin<&mut Sleep>, deadline: Instant) {
    if timer.is_elapsed() || deadline < timer.deadline() {
        timer.as_mut().reset(deadline);
    }
}
