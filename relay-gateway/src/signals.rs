//! SIGINT and SIGTERM.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// A token that the first SIGINT or SIGTERM cancels. The second one ends the process at once, for whoever
/// does not want to wait for running turns.
pub(crate) fn shutdown_token() -> std::io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let shutdown = token.clone();
    tokio::spawn(async move {
        loop {
            let (name, number) = tokio::select! {
                _ = interrupt.recv() => ("SIGINT", 2),
                _ = terminate.recv() => ("SIGTERM", 15),
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
