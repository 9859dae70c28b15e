//! The thread that writes: whatever waits is committed together, so that one flush to the disk serves many.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::watch;
use tracing::{error, info};

use crate::error::SqliteError;
use crate::job::Job;

/// The most that one transaction carries.
const BATCH: usize = 1024;

/// The pause before a commit that failed is tried again, and its longest after doubling.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(crate) struct Writer {
    pub(crate) name: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    pub(crate) queue: Receiver<Box<dyn Job>>,
    pub(crate) closing: Arc<AtomicBool>,
    pub(crate) full: watch::Sender<bool>,
}

impl Writer {
    pub(crate) fn run(mut self) {
        let mut batch = Vec::new();
        while let Ok(first) = self.queue.recv() {
            batch.push(first);
            batch.extend(self.queue.try_iter().take(BATCH - 1));
            self.commit(&mut batch);
        }
    }

    /// Commits a batch, however long that takes. What can never be committed is answered with an error, and
    /// costs its neighbours nothing.
    fn commit(&mut self, batch: &mut Vec<Box<dyn Job>>) {
        let mut pause = PAUSE;
        loop {
            match transact(&mut self.connection, batch) {
                Ok(()) => {
                    if self.full.send_replace(false) {
                        info!(path = %self.path.display(), "{} can be written again", self.name);
                    }
                    batch.drain(..).for_each(|job| job.answer(Ok(())));
                    return;
                }
                Err(failure) if passes(&failure) && !self.closing.load(Ordering::Relaxed) => {
                    if !self.full.send_replace(true) {
                        error!(
                            error = %failure,
                            path = %self.path.display(),
                            "{} cannot be written; until it can, its commits wait. See to the disk",
                            self.name
                        );
                    }
                    self.refuse_the_hasty(batch, &failure);
                    if batch.is_empty() {
                        return;
                    }
                    // Without a further job the time is up or the database closes, and the next try decides.
                    batch.extend(self.queue.recv_timeout(pause).ok());
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                Err(_) if batch.len() > 1 => {
                    for job in std::mem::take(batch) {
                        self.commit(&mut vec![job]);
                    }
                    return;
                }
                Err(failure) => {
                    let failed = SqliteError::of(self.name, &self.path, failure);
                    batch.drain(..).for_each(|job| job.answer(Err(failed.clone())));
                    return;
                }
            }
        }
    }

    /// Answers those that somebody can ask again.
    fn refuse_the_hasty(&self, batch: &mut Vec<Box<dyn Job>>, failure: &rusqlite::Error) {
        let failed = SqliteError::classified(self.name, &self.path, failure);
        for job in batch.extract_if(.., |job| !job.waits_for_room()) {
            job.answer(Err(failed.clone()));
        }
    }
}

/// Does the jobs in order and in one transaction: all of them or nothing.
pub(crate) fn transact(connection: &mut Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        job.run(&transaction)?;
    }
    transaction.commit()
}

/// Whether an error may go away by itself or by the operator's hand.
pub(crate) fn passes(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
        )
    )
}
