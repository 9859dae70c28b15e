//! Sleep while nothing happens, for machines that are suspended when they hold no connection.

use std::time::Duration;

use futures_util::FutureExt as _;
use relay_adapter::Activity;
use relay_transport::{Drained, Link, LinkState, RelayTransport as _};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{info, warn};

/// Lets the link hibernate whenever it was live for this long without a message. Ends with the link.
pub(crate) async fn hibernate_when_idle(
    link: Link,
    mut activity: watch::Receiver<Activity>,
    after: Duration,
    grace: Duration,
) {
    let mut state = link.state();
    loop {
        let settled = state.wait_for(|state| *state == LinkState::Live || state.is_final()).await;
        if settled.map_or(true, |state| state.is_final()) {
            return;
        }
        // An error means that the adapter has ended, and soon the link.
        if activity.wait_for(|activity| activity.open == 0).await.is_err() {
            return;
        }
        let is_idle = tokio::select! {
            biased;
            changed = activity.changed() => match changed {
                Ok(()) => false,
                Err(_) => return,
            },
            () = state.wait_for(|state| *state != LinkState::Live).map(drop) => false,
            () = sleep(after) => true,
        };
        if is_idle {
            match link.hibernate(grace).await {
                Drained::Acked => info!("nothing happens: the link sleeps until something does"),
                Drained::NotAcked => {
                    warn!("the connector did not confirm that it keeps messages; the link stays up");
                }
                Drained::NoConnection => {}
            }
        }
    }
}
