//! From a path to a connection, or to a reason why not. Nothing is written before the file is known to be ours.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::super::error::OpenError;
use super::schema::{self, APPLICATION, Found, VERSION};

/// What every SQLite file begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// How long another program's change is waited for.
const BUSY: Duration = Duration::from_secs(5);

/// Opens the file, makes it if need be, and checks it.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    prepare(path)?;
    open_prepared(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// Opens a file once more that was just opened and checked, for reading.
pub(super) fn open_again(path: &Path) -> Result<Connection, OpenError> {
    let connection =
        connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(|error| refusal(path, &error))?;
    connection.pragma_update(None, "query_only", true).map_err(|error| refusal(path, &error))?;
    Ok(connection)
}

/// Makes an empty file for its owner alone, or looks at the one that is there.
fn prepare(path: &Path) -> Result<(), OpenError> {
    let unusable = |why: String| OpenError::Unusable { path: path.to_owned(), why };
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(unusable("its folder does not exist".to_owned()));
        }
        Err(error) => return Err(unusable(error.to_string())),
    }
    let mut head = Vec::with_capacity(MAGIC.len());
    fs::File::open(path)
        .and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut head))
        .map_err(|error| unusable(error.to_string()))?;
    if head.is_empty() || head == MAGIC {
        Ok(())
    } else {
        Err(OpenError::NotADatabase { path: path.to_owned() })
    }
}

fn open_prepared(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    let told = |error: rusqlite::Error| refusal(path, &error);
    let mut connection = connect(path, flags).map_err(told)?;
    let found = Found::read(&connection).map_err(told)?;
    if !found.is_empty() && found.application != APPLICATION {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    if found.version > VERSION {
        return Err(OpenError::Newer { path: path.to_owned(), found: found.version, known: VERSION });
    }
    // A read-only file opens without complaint.
    if connection.is_readonly("main").map_err(told)? {
        return Err(OpenError::ReadOnly { path: path.to_owned() });
    }
    let check: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(told)?;
    if check != "ok" {
        return Err(OpenError::Damaged { path: path.to_owned(), found: check });
    }
    connection.pragma_update(None, "journal_mode", "wal").map_err(told)?;
    if found.is_empty() || found.version < VERSION {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(told)?;
        // Another program may have made or changed the tables between the look and the lock.
        let found = Found::read(&transaction).map_err(told)?;
        if found.is_empty() {
            schema::create(&transaction).map_err(told)?;
        } else if found.version < VERSION {
            schema::migrate(&transaction, found.version).map_err(told)?;
        }
        transaction.commit().map_err(told)?;
    }
    Ok(connection)
}

fn connect(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

fn refusal(path: &Path, error: &rusqlite::Error) -> OpenError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::NotADatabase { path },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Damaged { path, found: error.to_string() },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::ReadOnly { path },
        Some(ErrorCode::DiskFull) => OpenError::Unusable { path, why: "the disk is full".to_owned() },
        _ => OpenError::Unusable { path, why: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rusqlite::{Connection, OpenFlags};

    use super::super::super::error::OpenError;
    use super::{open, open_prepared};
    use crate::{BufferStore as _, GatewayStore as _, Instance, SqliteStore, Tenant};

    #[test]
    fn a_file_that_cannot_be_written_to_is_refused_before_it_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.db");
        drop(open(&path).unwrap());
        // Permissions do not stop a test that runs as root; this does.
        let told = open_prepared(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap_err();
        assert!(matches!(told, OpenError::ReadOnly { .. }), "{told}");
        assert!(told.to_string().contains("connector.db cannot be written to; give"), "{told}");
    }

    #[test]
    fn a_file_of_a_newer_version_is_named_with_both_versions_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.db");
        let connection = open(&path).unwrap();
        connection.pragma_update(None, "user_version", 7).unwrap();
        connection.pragma_update(None, "journal_mode", "delete").unwrap();
        drop(connection);
        let before = fs::read(&path).unwrap();
        let told = open(&path).unwrap_err().to_string();
        assert!(told.contains("schema is version 7, this one knows 2"), "{told}");
        assert_eq!(fs::read(&path).unwrap(), before);
    }

    #[tokio::test]
    async fn a_file_of_version_1_keeps_what_waits_and_tells_gateways_from_instance_ids() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.db");
        // `gw` is alone; `agent` shares its name with the instance id of `other`.
        open(&path)
            .unwrap()
            .execute_batch(
                "INSERT INTO gateways (id, tenant, instance, created) VALUES ('gw', 'home', 'gw', 1),
                     ('agent', 'home', 'agent', 1), ('other', 'home', 'agent', 1);
                 INSERT INTO instances (id, tenant, name) VALUES (1, 'home', 'gw'), (2, 'home', 'agent');
                 INSERT INTO deliveries (instance, platform, arrived, line) VALUES (1, 'p', 1, x'61'), (2, 'p', 1, x'62');
                 INSERT INTO policies VALUES ('home', 'gw', 'p', 0, '[]', 1);
                 PRAGMA user_version = 1;",
            )
            .unwrap();
        let store = SqliteStore::open_inline(&path).unwrap();
        let home = Tenant::default();
        let gateway = |id: &str| Instance::of_gateway(home.clone(), &id.into());
        let waiting = async |instance: Instance| store.backlog(&instance).await.unwrap().items;
        assert_eq!(waiting(gateway("gw")).await, 1);
        assert_eq!(waiting(Instance::named(home.clone(), "gw")).await, 0);
        assert_eq!(waiting(Instance::named(home.clone(), "agent")).await, 1);
        assert_eq!(waiting(gateway("agent")).await, 0);
        assert!(store.policy(&gateway("gw"), "p").await.unwrap().unwrap().allow_other_bots);
        let instances: Vec<_> =
            store.gateways().await.unwrap().into_iter().map(|record| record.instance).collect();
        assert_eq!(instances, [gateway("agent"), gateway("gw"), Instance::named(home.clone(), "agent")]);
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let before = fs::read(&path).unwrap();
        assert!(matches!(open(&path).unwrap_err(), OpenError::Foreign { .. }));
        assert_eq!(fs::read(&path).unwrap(), before);
    }
}
