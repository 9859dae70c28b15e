//! What falls due on a connection, and what is done then.

use std::pin::Pin;

use tokio::time::{Instant, Sleep};
use tracing::{debug, warn};

use crate::connection::Connection;
use crate::loss::Loss;

impl Connection<'_> {
    /// When something is due. Without reading, silence and a missing descriptor say nothing of the peer.
    pub(crate) fn next_deadline(&self, reading: bool) -> Instant {
        let limits = &self.config.limits;
        let liveness = match self.socket.unflushed_since() {
            Some(since) => since + limits.write,
            None => self.next_ping,
        };
        let dead = reading.then(|| self.socket.heard() + limits.dead_after);
        let descriptor =
            (reading && self.live_since.is_none()).then(|| self.awaiting_since + limits.descriptor);
        let result = self.intake.pending.next_deadline();
        let grace = self.idle.next_deadline();
        [dead, descriptor, result, grace].into_iter().flatten().fold(liveness, Instant::min)
    }

    pub(crate) fn on_timer(&mut self, reading: bool) -> Result<(), Loss> {
        let limits = &self.config.limits;
        let now = Instant::now();
        let expired = self.intake.pending.expire(now);
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
}

/// Moves the timer only where it would come too late. One that comes early finds nothing due and is set anew,
/// which is cheaper than moving it for every frame.
pub(crate) fn rearm(mut timer: Pin<&mut Sleep>, deadline: Instant) {
    if timer.is_elapsed() || deadline < timer.deadline() {
        timer.as_mut().reset(deadline);
    }
}
