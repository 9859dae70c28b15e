//! What the owner wants of the deliveries, and how far the connector has followed.

use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::Drained;

/// What for deliveries are to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// The owner is about to close the link; until then turns may still have something to say.
    Leave,
    /// The link is to sleep, and to come back by itself.
    Hibernate,
}

/// A wish to stop deliveries, and who waits to hear what became of it.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) aim: Aim,
    pub(crate) grace: Duration,
    pub(crate) reply: oneshot::Sender<Drained>,
}

/// A grace without an end, for callers that mean "however long it takes".
const LONGEST_GRACE: Duration = Duration::from_hours(24 * 365);

/// The policy wish, and what this connection has done about it.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    aim: Option<Aim>,
    /// Who waits, and until when. As many as there are calls in flight.
    callers: Vec<(Instant, oneshot::Sender<Drained>)>,
    /// `going_idle` was written on this connection.
    asked: bool,
    /// `going_idle_ack` came on this connection: nothing is delivered live on it any more.
    acked: bool,
}

impl Idle {
    /// Takes a wish while there is a connection. A later wish replaces an earlier one; both callers are told.
    pub(crate) fn wish(&mut self, wish: Wish, now: Instant) {
        self.aim = Some(wish.aim);
        let until = now + wish.grace.min(LONGEST_GRACE);
        self.callers.retain(|(_, reply)| !reply.is_closed());
        self.callers.push((until, wish.reply));
        if self.acked && wish.aim == Aim::Leave {
            self.tell(Drained::Acked);
        }
    }

    /// Takes a wish while there is no connection. A link that dials does not go to sleep: nobody has confirmed to
    /// keep what comes meanwhile.
    pub(crate) fn wish_unconnected(&mut self, wish: Wish, hibernating: bool) {
        if hibernating || wish.aim == Aim::Leave {
            self.aim = Some(wish.aim);
        }
        let asleep = hibernating && wish.aim == Aim::Hibernate;
        // A caller that gave up wants to hear nothing.
        let _ = wish.reply.send(if asleep { Drained::Acked } else { Drained::NoConnection });
    }

    /// Whether `going_idle` is to be written now.
    pub(crate) fn must_ask(&self) -> bool {
        self.aim.is_some() && !self.asked
    }

    pub(crate) fn asked(&mut self) {
        self.asked = true;
    }

    /// The connector confirmed; `false` when it had not been asked.
    pub(crate) fn ack(&mut self) -> bool {
        if !self.asked {
            return false;
        }
        self.acked = true;
        if self.leaves() {
            self.tell(Drained::Acked);
        }
        true
    }

    /// The connection has done its part and ends once its requests are answered: to hibernate, or, where nobody wants
    /// it idle any more, because only a new handshake resumes deliveries.
    pub(crate) fn parts(&self) -> bool {
        self.acked && !self.leaves()
    }

    pub(crate) fn leaves(&self) -> bool {
        self.aim == Some(Aim::Leave)
    }

    pub(crate) fn hibernates(&self) -> bool {
        self.aim == Some(Aim::Hibernate)
    }

    /// A wish stands.
    pub(crate) fn wished(&self) -> bool {
        self.aim.is_some()
    }

    /// Tells those whose grace is over; `true` when the link stays live, because it was to hibernate and the connector
    /// did not confirm that it keeps what would come.
    pub(crate) fn give_up(&mut self, now: Instant) -> bool {
        if self.acked {
            return false;
        }
        let waiting = std::mem::take(&mut self.callers);
        for (until, reply) in waiting {
            if until > now {
                self.callers.push((until, reply));
            } else {
                let _ = reply.send(Drained::NotAcked);
            }
        }
        let gives_up = self.hibernates() && self.callers.is_empty();
        if gives_up {
            self.aim = None;
        }
        gives_up
    }

    /// When the next caller's grace is over. Once the connector has confirmed, only open requests are waited for,
    /// and those have a limit of their own.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        if self.acked { None } else { self.callers.iter().map(|(until, _)| *until).min() }
    }

    /// Takes the wish back.
    pub(crate) fn wake(&mut self) {
        self.aim = None;
        self.tell(Drained::NotAcked);
    }

    /// The connection ended on purpose, for the link to hibernate.
    pub(crate) fn hibernated(&mut self) {
        (self.asked, self.acked) = (false, false);
        self.tell(Drained::Acked);
    }

    /// The connection was lost. Whoever wanted to leave still does; a link that was to hibernate does not, because
    /// nobody confirmed to keep what comes meanwhile.
    pub(crate) fn lost(&mut self) {
        (self.asked, self.acked) = (false, false);
        if self.hibernates() {
            self.aim = None;
        }
        self.tell(Drained::NoConnection);
    }

    fn tell(&mut self, drained: Drained) {
        for (_, reply) in self.callers.drain(..) {
            let _ = reply.send(drained);
        }
    }
}
