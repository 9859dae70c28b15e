//! How busy an adapter is.

use tokio::sync::watch;

/// The messages that are being worked on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Activity {
    /// Messages that were taken and are not done with: running, or waiting behind a running one.
    pub open: usize,
    /// Messages that were taken since the start, so that one that came and went is seen.
    pub taken: u64,
}

/// Keeps count and tells whoever watches.
#[derive(Debug)]
pub(crate) struct ActivityCount(watch::Sender<Activity>);

impl Default for ActivityCount {
    fn default() -> Self {
        Self(watch::channel(Activity::default()).0)
    }
}

impl ActivityCount {
    pub(crate) fn begun(&self) {
        self.0.send_modify(|activity| {
            activity.open += 1;
            activity.taken += 1;
        });
    }

    pub(crate) fn ended(&self) {
        self.0.send_modify(|activity| activity.open -= 1);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Activity> {
        self.0.subscribe()
    }
}
