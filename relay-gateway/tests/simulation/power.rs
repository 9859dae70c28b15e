//! A program's power, which may fail between any two steps that matter.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A place in a program where a power loss tells a careful program from a careless one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    BeforeAdmission,
    AfterAdmission,
    AfterAck,
    BeforeStep,
    AfterStep,
    BeforeRequest,
    AfterOutcome,
    BeforeFinish,
    AfterFinish,
    BeforeAppend,
    AfterAppend,
    BeforeRemoval,
    AfterRemoval,
    BeforeAction,
    AfterAction,
}

impl Point {
    pub const OF_GATEWAY: [Self; 9] = [
        Self::BeforeAdmission,
        Self::AfterAdmission,
        Self::AfterAck,
        Self::BeforeStep,
        Self::AfterStep,
        Self::BeforeRequest,
        Self::AfterOutcome,
        Self::BeforeFinish,
        Self::AfterFinish,
    ];
    pub const OF_CONNECTOR: [Self; 6] = [
        Self::BeforeAppend,
        Self::AfterAppend,
        Self::BeforeRemoval,
        Self::AfterRemoval,
        Self::BeforeAction,
        Self::AfterAction,
    ];
}

/// The power of one life of one program. What has lost it does nothing any more: no byte leaves, nothing is
/// committed, and whoever waits waits until the host is taken away.
#[derive(Clone, Debug, Default)]
pub struct Power(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    failed: Option<Point>,
    /// It fails when this point is passed for the so-many-th time.
    fuse: Option<(Point, u32)>,
}

impl Power {
    /// Lets the power fail when `point` is passed for the `times`-th time from now.
    pub fn fail_at(&self, point: Point, times: u32) {
        self.state().fuse = Some((point, times));
    }

    pub fn disarm(&self) {
        self.state().fuse = None;
    }

    /// Where it failed.
    pub fn failed(&self) -> Option<Point> {
        self.state().failed
    }

    pub fn is_on(&self) -> bool {
        self.failed().is_none()
    }

    /// Passes a point; `false` when the power is gone.
    pub fn passes(&self, point: Point) -> bool {
        let mut state = self.state();
        if let Some((at, left)) = &mut state.fuse
            && *at == point
        {
            *left = left.saturating_sub(1);
            if *left == 0 {
                state.fuse = None;
                state.failed.get_or_insert(point);
            }
        }
        state.failed.is_none()
    }

    /// Passes a point, or stays there for ever.
    pub async fn pass(&self, point: Point) {
        if !self.passes(point) {
            pending::<()>().await;
        }
    }

    /// Goes on only with power.
    pub async fn hold(&self) {
        if !self.is_on() {
            pending::<()>().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
