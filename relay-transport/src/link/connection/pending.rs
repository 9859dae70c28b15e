//! The requests that wait for their result.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use relay_wire::{ActionResult, RequestId};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::Outcome;

/// A map without I/O and without a clock. An entry leaves in one of four ways: its result came, its time ran
/// out, its caller gave up, or the connection was lost.
#[derive(Debug)]
pub(crate) struct Pending {
    timeout: Duration,
    waiting: HashMap<RequestId, Waiting>,
    /// By the order in which they were written, which is the order in which they run out.
    by_age: BTreeMap<u64, (Instant, RequestId)>,
    next: u64,
}

#[derive(Debug)]
struct Waiting {
    age: u64,
    reply: oneshot::Sender<Outcome>,
}

impl Pending {
    pub(crate) fn new(timeout: Duration) -> Self {
        Self { timeout, waiting: HashMap::new(), by_age: BTreeMap::new(), next: 0 }
    }

    /// Takes in a request that is being written now.
    pub(crate) fn insert(&mut self, id: RequestId, reply: oneshot::Sender<Outcome>, now: Instant) {
        let age = self.next;
        self.next += 1;
        self.by_age.insert(age, (now + self.timeout, id.clone()));
        self.waiting.insert(id, Waiting { age, reply });
    }

    /// Hands a result to whoever waits for it; `false` when nobody does.
    pub(crate) fn resolve(&mut self, id: &RequestId, result: ActionResult) -> bool {
        let Some(waiting) = self.remove(id) else { return false };
        // A caller that gave up in this moment wants to hear nothing.
        let _ = waiting.reply.send(Outcome::of(result));
        true
    }

    /// Removes a request whose caller gave up waiting.
    pub(crate) fn forget(&mut self, id: &RequestId) {
        self.remove(id);
    }

    /// Ends the requests whose time has run out; how many.
    pub(crate) fn expire(&mut self, now: Instant) -> usize {
        let mut expired = 0;
        while let Some((deadline, id)) = self.by_age.first_entry().map(|entry| entry.get().clone()) {
            if deadline > now {
                break;
            }
            if let Some(waiting) = self.remove(&id) {
                let _ = waiting.reply.send(Outcome::Unknown);
                expired += 1;
            }
        }
        expired
    }

    /// Gives every request so much more time.
    pub(crate) fn postpone(&mut self, by: Duration) {
        for (deadline, _) in self.by_age.values_mut() {
            *deadline += by;
        }
    }

    /// When the next request runs out of time.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.by_age.first_key_value().map(|(_, (deadline, _))| *deadline)
    }

    /// Whether no request waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Ends all requests in the order in which they were written, because the connection that would have brought
    /// their results is gone; how many.
    pub(crate) fn lose(&mut self) -> usize {
        let mut lost = 0;
        for (_, id) in std::mem::take(&mut self.by_age).into_values() {
            if let Some(waiting) = self.waiting.remove(&id) {
                let _ = waiting.reply.send(Outcome::Unknown);
                lost += 1;
            }
        }
        lost
    }

    fn remove(&mut self, id: &RequestId) -> Option<Waiting> {
        let waiting = self.waiting.remove(id)?;
        self.by_age.remove(&waiting.age);
        Some(waiting)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use relay_wire::{ActionResult, RequestId};
    use tokio::sync::oneshot;
    use tokio::time::Instant;

    use super::Pending;
    use crate::Outcome;

    const TIMEOUT: Duration = Duration::from_secs(30);

    fn insert(pending: &mut Pending, id: &str, now: Instant) -> oneshot::Receiver<Outcome> {
        let (reply, answer) = oneshot::channel();
        pending.insert(RequestId::new(id).unwrap(), reply, now);
        answer
    }

    fn is_empty(pending: &Pending) -> bool {
        pending.waiting.is_empty() && pending.by_age.is_empty()
    }

    #[test]
    fn a_result_reaches_its_request_once_and_nobody_else() {
        let mut pending = Pending::new(TIMEOUT);
        let mut a = insert(&mut pending, "a", Instant::now());
        let mut b = insert(&mut pending, "b", Instant::now());
        assert!(pending.resolve(&"b".parse().unwrap(), ActionResult::delivered("m1")));
        assert_eq!(b.try_recv(), Ok(Outcome::Delivered(ActionResult::delivered("m1"))));
        assert!(!pending.resolve(&"b".parse().unwrap(), ActionResult::done()), "a second result");
        assert!(!pending.resolve(&"c".parse().unwrap(), ActionResult::done()), "a request never made");
        assert!(a.try_recv().is_err());
    }

    #[test]
    fn requests_run_out_in_the_order_they_were_written() {
        let mut pending = Pending::new(TIMEOUT);
        let start = Instant::now();
        let mut first = insert(&mut pending, "1", start);
        let mut second = insert(&mut pending, "2", start + Duration::from_secs(1));
        assert_eq!(pending.next_deadline(), Some(start + TIMEOUT));
        assert_eq!(pending.expire(start + TIMEOUT - Duration::from_millis(1)), 0);
        assert_eq!(pending.expire(start + TIMEOUT), 1);
        assert_eq!(first.try_recv(), Ok(Outcome::Unknown));
        assert!(second.try_recv().is_err());
        assert_eq!(pending.next_deadline(), Some(start + TIMEOUT + Duration::from_secs(1)));
    }

    #[test]
    fn nothing_is_left_of_a_request_that_was_answered_forgotten_or_lost() {
        let mut pending = Pending::new(TIMEOUT);
        let _answered = insert(&mut pending, "answered", Instant::now());
        let _forgotten = insert(&mut pending, "forgotten", Instant::now());
        pending.resolve(&"answered".parse().unwrap(), ActionResult::done());
        pending.forget(&"forgotten".parse().unwrap());
        assert!(is_empty(&pending));
        assert_eq!(pending.next_deadline(), None);
        let mut lost = insert(&mut pending, "lost", Instant::now());
        assert_eq!(pending.lose(), 1);
        assert_eq!(lost.try_recv(), Ok(Outcome::Unknown));
        assert!(is_empty(&pending));
    }
}
