//! The handle of an open database.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use rusqlite::{Connection, Transaction};
use tokio::sync::{oneshot, watch};

use crate::error::{SqliteError, SqliteErrorKind};
use crate::job::{Job, Waiting};
use crate::kind::DatabaseKind;
use crate::open::{open, open_reader};
use crate::reader::Reader;
use crate::writer::{Writer, passes, transact};

/// An open database. What is committed survives the end of the process and a power cut.
///
/// Dropping it waits until all that was asked of it is committed; on a full disk that is answered with an error.
pub struct Database {
    name: &'static str,
    path: PathBuf,
    full: watch::Receiver<bool>,
    access: Access,
}

enum Access {
    /// A thread groups what comes together into one commit.
    Threaded {
        /// Not bounded: whoever asks bounds what is under way.
        jobs: Mutex<Option<Sender<Box<dyn Job>>>>,
        closing: Arc<AtomicBool>,
        thread: Option<JoinHandle<()>>,
        /// None where one process, and so one connection, has the file for itself.
        reader: Option<Reader>,
    },
    /// On the caller's own thread, each with its own commit.
    Inline { connection: Mutex<Connection>, full: watch::Sender<bool> },
}

impl Database {
    /// Opens or makes the file, readable by its owner alone, and starts the thread that writes it.
    ///
    /// # Errors
    /// The file cannot be used; it is left as it was found.
    pub fn open(path: &Path, kind: &DatabaseKind) -> Result<Self, SqliteError> {
        let connection = open(path, kind)?;
        let reading = if kind.exclusive { None } else { Some(open_reader(path, kind)?) };
        let (jobs, queue) = channel();
        let closing = Arc::new(AtomicBool::new(false));
        let (sender, full) = watch::channel(false);
        let name = kind.name;
        let path = path.to_owned();
        let writer = Writer {
            name,
            path: path.clone(),
            connection,
            queue,
            closing: Arc::clone(&closing),
            full: sender,
        };
        let thread_name = name.trim_start_matches("the ");
        let failed = |source| SqliteError::caused(name, &path, SqliteErrorKind::Other, source);
        let reader =
            reading.map(|connection| Reader::start(thread_name, connection)).transpose().map_err(failed)?;
        let thread = thread::Builder::new()
            .name(thread_name.to_owned())
            .spawn(move || writer.run())
            .map_err(failed)?;
        let access = Access::Threaded { jobs: Mutex::new(Some(jobs)), closing, thread: Some(thread), reader };
        Ok(Self { name, path, full, access })
    }

    /// The same without a thread: each write commits before it returns, so that a simulated run can be repeated.
    /// A commit that fails, also for want of room, is answered at once.
    ///
    /// # Errors
    /// As of [`Database::open`].
    pub fn open_inline(path: &Path, kind: &DatabaseKind) -> Result<Self, SqliteError> {
        let connection = Mutex::new(open(path, kind)?);
        let (sender, full) = watch::channel(false);
        let access = Access::Inline { connection, full: sender };
        Ok(Self { name: kind.name, path: path.to_owned(), full, access })
    }

    /// Does something inside a transaction, and answers once it is committed. What is asked in some order is done
    /// in that order, whichever of the futures is awaited first, and also when none is. While the disk is full it
    /// waits: for what must not be lost.
    ///
    /// The work is done again where the transaction that it was part of failed.
    ///
    /// # Errors
    /// The work or its commit failed, and nothing of it was stored.
    pub fn write<T, F>(&self, work: F) -> BoxFuture<'static, Result<T, SqliteError>>
    where
        T: Send + 'static,
        F: FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.transact(work, true)
    }

    /// The same for what somebody can ask again: a full disk is an error at once.
    ///
    /// # Errors
    /// As of [`Database::write`], and [`SqliteErrorKind::Full`].
    pub fn write_or_refuse<T, F>(&self, work: F) -> BoxFuture<'static, Result<T, SqliteError>>
    where
        T: Send + 'static,
        F: FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.transact(work, false)
    }

    /// Looks something up that is committed. Where several processes use the file it goes past all that is being
    /// written; otherwise in its turn.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read<T, F>(&self, mut work: F) -> BoxFuture<'static, Result<T, SqliteError>>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (name, path) = (self.name, self.path.clone());
        let (reply, answer) = oneshot::channel();
        match &self.access {
            Access::Threaded { reader: Some(reader), .. } => {
                let path = path.clone();
                reader.submit(Box::new(move |connection| {
                    // Whoever does not wait does not need the answer.
                    let _ = reply.send(work(connection).map_err(|error| SqliteError::of(name, &path, error)));
                }));
            }
            Access::Threaded { reader: None, .. } => {
                return self.write(move |transaction| work(transaction));
            }
            Access::Inline { connection, .. } => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = reply.send(work(&connection).map_err(|error| SqliteError::of(name, &path, error)));
            }
        }
        let closed = SqliteError::new(name, &path, SqliteErrorKind::Closed, String::new());
        async move { answer.await.unwrap_or(Err(closed)) }.boxed()
    }

    fn transact<T, F>(&self, work: F, for_room: bool) -> BoxFuture<'static, Result<T, SqliteError>>
    where
        T: Send + 'static,
        F: FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.submit(Box::new(Waiting { work, for_room, made: None, reply }));
        let closed = SqliteError::new(self.name, &self.path, SqliteErrorKind::Closed, String::new());
        async move { answer.await.unwrap_or(Err(closed)) }.boxed()
    }

    /// Whether commits wait because the file cannot be written, such as on a full disk.
    pub fn is_full(&self) -> bool {
        *self.full.borrow()
    }

    /// The same, to be watched.
    pub fn full(&self) -> watch::Receiver<bool> {
        self.full.clone()
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn submit(&self, job: Box<dyn Job>) {
        match &self.access {
            Access::Threaded { jobs, .. } => {
                let jobs = jobs.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(jobs) = jobs.as_ref() {
                    // A thread that is gone drops the reply, which tells the caller.
                    let _ = jobs.send(job);
                }
            }
            Access::Inline { connection, full } => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let mut jobs = [job];
                let done = transact(&mut connection, &mut jobs);
                full.send_replace(done.as_ref().is_err_and(passes));
                let [job] = jobs;
                job.answer(done.map_err(|error| SqliteError::of(self.name, &self.path, error)));
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Access::Threaded { jobs, closing, thread, reader: _ } = &mut self.access else { return };
        closing.store(true, Ordering::Relaxed);
        drop(jobs.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        if thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of {} did not end by itself; report this", self.name);
        }
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("name", &self.name)
            .field("path", &self.path)
            .field("full", &self.is_full())
            .finish_non_exhaustive()
    }
}
