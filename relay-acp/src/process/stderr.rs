//! An agent's stderr: read so that it never fills, shown only where asked for.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::AsyncRead;
use tracing::info;

use super::mask::Mask;
use crate::rpc::{Line, LineReader};

/// A longer line of stderr is not kept.
const LINE: usize = 16 * 1024;

/// Lines that are kept for the report of a failed start.
const KEPT: usize = 12;

/// The last lines of an agent's stderr, masked.
#[derive(Clone, Default)]
pub(crate) struct StderrTail(Arc<Mutex<Vec<String>>>);

impl StderrTail {
    /// Reads until the end; with `log`, each line goes to the log.
    pub(crate) async fn read(self, stderr: impl AsyncRead + Unpin, mask: Mask, log: bool, agent: String) {
        let mut lines = LineReader::new(stderr, LINE);
        while let Ok(Some(line)) = lines.next().await {
            let Line::Whole(line) = line else { continue };
            let line = mask.apply(&String::from_utf8_lossy(line));
            if line.is_empty() {
                continue;
            }
            if log {
                info!(agent, "stderr: {line}");
            }
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == KEPT {
                kept.remove(0);
            }
            kept.push(line);
        }
    }

    /// What was kept, oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
