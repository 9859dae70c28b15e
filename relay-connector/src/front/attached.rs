//! The context of a front that others call while it runs.

use tokio::sync::watch;

use crate::FrontContext;

/// Where a front keeps its context for those who call it from outside: they wait until it runs.
pub(crate) struct Attached(watch::Sender<Option<FrontContext>>);

impl Default for Attached {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Attached {
    pub(crate) fn set(&self, context: FrontContext) {
        self.0.send_replace(Some(context));
    }

    /// Waits until the front runs.
    pub(crate) async fn context(&self) -> FrontContext {
        let mut contexts = self.0.subscribe();
        let context = contexts.wait_for(Option::is_some).await;
        context.expect("the sender is borrowed here").clone().expect("just looked at")
    }
}
