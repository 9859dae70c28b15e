//! A store in one SQLite file, which survives the process, the machine and two programs at once.

mod buffer;
mod fronts;
mod gateways;
mod open_error;
mod schema;
mod sealing;
mod vault_key;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use relay_sqlite::{Database, SqliteError};
use rusqlite::{Connection, Transaction};

pub use self::open_error::OpenError;
use self::schema::STORE;
pub use self::vault_key::{VaultKey, VaultKeyError};
use super::error::StoreError;

/// Gateways and buffers in an SQLite file. What was answered is on disk: every commit is synced.
///
/// Several programs may use one file at the same time; the file's folder must be on a disk of this machine.
///
/// While the disk is full, what must not be lost waits for room: deliveries, acks, and what fronts keep. What somebody
/// can ask again is refused: an enrollment, a policy, a command.
///
/// Follow-up credentials are sealed with a [`VaultKey`]: that in the file beside the database whose name ends in
/// `.vault-key`, or one that is given.
#[derive(Debug)]
pub struct SqliteStore {
    database: Database,
    vault_key: Arc<VaultKey>,
}

impl SqliteStore {
    /// Opens the file or makes it, readable by its owner alone. Writes that come together share a commit.
    ///
    /// # Errors
    /// The file cannot be used; it is left as it was found.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        Self::open_by(&path.into(), Database::open, None)
    }

    /// Opens the file without any thread: each operation is done and committed when it is first polled. For
    /// simulations that must run the same way twice, and for programs that ask one thing and end.
    ///
    /// # Errors
    /// As of [`SqliteStore::open`].
    pub fn open_inline(path: impl Into<PathBuf>) -> Result<Self, OpenError> {
        Self::open_by(&path.into(), Database::open_inline, None)
    }

    /// Opens the file as [`SqliteStore::open`] does, with a key for credentials that is kept elsewhere.
    ///
    /// # Errors
    /// As of [`SqliteStore::open`].
    pub fn open_with_vault_key(path: impl Into<PathBuf>, vault_key: VaultKey) -> Result<Self, OpenError> {
        Self::open_by(&path.into(), Database::open, Some(vault_key))
    }

    /// Opens the file as [`SqliteStore::open_inline`] does, with a key for credentials that is kept elsewhere.
    ///
    /// # Errors
    /// As of [`SqliteStore::open`].
    pub fn open_inline_with_vault_key(
        path: impl Into<PathBuf>,
        vault_key: VaultKey,
    ) -> Result<Self, OpenError> {
        Self::open_by(&path.into(), Database::open_inline, Some(vault_key))
    }

    fn open_by(
        path: &Path,
        open: fn(&Path, &relay_sqlite::DatabaseKind) -> Result<Database, SqliteError>,
        vault_key: Option<VaultKey>,
    ) -> Result<Self, OpenError> {
        // A mistyped place is told, rather than made.
        if path.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
            return Err(OpenError::Unusable {
                path: path.to_owned(),
                why: "its folder does not exist".to_owned(),
                source: None,
            });
        }
        let database = open(path, &STORE)?;
        let vault_key = match vault_key {
            Some(vault_key) => vault_key,
            None => VaultKey::beside(path).map_err(|error| OpenError::Unusable {
                path: path.to_owned(),
                why: format!("the key that seals its credentials is not available: {error}"),
                source: Some(error.into()),
            })?,
        };
        sealing::seal_older(path, &vault_key).map_err(|error| OpenError::Unusable {
            path: path.to_owned(),
            why: format!("its credentials of an earlier version cannot be sealed: {error}"),
            source: Some(error.into()),
        })?;
        Ok(Self { database, vault_key: Arc::new(vault_key) })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.database.path()
    }

    /// Whether the disk is full, so that deliveries wait to be stored.
    pub fn is_full(&self) -> bool {
        self.database.is_full()
    }

    /// Does something that changes the file and must not be lost, whole or not at all.
    async fn write<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.database.write(work).await.map_err(|error| StoreError { doing, source: error.into() })
    }

    /// The same for what somebody can ask again.
    async fn write_or_refuse<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.database.write_or_refuse(work).await.map_err(|error| StoreError { doing, source: error.into() })
    }

    /// Looks something up, past all that is being written.
    async fn read<T, F>(&self, doing: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.database.read(work).await.map_err(|error| StoreError { doing, source: error.into() })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use bytes::Bytes;
    use futures_util::FutureExt as _;
    use relay_auth::UnixSeconds;

    use super::SqliteStore;
    use crate::{
        BufferLimits, BufferStore as _, Connector, GatewayStore as _, Instance, MemoryFront, NewDelivery,
        Policy, StorageChanges, Tenant, Unready,
    };

    fn instance() -> Instance {
        Instance::named(Tenant::default(), "gw")
    }

    fn arrival(bytes: usize) -> NewDelivery {
        NewDelivery {
            instances: vec![instance()],
            platform: "local".to_owned(),
            line: Bytes::from(vec![b'x'; bytes]),
            now: UnixSeconds(1),
            limits: BufferLimits::default(),
            changes: StorageChanges::default(),
            is_taken: false,
        }
    }

    #[tokio::test]
    async fn on_a_full_disk_a_command_is_told_with_the_file_and_what_was_stored_before_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.db");
        let store = SqliteStore::open_inline(path.clone()).unwrap();
        store.append(arrival(10)).await.unwrap();
        let bound =
            |pages: u32| store.database.write(move |db| db.pragma_update(None, "max_page_count", pages));
        bound(1).await.unwrap();
        let told = store.append(arrival(1_000_000)).await.unwrap_err().to_string();
        assert_eq!(
            told,
            format!(
                "the connector's store failed while it tried to keep a delivery: the database {} is on a disk that \
                 is full; free some space on its disk; nothing was changed",
                path.display()
            )
        );
        bound(1_000_000).await.unwrap();
        store.append(arrival(1_000_000)).await.unwrap();
    }

    #[tokio::test]
    async fn on_a_full_disk_a_delivery_waits_for_room_and_what_can_be_asked_again_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("connector.db")).unwrap();
        store.append(arrival(10)).await.unwrap();
        let pages = Arc::new(AtomicU32::new(1));
        let of_disk = Arc::clone(&pages);
        let fills = store.database.write(move |db| {
            db.pragma_update(None, "max_page_count", of_disk.load(Ordering::Relaxed))?;
            db.execute("INSERT INTO facts VALUES ('much', ?1)", ["x".repeat(1 << 20)])
        });
        store.database.full().wait_for(|full| *full).await.unwrap();
        assert!(store.is_full());
        let mut waits = store.append(arrival(1_000_000));
        assert!((&mut waits).now_or_never().is_none());
        let refused = store.set_policy(&instance(), "local", Policy::default()).await.unwrap_err();
        assert!(refused.to_string().contains("is on a disk that is full; free some space"), "{refused}");
        assert_eq!(store.backlog(&instance()).await.unwrap().items, 1, "reads go on");
        pages.store(u32::MAX, Ordering::Relaxed);
        assert_eq!((fills.await.unwrap(), waits.await.unwrap().len()), (1, 1));
        assert!(!store.is_full());
    }

    #[tokio::test]
    async fn a_connector_whose_disk_is_full_is_not_ready_until_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(folder.path().join("connector.db")).unwrap();
        let pages = Arc::new(AtomicU32::new(1));
        let of_disk = Arc::clone(&pages);
        let fills = store.database.write(move |db| {
            db.pragma_update(None, "max_page_count", of_disk.load(Ordering::Relaxed))?;
            db.execute("INSERT INTO facts VALUES ('much', ?1)", ["x".repeat(1 << 20)])
        });
        store.database.full().wait_for(|full| *full).await.unwrap();
        let front = Arc::new(MemoryFront::new());
        let connector = Connector::builder(store).front(front).build().unwrap();
        let unready = connector.readiness().await.unwrap_err();
        assert!(matches!(unready, Unready::Full), "{unready}");
        assert!(unready.to_string().ends_with("make room on its disk"), "{unready}");
        pages.store(u32::MAX, Ordering::Relaxed);
        fills.await.unwrap();
        connector.readiness().await.unwrap();
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
