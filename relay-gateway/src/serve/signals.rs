//! SIGINT, SIGTERM and SIGHUP.

use std::io::IsTerminal as _;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// A token that the first SIGINT or SIGTERM cancels. The second one ends the process at once, for whoever
/// does not want to wait for running turns.
///
/// SIGHUP says that the terminal is gone, and then it is as good as SIGTERM. A process that has none, such as one
/// under a supervisor, is told by it to read its settings again, which this one does at its start alone: it says so
/// and goes on.
pub(crate) fn shutdown_token() -> std::io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let has_terminal = std::io::stderr().is_terminal();
    let token = CancellationToken::new();
    let shutdown = token.clone();
    tokio::spawn(async move {
        loop {
            let (name, number) = tokio::select! {
                _ = interrupt.recv() => ("SIGINT", 2),
                _ = terminate.recv() => ("SIGTERM", 15),
                _ = hangup.recv() => {
                    if !has_terminal {
                        info!("SIGHUP: settings are read at the start alone, so nothing changes; restart to apply them");
                        continue;
                    }
                    ("SIGHUP", 1)
                }
            };
            if shutdown.is_cancelled() {
                warn!("{name} again: leaving at once");
                std::process::exit(128 + number);
            }
            info!("{name}: finishing what runs; a second signal leaves at once");
            shutdown.cancel();
        }
    });
    Ok(token)
}
