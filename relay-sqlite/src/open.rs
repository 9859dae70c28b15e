//! From a path to a connection, or to a reason why not. Nothing is written before the file is known to be ours.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::error::{SqliteError, SqliteErrorKind};
use crate::kind::DatabaseKind;

/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// `PRAGMA synchronous` as a number: each commit is flushed to the disk.
const FULL: i64 = 2;

/// Opens the file, makes it for its owner alone if need be, checks it and brings its schema up to date.
pub(crate) fn open(path: &Path, kind: &DatabaseKind) -> Result<Connection, SqliteError> {
    create(path).map_err(|source| SqliteError::caused(kind.name, path, SqliteErrorKind::Create, source))?;
    let refused = |problem, detail: &str| SqliteError::new(kind.name, path, problem, detail.to_owned());
    if !begins_as_a_database(path)
        .map_err(|source| SqliteError::caused(kind.name, path, SqliteErrorKind::ReadOnly, source))?
    {
        return Err(refused(SqliteErrorKind::NotADatabase, "file is not a database"));
    }
    let failed = |error| SqliteError::of(kind.name, path, error);
    let mut connection = connect(path, kind).map_err(failed)?;
    let found = Found::read(&connection, kind).map_err(failed)?;
    if !found.is_ours(kind) {
        return Err(refused(SqliteErrorKind::Foreign, "its mark is another program's"));
    }
    if found.version > kind.newest() {
        let newer = SqliteErrorKind::Newer { found: found.version, known: kind.newest() };
        return Err(refused(newer, "its schema is newer"));
    }
    if connection.is_readonly("main").map_err(failed)? {
        return Err(refused(SqliteErrorKind::ReadOnly, "it can only be read"));
    }
    if !found.is_empty() {
        let check: String =
            connection.query_row("PRAGMA quick_check(1)", (), |row| row.get(0)).map_err(failed)?;
        if check != "ok" {
            return Err(refused(SqliteErrorKind::Damaged, &check));
        }
    }
    let mode = make_durable(&connection).map_err(failed)?;
    if mode != ("wal".to_owned(), FULL) {
        let detail = format!("journal mode {}, synchronous {}", mode.0, mode.1);
        return Err(refused(SqliteErrorKind::NotDurable, &detail));
    }
    migrate(&mut connection, kind).map_err(failed)?;
    Ok(connection)
}

/// Opens a file once more that was just opened and checked, for reading beside the one that writes.
pub(crate) fn open_reader(path: &Path, kind: &DatabaseKind) -> Result<Connection, SqliteError> {
    let failed = |error| SqliteError::of(kind.name, path, error);
    let connection = connect(path, kind).map_err(failed)?;
    connection.pragma_update(None, "query_only", true).map_err(failed)?;
    Ok(connection)
}

/// Makes the folder and the file, for their owner only.
fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn begins_as_a_database(path: &Path) -> io::Result<bool> {
    let mut head = Vec::with_capacity(MAGIC.len());
    fs::File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut head)?;
    Ok(head.is_empty() || head == MAGIC)
}

fn connect(path: &Path, kind: &DatabaseKind) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(kind.busy_wait)?;
    if kind.exclusive {
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Only so does a commit survive a power cut, and not just the end of the process. Answers what is in force: a
/// pragma that is not understood is no error to SQLite.
fn make_durable(connection: &Connection) -> rusqlite::Result<(String, i64)> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    Ok((
        connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?,
        connection.pragma_query_value(None, "synchronous", |row| row.get(0))?,
    ))
}

/// Brings the schema up to date, in one transaction. Also where nothing is to be done it begins one to write: that
/// fails where the file cannot be written or is another's.
fn migrate(connection: &mut Connection, kind: &DatabaseKind) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been first.
    let found = Found::read(&transaction, kind)?;
    let done = usize::try_from(found.version).unwrap_or_default();
    for migration in kind.migrations.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    if found.application != kind.application_id {
        transaction.pragma_update(None, "application_id", kind.application_id)?;
    }
    if found.version < kind.newest() {
        transaction.pragma_update(None, "user_version", kind.newest())?;
    }
    transaction.commit()
}

/// What the file says of itself.
struct Found {
    version: i64,
    application: i32,
    tables: i64,
    has_unmarked_table: bool,
}

impl Found {
    fn read(connection: &Connection, kind: &DatabaseKind) -> rusqlite::Result<Self> {
        let named = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        Ok(Self {
            version: connection.pragma_query_value(None, "user_version", |row| row.get(0))?,
            application: connection.pragma_query_value(None, "application_id", |row| row.get(0))?,
            tables: connection.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))?,
            has_unmarked_table: match kind.unmarked_table {
                Some(table) => connection.query_row(named, [table], |row| row.get::<_, i64>(0))? > 0,
                None => false,
            },
        })
    }

    /// Nothing was ever stored in it.
    fn is_empty(&self) -> bool {
        self.tables == 0 && self.version == 0 && self.application == 0
    }

    fn is_ours(&self, kind: &DatabaseKind) -> bool {
        let unmarked = self.application == 0 && self.version > 0 && self.has_unmarked_table;
        self.is_empty() || self.application == kind.application_id || unmarked
    }
}
