//! What a supervisor such as systemd is told: ready, how it stands, alive, stopping.
//!
//! Without a supervisor (`NOTIFY_SOCKET` unset) nothing is said.

use std::time::Duration;

use relay_transport::LinkState;
use sd_notify::NotifyState;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};
use tracing::{debug, info};

/// The gateway has started: its configuration and inbox are good and it dials.
///
/// Ready does not mean live: a connector that is down is waited for, and a supervisor that took that for a failed
/// start would kill what only has to wait.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The gateway ends; running turns may finish first.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
}

/// How the link stands, in one line.
pub(crate) fn status(state: &LinkState) {
    tell(&[NotifyState::Status(&state.to_string())]);
}

/// How often a supervisor wants to hear that the process is alive.
pub(crate) fn watchdog() -> Option<Duration> {
    sd_notify::watchdog_enabled()
}

/// Says at half the time that the supervisor allows that the process is alive, as long as the runtime still runs
/// what is given to it: a runtime that hangs says nothing, and is restarted.
pub(crate) async fn watched(allowed: Duration) {
    keep_alive(allowed, round_trip, || tell(&[NotifyState::Watchdog])).await;
}

async fn keep_alive(allowed: Duration, pulse: impl AsyncFn(), alive: impl Fn()) {
    info!(?allowed, "the supervisor watches over this process");
    let mut ticks = interval((allowed / 2).max(Duration::from_millis(1)));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        pulse().await;
        alive();
    }
}

/// A round trip through the runtime: a task of its own is scheduled, runs, and answers.
async fn round_trip() {
    let (reply, answer) = oneshot::channel();
    tokio::spawn(async move { reply.send(()) });
    // The task does nothing else, so that it cannot end without having answered.
    let _ = answer.await;
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        debug!(%error, "the supervisor could not be told");
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use super::{keep_alive, round_trip};

    const ALLOWED: Duration = Duration::from_secs(30);

    /// How often the supervisor hears of life in so many seconds.
    async fn heard(seconds: u64, pulse: impl AsyncFn()) -> u32 {
        let heard = Cell::new(0);
        let watched = keep_alive(ALLOWED, pulse, || heard.set(heard.get() + 1));
        assert!(tokio::time::timeout(Duration::from_secs(seconds), watched).await.is_err(), "it never ends");
        heard.get()
    }

    #[tokio::test(start_paused = true)]
    async fn the_supervisor_hears_of_life_twice_in_the_time_that_it_allows() {
        assert_eq!(heard(61, round_trip).await, 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_runtime_that_runs_nothing_is_not_called_alive() {
        assert_eq!(heard(3_600, std::future::pending).await, 0);
    }
}
