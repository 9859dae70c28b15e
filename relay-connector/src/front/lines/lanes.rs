//! Events on their way into the connector: many at once, those of one chat one after the other.

use std::collections::{HashMap, VecDeque};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};

/// Events that may be on their way; the input is not read further meanwhile.
const MOST: usize = 256;

/// One chat of one platform.
pub(super) type Lane = (String, String);

/// What is to be done for one line.
type Work<'f> = BoxFuture<'f, ()>;

/// Work in lanes. That of one lane is begun only when the one before it is over.
#[derive(Default)]
pub(super) struct Lanes<'f> {
    running: FuturesUnordered<BoxFuture<'f, Option<Lane>>>,
    /// A lane is in here while its work runs, with the work behind it.
    waiting: HashMap<Lane, VecDeque<Work<'f>>>,
    count: usize,
}

impl<'f> Lanes<'f> {
    pub(super) fn has_room(&self) -> bool {
        self.count < MOST
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Begins work once that before it in its lane is over; at once where it belongs to none.
    pub(super) fn push(&mut self, lane: Option<Lane>, work: impl Future<Output = ()> + Send + 'f) {
        self.count += 1;
        if let Some(behind) = lane.as_ref().and_then(|lane| self.waiting.get_mut(lane)) {
            behind.push_back(work.boxed());
            return;
        }
        if let Some(lane) = &lane {
            self.waiting.insert(lane.clone(), VecDeque::new());
        }
        self.run(lane, work);
    }

    /// Goes on with all of it until some of it is over. Nothing is lost when the caller stops waiting.
    pub(super) async fn next(&mut self) {
        let Some(lane) = self.running.next().await else { return };
        self.count -= 1;
        let Some(lane) = lane else { return };
        match self.waiting.get_mut(&lane).and_then(VecDeque::pop_front) {
            Some(work) => self.run(Some(lane), work),
            None => drop(self.waiting.remove(&lane)),
        }
    }

    fn run(&mut self, lane: Option<Lane>, work: impl Future<Output = ()> + Send + 'f) {
        self.running.push(
            async move {
                work.await;
                lane
            }
            .boxed(),
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt as _;
    use tokio::sync::oneshot;

    use super::{Lane, Lanes, MOST};

    fn lane(chat: &str) -> Lane {
        ("sms".to_owned(), chat.to_owned())
    }

    #[tokio::test]
    async fn a_chat_waits_for_itself_and_for_no_other() {
        let done = Mutex::new(Vec::new());
        let (go, gone) = oneshot::channel::<()>();
        let note = |name| done.lock().unwrap().push(name);
        let mut lanes = Lanes::default();
        lanes.push(Some(lane("a")), async {
            let _ = gone.await;
            note("a1");
        });
        lanes.push(Some(lane("a")), async { note("a2") });
        lanes.push(Some(lane("b")), async { note("b1") });
        lanes.push(None, async { note("none") });
        lanes.next().await;
        lanes.next().await;
        assert!(lanes.next().now_or_never().is_none());
        go.send(()).unwrap();
        lanes.next().await;
        lanes.next().await;
        assert_eq!(*done.lock().unwrap(), ["b1", "none", "a1", "a2"]);
        assert!(lanes.is_empty() && lanes.waiting.is_empty());
    }

    #[test]
    fn what_is_on_its_way_is_bounded() {
        let mut lanes = Lanes::default();
        for _ in 0..MOST {
            assert!(lanes.has_room());
            lanes.push(Some(lane("a")), async {});
        }
        assert!(!lanes.has_room());
    }
}
