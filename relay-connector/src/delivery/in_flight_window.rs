//! The window of one connection: what it was sent and has not acknowledged, and what of that the gateway can be blamed
//! for.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::{Limits, Seq};

/// Lapsed deliveries that are remembered until a later one is acknowledged or the connection ends; a gateway that
/// acknowledges nothing at all makes no more of them.
const LAPSED: usize = 1024;

/// Deliveries under way on one connection. It does no I/O and is bounded by the window.
///
/// A delivery is *blamed* once the gateway is known to have had it and went on, or went down, without it: a loss on the
/// way there says nothing about the delivery.
#[derive(Debug, Default)]
pub(crate) struct InFlightWindow {
    window: BTreeMap<Seq, InFlight>,
    /// What left the window without an ack. Ordered by when it was sent.
    lapsed: BTreeMap<u64, Lapsed>,
    bytes: usize,
    /// Numbers what is sent.
    sent: u64,
    /// The latest of what was sent that is acknowledged.
    acknowledged: u64,
    /// Numbers pings in the order in which they are written; the last that the socket took, and the last that was
    /// answered, with those before it.
    pings: u64,
    pinged: u64,
    ponged: u64,
    /// Since when the oldest unanswered ping waits, and which one that is.
    waiting: Option<(u64, Instant)>,
}

#[derive(Clone, Copy, Debug)]
struct InFlight {
    bytes: usize,
    /// Its place among all that this connection was sent.
    order: u64,
    /// Nothing else is sent until the gateway is known to have read it.
    alone: bool,
    /// When the socket took it; nobody can acknowledge what still waits to be written.
    written: Option<Instant>,
    /// The pings that were written before it was.
    pings: u64,
}

/// A delivery that waited in vain.
#[derive(Clone, Copy, Debug)]
struct Lapsed {
    seq: Seq,
    flight: InFlight,
}

/// What may still be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) items: usize,
    pub(crate) bytes: usize,
}

/// What a connection's end says about the oldest delivery that it was at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Suspicion {
    /// The gateway had it, and did not acknowledge it.
    Blamed(Seq),
    /// It may never have arrived.
    Lost(Seq),
}

impl InFlightWindow {
    /// The room that is left; `None` when there is none. One delivery always fits into an empty window.
    pub(crate) fn room(&self, limits: &Limits) -> Option<Room> {
        let items = limits.window.saturating_sub(self.window.len());
        let bytes = limits.window_bytes.saturating_sub(self.bytes);
        let fits = items > 0 && (bytes > 0 || self.window.is_empty());
        let apart = self.window.values().any(|flight| flight.alone && !self.is_read(flight));
        (fits && !apart).then_some(Room { items, bytes })
    }

    /// A delivery is on its way to the socket; `alone` when it was sent into an empty window behind an answered ping.
    pub(crate) fn begin(&mut self, seq: Seq, bytes: usize, alone: bool) {
        self.bytes += bytes;
        self.sent += 1;
        let flight = InFlight { bytes, order: self.sent, alone, written: None, pings: u64::MAX };
        if let Some(former) = self.window.insert(seq, flight) {
            self.bytes -= former.bytes;
        }
    }

    /// The socket took it.
    pub(crate) fn written(&mut self, seq: Seq, now: Instant) {
        let pings = self.pinged;
        if let Some(flight) = self.window.get_mut(&seq) {
            (flight.written, flight.pings) = (Some(now), pings);
        }
    }

    /// The number of the ping that is written now.
    pub(crate) fn next_ping(&mut self) -> u64 {
        self.pings += 1;
        self.pings
    }

    /// The least number of those that are written from now on.
    pub(crate) fn ping_to_come(&self) -> u64 {
        self.pings + 1
    }

    /// The socket took a ping.
    pub(crate) fn pinged(&mut self, number: u64, now: Instant) {
        self.pinged = self.pinged.max(number);
        if self.ponged < number {
            self.waiting.get_or_insert((number, now));
        }
    }

    /// The gateway answered a ping, and had read everything that was written before it.
    pub(crate) fn ponged(&mut self, number: u64, now: Instant) {
        if number > self.pings {
            return;
        }
        self.ponged = self.ponged.max(number);
        if self.waiting.is_some_and(|(waiting, _)| waiting <= number) {
            // One behind it was written since; its own wait is not known any more and begins now.
            self.waiting = (self.pinged > number).then_some((self.pinged, now));
        }
    }

    /// Whether a ping was answered.
    pub(crate) fn is_answered(&self, ping: u64) -> bool {
        self.ponged >= ping
    }

    /// Since when a ping waits for its answer.
    pub(crate) fn unanswered_since(&self) -> Option<Instant> {
        self.waiting.map(|(_, since)| since)
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
    pub(crate) fn end(&mut self, seq: Seq, now: Instant) -> bool {
        let ended = self.take(seq);
        if let Some(flight) = &ended {
            self.acknowledged = self.acknowledged.max(flight.order);
            // It reads, however slowly: a ping may be far behind on a narrow way.
            self.waiting = self.waiting.map(|(ping, _)| (ping, now));
        }
        self.lapsed.retain(|_, lapsed| lapsed.seq != seq);
        ended.is_some()
    }

    fn take(&mut self, seq: Seq) -> Option<InFlight> {
        let taken = self.window.remove(&seq)?;
        self.bytes -= taken.bytes;
        Some(taken)
    }

    /// When the first of them will have waited for an ack for too long.
    pub(crate) fn next_lapse(&self, ack: Duration) -> Option<Instant> {
        self.window.values().filter_map(|flight| flight.written).min().map(|written| written + ack)
    }

    /// Takes out those that have waited for too long, so that others have room: whoever they were sent to may never
    /// acknowledge their kind. How many there were.
    pub(crate) fn lapse(&mut self, now: Instant, ack: Duration) -> usize {
        let over = |flight: &InFlight| flight.written.is_some_and(|written| written + ack <= now);
        let over: Vec<Seq> =
            self.window.iter().filter(|(_, flight)| over(flight)).map(|(seq, _)| *seq).collect();
        for seq in &over {
            if let Some(flight) = self.take(*seq) {
                self.lapsed.insert(flight.order, Lapsed { seq: *seq, flight });
            }
        }
        while self.lapsed.len() > LAPSED {
            self.lapsed.pop_last();
        }
        over.len()
    }

    /// Those that lapsed and of which a later one is acknowledged: the gateway took that and not these.
    pub(crate) fn passed_over(&mut self) -> Vec<Seq> {
        let later = self.lapsed.split_off(&self.acknowledged);
        std::mem::replace(&mut self.lapsed, later).into_values().map(|lapsed| lapsed.seq).collect()
    }

    /// What the gateway was at when its connection ended: the oldest that the socket took. Whoever takes deliveries in
    /// their order, and ends by one, ends by that one.
    ///
    /// It is to blame where `content_is_blamed` by the gateway itself, where a later one is acknowledged, where a ping
    /// behind it is answered, and where it was sent alone to a gateway that had just answered.
    pub(crate) fn at_the_end(&self, content_is_blamed: bool) -> Option<Suspicion> {
        let lapsed = self.lapsed.values().next().map(|Lapsed { seq, flight }| (*seq, flight));
        let under_way = self.window.iter().map(|(seq, flight)| (*seq, flight));
        let written = under_way.filter(|(_, flight)| flight.written.is_some());
        let (seq, flight) = lapsed.into_iter().chain(written).min_by_key(|(_, flight)| flight.order)?;
        let is_blamed =
            content_is_blamed || flight.alone || flight.order < self.acknowledged || self.is_read(flight);
        Some(if is_blamed { Suspicion::Blamed(seq) } else { Suspicion::Lost(seq) })
    }

    fn is_read(&self, flight: &InFlight) -> bool {
        flight.written.is_some() && self.ponged > flight.pings
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{InFlightWindow, Room, Suspicion};
    use crate::{Limits, Seq};

    const ACK: Duration = Duration::from_secs(10);

    fn limits(window: usize, window_bytes: usize) -> Limits {
        Limits { window, window_bytes, ..Limits::default() }
    }

    /// A window in which these were written, in this order.
    fn written(seqs: &[u64]) -> InFlightWindow {
        let mut in_flight = InFlightWindow::default();
        for seq in seqs {
            in_flight.begin(Seq(*seq), 10, false);
            in_flight.written(Seq(*seq), Instant::now());
        }
        in_flight
    }

    fn ping(in_flight: &mut InFlightWindow) -> u64 {
        let number = in_flight.next_ping();
        in_flight.pinged(number, Instant::now());
        number
    }

    #[test]
    fn the_window_is_full_by_count_or_by_weight_and_an_ack_makes_room() {
        let mut in_flight = InFlightWindow::default();
        in_flight.begin(Seq(1), 60, false);
        in_flight.begin(Seq(2), 50, false);
        assert_eq!(in_flight.room(&limits(2, 1_000)), None);
        assert_eq!(in_flight.room(&limits(10, 100)), None);
        assert_eq!(in_flight.room(&limits(10, 1_000)), Some(Room { items: 8, bytes: 890 }));
        assert!(in_flight.end(Seq(1), Instant::now()));
        assert!(!in_flight.end(Seq(1), Instant::now()), "an ack counts once");
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
            in_flight.begin(Seq(seq), 10, false);
        }
        assert_eq!((in_flight.next_lapse(ACK), in_flight.at_the_end(true)), (None, None));
        in_flight.written(Seq(2), now);
        in_flight.written(Seq(3), now + Duration::from_secs(1));
        assert_eq!(in_flight.next_lapse(ACK), Some(now + ACK));
        assert_eq!(in_flight.lapse(now + ACK - Duration::from_millis(1), ACK), 0);
        assert_eq!(in_flight.lapse(now + ACK, ACK), 1);
        assert_eq!(in_flight.room(&limits(3, 100)), Some(Room { items: 1, bytes: 80 }));
    }

    #[test]
    fn what_lapsed_is_passed_over_once_a_later_one_is_acknowledged_and_only_once() {
        let mut in_flight = written(&[1, 2, 3]);
        in_flight.lapse(Instant::now() + ACK, ACK);
        assert_eq!(in_flight.passed_over(), [], "a gateway whose disk is full acknowledges nothing");
        // A dead letter that was put back is sent later, whatever its number.
        for seq in [4, 0] {
            in_flight.begin(Seq(seq), 10, false);
            in_flight.written(Seq(seq), Instant::now());
        }
        in_flight.end(Seq(2), Instant::now());
        in_flight.end(Seq(4), Instant::now());
        assert_eq!(in_flight.passed_over(), [Seq(1), Seq(3)]);
        assert_eq!(in_flight.passed_over(), []);
        assert_eq!(in_flight.at_the_end(false), Some(Suspicion::Lost(Seq(0))));
    }

    #[test]
    fn a_loss_before_a_pong_blames_nothing() {
        let mut in_flight = InFlightWindow::default();
        let before = ping(&mut in_flight);
        for seq in [1, 2] {
            in_flight.begin(Seq(seq), 10, false);
            in_flight.written(Seq(seq), Instant::now());
        }
        in_flight.ponged(before, Instant::now());
        assert_eq!(
            in_flight.at_the_end(false),
            Some(Suspicion::Lost(Seq(1))),
            "it was written behind the ping"
        );
        let behind = ping(&mut in_flight);
        in_flight.ponged(u64::MAX, Instant::now());
        assert_eq!(in_flight.at_the_end(false), Some(Suspicion::Lost(Seq(1))), "no such ping was written");
        in_flight.ponged(behind, Instant::now());
        assert_eq!(in_flight.at_the_end(false), Some(Suspicion::Blamed(Seq(1))));
    }

    #[test]
    fn a_later_ack_or_the_gateways_own_word_or_a_wait_in_vain_blames_the_oldest() {
        let mut in_flight = written(&[1, 2, 3]);
        assert_eq!(in_flight.at_the_end(true), Some(Suspicion::Blamed(Seq(1))));
        in_flight.end(Seq(2), Instant::now());
        assert_eq!(in_flight.at_the_end(false), Some(Suspicion::Blamed(Seq(1))));
        let mut in_flight = written(&[1]);
        let answered = ping(&mut in_flight);
        in_flight.ponged(answered, Instant::now());
        in_flight.lapse(Instant::now() + ACK, ACK);
        in_flight.begin(Seq(2), 10, false);
        in_flight.written(Seq(2), Instant::now());
        assert_eq!(in_flight.at_the_end(false), Some(Suspicion::Blamed(Seq(1))));
    }

    #[test]
    fn what_lapsed_on_a_connection_that_was_dead_blames_nothing() {
        let mut in_flight = written(&[1]);
        in_flight.lapse(Instant::now() + ACK, ACK);
        assert_eq!(in_flight.at_the_end(false), Some(Suspicion::Lost(Seq(1))));
    }

    #[test]
    fn a_suspect_has_the_window_for_itself_until_it_is_read_and_is_blamed_also_without_a_pong() {
        let mut in_flight = InFlightWindow::default();
        in_flight.begin(Seq(1), 10, true);
        in_flight.written(Seq(1), Instant::now());
        assert_eq!(in_flight.room(&limits(9, 100)), None);
        assert_eq!(in_flight.at_the_end(false), Some(Suspicion::Blamed(Seq(1))));
        let behind = ping(&mut in_flight);
        in_flight.ponged(behind, Instant::now());
        assert_eq!(in_flight.room(&limits(9, 100)), Some(Room { items: 8, bytes: 90 }));
    }

    #[test]
    fn an_unanswered_ping_is_waited_for_from_when_it_was_written() {
        let mut in_flight = InFlightWindow::default();
        let (start, second) = (Instant::now(), Duration::from_secs(1));
        for after in 0..3 {
            let number = in_flight.next_ping();
            in_flight.pinged(number, start + after * second);
        }
        assert_eq!(in_flight.unanswered_since(), Some(start));
        in_flight.ponged(1, start + 5 * second);
        assert_eq!(in_flight.unanswered_since(), Some(start + 5 * second));
        in_flight.ponged(3, start + 6 * second);
        assert_eq!(in_flight.unanswered_since(), None);
        // An ack is a sign of life as well, and an ack for nothing is none.
        let mut reading = written(&[1]);
        ping(&mut reading);
        reading.end(Seq(9), start + 7 * second);
        assert!(reading.unanswered_since().is_some_and(|since| since < start + second));
        reading.end(Seq(1), start + 7 * second);
        assert_eq!(reading.unanswered_since(), Some(start + 7 * second));
        // An answer may be read before it is known that the ping was written whole.
        let number = in_flight.next_ping();
        in_flight.ponged(number, start);
        in_flight.pinged(number, start);
        assert_eq!(in_flight.unanswered_since(), None);
    }
}
