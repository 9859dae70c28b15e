//! A thread with a connection of its own, and the jobs it is given.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::fault::Fault;

/// Jobs that wait for the thread; further ones wait with their callers.
const QUEUE: usize = 1024;

/// Jobs that share one commit at most, so that the first of them does not wait for ever for the last.
const BATCH: usize = 256;

/// Tells a job's caller how it ended, once the commit is known to have succeeded or failed.
type Answer = Box<dyn FnOnce(Result<(), Fault>) + Send>;

/// Works on the connection, or takes note that it cannot be used now.
type Job = Box<dyn FnOnce(Result<&Connection, Fault>, &Path) -> Answer + Send>;

/// Ends its thread when it is dropped, after what it was given before.
pub(super) struct Worker {
    jobs: Option<mpsc::Sender<Job>>,
    path: Arc<Path>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Worker {
    /// Groups jobs that come together into one transaction, each in a savepoint of its own.
    pub(super) fn writer(mut connection: Connection, path: Arc<Path>) -> Self {
        Self::start("store-writer", path, move |jobs, path| {
            let mut batch = Vec::with_capacity(BATCH);
            while jobs.blocking_recv_many(&mut batch, BATCH) > 0 {
                commit(&mut connection, path, &mut batch);
            }
        })
    }

    /// Reads, beside the writer.
    pub(super) fn reader(connection: Connection, path: Arc<Path>) -> Self {
        Self::start("store-reader", path, move |jobs, path| {
            while let Some(job) = jobs.blocking_recv() {
                job(Ok(&connection), path)(Ok(()));
            }
        })
    }

    fn start(
        name: &str,
        path: Arc<Path>,
        work: impl FnOnce(&mut mpsc::Receiver<Job>, &Path) + Send + 'static,
    ) -> Self {
        let (jobs, mut queue) = mpsc::channel(QUEUE);
        let of_thread = Arc::clone(&path);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            work(&mut queue, &of_thread);
        });
        // Without a thread the queue has no end, and every job is answered that the thread has ended.
        let thread = thread.inspect_err(|error| tracing::error!(%error, "a thread cannot be started")).ok();
        Self { jobs: Some(jobs), path, thread: Mutex::new(thread) }
    }

    /// Has the thread do this.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection, path| {
            let done = connection.and_then(|connection| {
                in_savepoint(connection, work).map_err(|error| Fault::new(path, &error))
            });
            // Whoever no longer waits does not need the answer.
            Box::new(move |committed| drop(answer.send(committed.and(done))))
        });
        let jobs = self.jobs.as_ref().expect("the queue is taken away only by the drop");
        if jobs.send(job).await.is_err() {
            return Err(Fault::ended(&self.path));
        }
        answered.await.unwrap_or_else(|_| Err(Fault::ended(&self.path)))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        let thread = self.thread.get_mut().ok().and_then(Option::take);
        // A panic in there was printed when it happened.
        let _ = thread.map(JoinHandle::join);
    }
}

fn commit(connection: &mut Connection, path: &Path, batch: &mut Vec<Job>) {
    let transaction = match connection.transaction_with_behavior(TransactionBehavior::Immediate) {
        Ok(transaction) => transaction,
        Err(error) => {
            let fault = Fault::new(path, &error);
            batch.drain(..).for_each(|job| job(Err(fault.clone()), path)(Ok(())));
            return;
        }
    };
    let answers: Vec<Answer> = batch.drain(..).map(|job| job(Ok(&transaction), path)).collect();
    let committed = transaction.commit().map_err(|error| Fault::new(path, &error));
    for answer in answers {
        answer(committed.clone());
    }
}

/// Undoes what a job did before it failed; its neighbours in the transaction are untouched.
fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    if connection.is_autocommit() {
        return work(connection);
    }
    connection.prepare_cached("SAVEPOINT job")?.execute([])?;
    match work(connection) {
        Ok(done) => {
            connection.prepare_cached("RELEASE job")?.execute([])?;
            Ok(done)
        }
        Err(error) => {
            connection.prepare_cached("ROLLBACK TO job")?.execute([])?;
            connection.prepare_cached("RELEASE job")?.execute([])?;
            Err(error)
        }
    }
}
