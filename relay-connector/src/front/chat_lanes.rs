//! The order of actions within a chat, over all connections.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

/// What must stay in order: one chat of one platform, or, for a follow-up, one session.
pub(crate) type Lane = (String, String);

/// Lanes at which the ones that are over are forgotten for the first time.
const FIRST_SWEEP: usize = 64;

/// One action at a time in each lane, first come first served.
///
/// The lock in here is held for a look-up only, and nothing else is locked meanwhile.
#[derive(Debug, Default)]
pub(crate) struct ChatLanes(Mutex<Lanes>);

#[derive(Debug, Default)]
struct Lanes {
    turns: HashMap<Lane, Weak<Turn<()>>>,
    /// So many lanes make the next sweep due, which keeps its cost in proportion.
    sweep_at: usize,
}

impl ChatLanes {
    /// Waits until nothing is under way in this lane; it is the caller's until the guard is dropped.
    pub(crate) async fn enter(&self, lane: &Lane) -> OwnedMutexGuard<()> {
        let turn = self.turn(lane);
        turn.lock_owned().await
    }

    fn turn(&self, lane: &Lane) -> Arc<Turn<()>> {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = lanes.turns.get(lane).and_then(Weak::upgrade) {
            return turn;
        }
        if lanes.turns.len() >= lanes.sweep_at.max(FIRST_SWEEP) {
            lanes.turns.retain(|_, turn| turn.strong_count() > 0);
            lanes.sweep_at = 2 * lanes.turns.len();
        }
        let turn = Arc::new(Turn::new(()));
        lanes.turns.insert(lane.clone(), Arc::downgrade(&turn));
        turn
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::{ChatLanes, FIRST_SWEEP};

    #[tokio::test]
    async fn one_lane_waits_for_itself_and_for_no_other_and_those_that_are_over_are_forgotten() {
        let lanes = ChatLanes::default();
        let lane = |chat: usize| ("sms".to_owned(), chat.to_string());
        let held = lanes.enter(&lane(0)).await;
        assert!(lanes.enter(&lane(0)).now_or_never().is_none());
        for chat in 1..=FIRST_SWEEP + 20 {
            assert!(lanes.enter(&lane(chat)).now_or_never().is_some());
        }
        assert!(lanes.0.lock().unwrap().turns.len() <= FIRST_SWEEP + 1);
        assert!(lanes.enter(&lane(0)).now_or_never().is_none(), "a lane in use is not forgotten");
        drop(held);
        assert!(lanes.enter(&lane(0)).now_or_never().is_some());
    }
}
