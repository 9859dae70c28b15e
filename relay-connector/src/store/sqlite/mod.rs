//! A store in one SQLite file, which survives the process, the machine and two programs at once.

mod buffer;
mod fault;
mod gateways;
mod open;
mod schema;
mod worker;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};

use self::fault::Fault;
use self::worker::Worker;
use super::error::{OpenError, StoreError};

/// Gateways and buffers in an SQLite file. What was answered is on disk: every commit is synced.
///
/// Several programs may use one file at the same time; the file's folder must be on a disk of this machine.
pub struct SqliteStore {
    path: Arc<Path>,
    access: Access,
}

enum Access {
    /// Two threads: one groups what is to be written into shared commits, the other reads meanwhile.
    Threads { writer: Worker, reader: Worker },
    /// On the caller's own poll, each operation with its own commit.
    Inline(Mutex<Connection>),
}

impl SqliteStore {
    /// Opens the file or makes it, readable by its owner alone. Writes that come together share a commit.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let path = path.into();
        let (writing, reading) = (open::open(&path)?, open::open_again(&path)?);
        let path: Arc<Path> = path.into();
        let writer = Worker::writer(writing, Arc::clone(&path));
        let reader = Worker::reader(reading, Arc::clone(&path));
        Ok(Self { path, access: Access::Threads { writer, reader } })
    }

    /// Opens the file without any thread: each operation is done and committed when it is first polled. For
    /// simulations that must run the same way twice, and for programs that ask one thing and end.
    pub fn open_inline(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        let path = path.into();
        let connection = open::open(&path)?;
        Ok(Self { path: path.into(), access: Access::Inline(Mutex::new(connection)) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does something that changes the file, whole or not at all.
    async fn write<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let done = match &self.access {
            Access::Threads { writer, .. } => writer.run(work).await,
            Access::Inline(connection) => {
                let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                write_alone(&mut connection, work).map_err(|error| Fault::new(&self.path, &error))
            }
        };
        done.map_err(|fault| StoreError { doing, source: fault.into() })
    }

    /// Looks something up, past all that is being written.
    async fn read<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let done = match &self.access {
            Access::Threads { reader, .. } => reader.run(work).await,
            Access::Inline(connection) => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                work(&connection).map_err(|error| Fault::new(&self.path, &error))
            }
        };
        done.map_err(|fault| StoreError { doing, source: fault.into() })
    }
}

fn write_alone<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = work(&transaction)?;
    transaction.commit()?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use relay_auth::UnixSeconds;

    use super::SqliteStore;
    use crate::{Arrival, BufferLimits, BufferStore as _, Instance, Tenant};

    fn arrival(bytes: usize) -> Arrival {
        Arrival {
            instances: vec![Instance::named(Tenant::default(), "gw")],
            platform: "local".to_owned(),
            line: Bytes::from(vec![b'x'; bytes]),
            now: UnixSeconds(1),
            limits: BufferLimits::default(),
        }
    }

    #[tokio::test]
    async fn a_full_disk_is_told_with_the_file_and_what_was_stored_before_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.db");
        for open in [SqliteStore::open, SqliteStore::open_inline] {
            let store = open(path.clone()).unwrap();
            store.append(arrival(10)).await.unwrap();
            let limit = |pages: u32| {
                store.write("bound the file", move |db| db.pragma_update(None, "max_page_count", pages))
            };
            limit(1).await.unwrap();
            let told = store.append(arrival(1_000_000)).await.unwrap_err().to_string();
            assert_eq!(
                told,
                format!(
                    "the connector's store failed while it tried to keep a delivery: the disk that holds {} is \
                     full; free some space there; nothing was changed",
                    path.display()
                )
            );
            limit(1_000_000).await.unwrap();
            store.append(arrival(1_000_000)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_job_that_fails_costs_its_neighbours_in_the_commit_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("connector.db")).unwrap();
        let (good, bad, also_good) = tokio::join!(
            store.append(arrival(1)),
            store.write("fail half way", |db| {
                db.execute("INSERT INTO facts VALUES ('half', 'way')", [])?;
                db.execute("INSERT INTO nowhere VALUES (1)", [])
            }),
            store.append(arrival(2)),
        );
        assert!(good.is_ok() && bad.is_err() && also_good.is_ok());
        let halves = store
            .read("count", |db| db.query_row("SELECT count(*) FROM facts", [], |row| row.get::<_, i64>(0)));
        assert_eq!(halves.await.unwrap(), 0_i64);
    }
}
