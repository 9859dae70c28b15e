//! The second chance of dead letters: those that were never acknowledged are tried again by themselves.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::delivery::delivery_buffers::DeliveryBuffers;
use crate::delivery::registry::Registry;

/// How long a store that fails is left alone.
const PAUSE: Duration = Duration::from_secs(10);

/// The longest sleep: the clock that the waits are counted by may be set meanwhile.
const LONGEST: Duration = Duration::from_mins(5);

/// Puts dead letters back into their buffers when they are due.
pub(crate) struct Redelivery {
    buffers: Arc<DeliveryBuffers>,
    registry: Arc<Registry>,
    /// It runs once, however many listeners are served.
    turn: Semaphore,
}

impl Redelivery {
    pub(crate) fn new(buffers: Arc<DeliveryBuffers>, registry: Arc<Registry>) -> Self {
        Self { buffers, registry, turn: Semaphore::new(1) }
    }

    /// Runs until it is dropped.
    pub(crate) async fn run(&self) {
        let Ok(_turn) = self.turn.acquire().await else { return };
        let mut is_failing = false;
        loop {
            match self.buffers.retry_due().await {
                Ok((retried, next)) => {
                    is_failing = false;
                    if retried > 0 {
                        tracing::info!(retried, "delivering again what was never acknowledged");
                        self.registry.rewind();
                    }
                    // A moment more, so that a clock of whole seconds has passed it.
                    let wait = next.map(|wait| (wait + Duration::from_secs(1)).min(LONGEST));
                    tokio::select! {
                        () = sleep(wait.unwrap_or(LONGEST)), if wait.is_some() => {}
                        () = self.buffers.dead() => {}
                    }
                }
                Err(error) => {
                    if !is_failing {
                        tracing::error!(%error, "dead letters cannot be put back into their buffers; the connector tries again every 10 seconds");
                    }
                    is_failing = true;
                    sleep(PAUSE).await;
                }
            }
        }
    }
}
