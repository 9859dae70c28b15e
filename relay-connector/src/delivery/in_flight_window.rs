//! The window of one connection: what it was sent and has not acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::{Limits, Seq};

/// Deliveries under way on one connection. It does no I/O and is bounded by the window.
#[derive(Debug, Default)]
pub(crate) struct InFlightWindow {
    window: BTreeMap<Seq, InFlight>,
    bytes: usize,
}

#[derive(Debug)]
struct InFlight {
    bytes: usize,
    /// When the socket took it; nobody can acknowledge what still waits to be written.
    written: Option<Instant>,
}

/// What may still be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) items: usize,
    pub(crate) bytes: usize,
}

impl InFlightWindow {
    /// The room that is left; `None` when there is none. One delivery always fits into an empty window.
    pub(crate) fn room(&self, limits: &Limits) -> Option<Room> {
        let items = limits.window.saturating_sub(self.window.len());
        let bytes = limits.window_bytes.saturating_sub(self.bytes);
        let fits = items > 0 && (bytes > 0 || self.window.is_empty());
        fits.then_some(Room { items, bytes })
    }

    /// A delivery is on its way to the socket.
    pub(crate) fn begin(&mut self, seq: Seq, bytes: usize) {
        self.bytes += bytes;
        if let Some(former) = self.window.insert(seq, InFlight { bytes, written: None }) {
            self.bytes -= former.bytes;
        }
    }

    /// The socket took it.
    pub(crate) fn written(&mut self, seq: Seq, now: Instant) {
        if let Some(flight) = self.window.get_mut(&seq) {
            flight.written = Some(now);
        }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.window.len()
    }

    /// When the socket took it, if it is under way and was taken.
    pub(crate) fn written_at(&self, seq: Seq) -> Option<Instant> {
        self.window.get(&seq)?.written
    }

    /// It was acknowledged; whether it was under way.
    pub(crate) fn end(&mut self, seq: Seq) -> bool {
        let ended = self.window.remove(&seq);
        self.bytes -= ended.as_ref().map_or(0, |flight| flight.bytes);
        ended.is_some()
    }

    /// When the first of them will have waited for an ack for too long.
    pub(crate) fn next_lapse(&self, ack: Duration) -> Option<Instant> {
        self.window.values().filter_map(|flight| flight.written).min().map(|written| written + ack)
    }

    /// Takes out those that have waited for too long: whoever they were sent to may never acknowledge their kind.
    pub(crate) fn lapse(&mut self, now: Instant, ack: Duration) -> Vec<Seq> {
        let over = |flight: &InFlight| flight.written.is_some_and(|written| written + ack <= now);
        let lapsed: Vec<Seq> =
            self.window.iter().filter(|(_, flight)| over(flight)).map(|(seq, _)| *seq).collect();
        for seq in &lapsed {
            self.end(*seq);
        }
        lapsed
    }

    /// The oldest that the socket took: what the peer was at, if it was at anything, when it went.
    pub(crate) fn oldest_written(&self) -> Option<Seq> {
        self.window.iter().find(|(_, flight)| flight.written.is_some()).map(|(seq, _)| *seq)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{InFlightWindow, Room};
    use crate::{Limits, Seq};

    const ACK: Duration = Duration::from_secs(10);

    fn limits(window: usize, window_bytes: usize) -> Limits {
        Limits { window, window_bytes, ..Limits::default() }
    }

    #[test]
    fn the_window_is_full_by_count_or_by_weight_and_an_ack_makes_room() {
        let mut in_flight = InFlightWindow::default();
        in_flight.begin(Seq(1), 60);
        in_flight.begin(Seq(2), 50);
        assert_eq!(in_flight.room(&limits(2, 1_000)), None);
        assert_eq!(in_flight.room(&limits(10, 100)), None);
        assert_eq!(in_flight.room(&limits(10, 1_000)), Some(Room { items: 8, bytes: 890 }));
        assert!(in_flight.end(Seq(1)));
        assert!(!in_flight.end(Seq(1)), "an ack counts once");
        assert_eq!(in_flight.room(&limits(2, 1_000)), Some(Room { items: 1, bytes: 950 }));
    }

    #[test]
    fn an_empty_window_has_room_for_one_however_big() {
        assert_eq!(InFlightWindow::default().room(&limits(1, 0)), Some(Room { items: 1, bytes: 0 }));
    }

    #[test]
    fn only_what_was_written_lapses_and_no_sooner_than_its_time() {
        let mut in_flight = InFlightWindow::default();
        let now = Instant::now();
        for seq in [1, 2, 3] {
            in_flight.begin(Seq(seq), 10);
        }
        assert_eq!((in_flight.next_lapse(ACK), in_flight.oldest_written()), (None, None));
        in_flight.written(Seq(2), now);
        in_flight.written(Seq(3), now + Duration::from_secs(1));
        assert_eq!((in_flight.next_lapse(ACK), in_flight.oldest_written()), (Some(now + ACK), Some(Seq(2))));
        assert!(in_flight.lapse(now + ACK - Duration::from_millis(1), ACK).is_empty());
        assert_eq!(in_flight.lapse(now + ACK, ACK), [Seq(2)]);
        assert_eq!(in_flight.room(&limits(3, 100)), Some(Room { items: 1, bytes: 80 }));
    }
}
