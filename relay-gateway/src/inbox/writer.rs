//! The thread that writes: whatever waits is committed together, so that one flush to the disk serves many.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use std::{io, thread};

use relay_adapter::InboxError;
use rusqlite::ErrorCode;
use tokio::sync::{oneshot, watch};
use tracing::{error, info};

use super::commands::{Answer, Command, Job};
use super::database::Database;

/// The most that one transaction carries.
const BATCH: usize = 1024;

/// The pause before a commit that failed is tried again, and its longest after doubling.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The handle of the thread. Dropping it waits until all that was asked is committed.
pub(super) struct Writer {
    /// Not bounded: there is one admission for each delivery in the adapter's hands, whose number is, and at
    /// most one step for each running turn.
    jobs: Mutex<Option<Sender<Job>>>,
    closing: Arc<AtomicBool>,
    stalled: watch::Receiver<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(database: Database) -> io::Result<Self> {
        let (jobs, queue) = channel();
        let closing = Arc::new(AtomicBool::new(false));
        let (stalled_sender, stalled) = watch::channel(false);
        let writing = Writing { database, queue, closing: Arc::clone(&closing), stalled: stalled_sender };
        let thread = thread::Builder::new().name("inbox".to_owned()).spawn(move || writing.run())?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), closing, stalled, thread: Some(thread) })
    }

    /// Whether commits wait because the file cannot be written.
    pub(super) fn stalled(&self) -> watch::Receiver<bool> {
        self.stalled.clone()
    }

    pub(super) fn ask(&self, command: Command) -> oneshot::Receiver<Result<Answer, InboxError>> {
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jobs) = jobs.as_ref() {
            // A thread that is gone drops the reply, which tells the caller.
            let _ = jobs.send(Job { command, reply });
        }
        answer
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            error!("the thread of the inbox did not end by itself; report this");
        }
    }
}

struct Writing {
    database: Database,
    queue: Receiver<Job>,
    closing: Arc<AtomicBool>,
    stalled: watch::Sender<bool>,
}

impl Writing {
    fn run(mut self) {
        let mut batch = Vec::new();
        while let Ok(first) = self.queue.recv() {
            batch.push(first);
            batch.extend(self.queue.try_iter().take(BATCH - 1));
            self.commit(&mut batch);
        }
    }

    /// Commits a batch, however long that takes. What cannot be committed ever is answered with an error.
    fn commit(&mut self, batch: &mut Vec<Job>) {
        let mut pause = PAUSE;
        loop {
            match self.database.run(batch.iter().map(|job| &job.command)) {
                Ok(answers) => {
                    if self.stalled.send_replace(false) {
                        info!("the inbox can be written again");
                    }
                    for (job, answer) in batch.drain(..).zip(answers) {
                        // Whoever does not wait does not need the answer.
                        let _ = job.reply.send(Ok(answer));
                    }
                    return;
                }
                Err(failure) if passes(&failure) && !self.closing.load(Ordering::Relaxed) => {
                    if !self.stalled.send_replace(true) {
                        error!(
                            error = %failure,
                            "the inbox cannot be written; until it can, nothing is acknowledged and answers \
                             wait. See to the disk"
                        );
                    }
                    self.pause(pause, batch);
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                Err(failure) => {
                    for job in batch.drain(..) {
                        let _ = job.reply.send(Err(InboxError(failure.to_string())));
                    }
                    return;
                }
            }
        }
    }

    /// Waits a while, or for more to commit, or until the inbox closes.
    fn pause(&self, pause: Duration, batch: &mut Vec<Job>) {
        // Without a job the time is up or the inbox closes, and the next try decides.
        batch.extend(self.queue.recv_timeout(pause).ok());
    }
}

/// Whether an error may go away by itself or by the operator's hand.
fn passes(error: &rusqlite::Error) -> bool {
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
