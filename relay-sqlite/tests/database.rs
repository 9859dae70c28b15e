//! What a database promises: what is refused, what is kept, and what a full disk does.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt as _;
use relay_sqlite::{Database, DatabaseKind, SqliteErrorKind};
use rusqlite::{Connection, Transaction};
use tempfile::TempDir;

const FIRST: &str = "CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL, about INTEGER REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED) STRICT;";

const NOTES: DatabaseKind = notebook(&[FIRST]);

/// The same, one version later.
const NOTES_2: DatabaseKind = notebook(&[FIRST, "ALTER TABLE notes ADD COLUMN author TEXT;"]);

const fn notebook(migrations: &'static [&'static str]) -> DatabaseKind {
    DatabaseKind::exclusive("the notebook", 0x0102_0304, migrations)
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("below/notes.db");
    (folder, path)
}

fn refused(path: &Path, kind: &DatabaseKind) -> (SqliteErrorKind, String) {
    let error = Database::open(path, kind).unwrap_err();
    assert_eq!(error.path(), path);
    (error.kind(), error.to_string())
}

fn insert(text: &str) -> impl FnMut(&Transaction<'_>) -> rusqlite::Result<usize> + use<> {
    let text = text.to_owned();
    move |db| db.execute("INSERT INTO notes (text) VALUES (?1)", [&text])
}

async fn texts(database: &Database) -> Vec<String> {
    let all = database.write(|db| {
        let mut statement = db.prepare("SELECT text FROM notes ORDER BY id")?;
        statement.query_map((), |row| row.get(0))?.collect()
    });
    all.await.unwrap()
}

#[tokio::test]
async fn every_commit_is_flushed_to_the_disk() {
    let (_folder, path) = folder();
    for open in [Database::open, Database::open_inline] {
        let database = open(&path, &NOTES).unwrap();
        let pragma = |name: &'static str| {
            database.write(move |db| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)))
        };
        // On the connection that writes: 2 is FULL.
        assert_eq!(pragma("synchronous").await.unwrap(), 2);
        assert_eq!(pragma("fullfsync").await.unwrap(), 1);
        let mode =
            database.write(|db| db.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0)));
        assert_eq!(mode.await.unwrap(), "wal");
    }
}

#[tokio::test]
async fn a_commit_that_fails_is_told_and_costs_its_neighbours_nothing() {
    let (_folder, path) = folder();
    for open in [Database::open, Database::open_inline] {
        let database = open(&path, &NOTES).unwrap();
        database.write(|db| db.execute("DELETE FROM notes", ())).await.unwrap();
        // A constraint that only the COMMIT looks at: the statement itself succeeds. It is switched on outside of
        // any transaction, so by a job that ends the one it is in.
        let switched =
            database.write(|db| db.execute_batch("COMMIT; PRAGMA foreign_keys = ON; BEGIN IMMEDIATE;"));
        switched.await.unwrap();
        let before = database.write(insert("before"));
        let bad = database.write(|db| db.execute("INSERT INTO notes (text, about) VALUES ('bad', 99)", ()));
        let after = database.write(insert("after"));
        let error = bad.await.expect_err("its COMMIT fails");
        assert_eq!(error.kind(), SqliteErrorKind::Other);
        assert!(error.to_string().contains("FOREIGN KEY constraint failed"), "{error}");
        assert!(std::error::Error::source(&error).is_some());
        assert_eq!((before.await.unwrap(), after.await.unwrap()), (1, 1));
        assert_eq!(texts(&database).await, ["before", "after"]);
        assert!(!database.is_full(), "that is no matter of room");
    }
}

#[tokio::test]
async fn what_was_asked_is_committed_in_order_before_the_end() {
    let (_folder, path) = folder();
    let database = Database::open(&path, &NOTES).unwrap();
    for number in 0..3_000 {
        drop(database.write(insert(&number.to_string())));
    }
    drop(database);
    let expected: Vec<_> = (0..3_000).map(|number: u32| number.to_string()).collect();
    assert_eq!(texts(&Database::open(&path, &NOTES).unwrap()).await, expected);
}

#[tokio::test]
async fn a_full_disk_holds_commits_up_and_is_shown() {
    let (_folder, path) = folder();
    let database = Database::open(&path, &NOTES).unwrap();
    database.write(insert("first")).await.unwrap();
    let limit = Arc::new(AtomicU32::new(1));
    let read = Arc::clone(&limit);
    let mut large = database.write(move |db| {
        // No smaller than the file is.
        db.pragma_update(None, "max_page_count", read.load(Ordering::Relaxed))?;
        db.execute("INSERT INTO notes (text) VALUES (?1)", ["x".repeat(1 << 20)])
    });
    let mut full = database.full();
    full.wait_for(|full| *full).await.unwrap();
    assert!(database.is_full());
    let mut behind = database.write(insert("behind"));
    assert!((&mut large).now_or_never().is_none() && (&mut behind).now_or_never().is_none());
    limit.store(u32::MAX, Ordering::Relaxed);
    assert_eq!((large.await.unwrap(), behind.await.unwrap()), (1, 1));
    assert!(!database.is_full());
}

#[tokio::test]
async fn a_full_disk_does_not_hold_up_the_end_nor_an_inline_database() {
    let (_folder, path) = folder();
    let fill = |database: &Database| {
        database.write(|db| {
            db.pragma_update(None, "max_page_count", 1)?;
            db.execute("INSERT INTO notes (text) VALUES (?1)", ["x".repeat(1 << 20)])
        })
    };
    let database = Database::open(&path, &NOTES).unwrap();
    let large = fill(&database);
    database.full().wait_for(|full| *full).await.unwrap();
    drop(database);
    assert_eq!(large.await.unwrap_err().kind(), SqliteErrorKind::Full);
    let inline = Database::open_inline(&path, &NOTES).unwrap();
    let error = fill(&inline).await.unwrap_err();
    assert!(inline.is_full());
    let expected =
        format!("the notebook {} is on a disk that is full; free some space on its disk", path.display());
    assert_eq!(error.to_string(), expected);
    assert_eq!(texts(&inline).await, Vec::<String>::new());
    assert!(!inline.is_full());
}

#[tokio::test]
async fn an_older_schema_is_brought_up_to_date_and_a_newer_one_left_alone() {
    let (_folder, path) = folder();
    Database::open(&path, &NOTES).unwrap().write(insert("kept")).await.unwrap();
    let database = Database::open(&path, &NOTES_2).unwrap();
    assert_eq!(texts(&database).await, ["kept"]);
    let author = database.write(|db| db.execute("UPDATE notes SET author = 'me'", ()));
    assert_eq!(author.await.unwrap(), 1);
    drop(database);
    let (kind, error) = refused(&path, &NOTES);
    assert_eq!(kind, SqliteErrorKind::Newer { found: 2, known: 1 });
    assert!(error.ends_with(
        "(schema version 2, this one knows 1); update this program, or restore a copy made before"
    ));
}

#[test]
fn a_migration_that_fails_leaves_the_file_as_it_was() {
    let (_folder, path) = folder();
    drop(Database::open(&path, &NOTES).unwrap());
    let bad = ["", "CREATE TABLE half (x); CREATE TABLE notes (x);"];
    let bad = notebook(Box::leak(Box::new(bad)));
    assert_eq!(refused(&path, &bad).0, SqliteErrorKind::Other);
    let file = Connection::open(&path).unwrap();
    let tables: i64 = file.query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0)).unwrap();
    let version: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!((tables, version), (1, 1));
}

#[test]
fn what_is_not_ours_is_refused_and_left_as_it_is() {
    let (folder, path) = folder();
    drop(Database::open(&path, &NOTES).unwrap());
    let other = DatabaseKind::exclusive("the notebook", 7, NOTES.migrations());
    let untouched = |path: &Path, kind: &DatabaseKind| {
        let before = fs::read(path).unwrap();
        let refusal = refused(path, kind).0;
        assert_eq!(fs::read(path).unwrap(), before);
        refusal
    };
    assert_eq!(untouched(&path, &other), SqliteErrorKind::Foreign);
    // No mark, and not even the table that would do for one.
    let unmarked = folder.path().join("unmarked.db");
    let sql = "CREATE TABLE notes (x); PRAGMA user_version = 1;";
    Connection::open(&unmarked).unwrap().execute_batch(sql).unwrap();
    assert_eq!(untouched(&unmarked, &NOTES), SqliteErrorKind::Foreign);
    assert_eq!(untouched(&unmarked, &NOTES.with_unmarked_table("others")), SqliteErrorKind::Foreign);
    assert!(Database::open(&unmarked, &NOTES.with_unmarked_table("notes")).is_ok());
    let text = folder.path().join("text");
    fs::write(&text, "no database, but as long as one might be".repeat(100)).unwrap();
    assert_eq!(untouched(&text, &NOTES), SqliteErrorKind::NotADatabase);
}

#[test]
fn a_file_is_its_owners_alone_and_one_process_has_it() {
    let (_folder, path) = folder();
    let database = Database::open(&path, &NOTES).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&path.with_file_name("notes.db-wal"))), (0o600, 0o600));
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    assert_eq!(refused(&path, &NOTES).0, SqliteErrorKind::InUse);
    drop(database);
    assert!(Database::open(&path, &NOTES).is_ok());
}

fn count(db: &Connection) -> rusqlite::Result<i64> {
    db.query_row("SELECT count(*) FROM notes", (), |row| row.get(0))
}

/// Notes that several processes write.
const SHARED: DatabaseKind = DatabaseKind::shared("the board", 0x0102_0304, NOTES.migrations());

#[tokio::test]
async fn several_use_a_shared_file_and_reads_go_past_a_write_that_waits() {
    let (_folder, path) = folder();
    let board = Database::open(&path, &SHARED).unwrap();
    let other = Database::open_inline(&path, &SHARED).unwrap();
    board.write(insert("one")).await.unwrap();
    other.write(insert("two")).await.unwrap();
    assert_eq!((board.read(count).await.unwrap(), other.read(count).await.unwrap()), (2, 2));

    let limit = Arc::new(AtomicU32::new(1));
    let read = Arc::clone(&limit);
    let waits = board.write(move |db| {
        db.pragma_update(None, "max_page_count", read.load(Ordering::Relaxed))?;
        db.execute("INSERT INTO notes (text) VALUES (?1)", ["x".repeat(1 << 20)])
    });
    board.full().wait_for(|full| *full).await.unwrap();
    assert_eq!(board.read(count).await.unwrap(), 2);
    let refused = board.write_or_refuse(insert("may be asked again")).await.unwrap_err();
    assert_eq!(refused.kind(), SqliteErrorKind::Full);
    limit.store(u32::MAX, Ordering::Relaxed);
    assert_eq!(waits.await.unwrap(), 1);
    board.write_or_refuse(insert("again")).await.unwrap();
    assert_eq!(board.read(count).await.unwrap(), 4);
    let wrote = board.read(|db| db.execute("DELETE FROM notes", ())).await.unwrap_err();
    assert_eq!(wrote.kind(), SqliteErrorKind::ReadOnly, "the connection that reads cannot write");
}

#[tokio::test]
async fn in_a_file_of_ones_own_a_read_sees_what_was_asked_before_it() {
    let (_folder, path) = folder();
    let database = Database::open(&path, &NOTES).unwrap();
    drop(database.write(insert("one")));
    assert_eq!(database.read(count).await.unwrap(), 1);
}

#[test]
fn a_file_that_cannot_be_written_is_refused_before_it_is_needed() {
    let (_folder, path) = folder();
    drop(Database::open_inline(&path, &NOTES).unwrap());
    // Permissions do not stop a test that runs as root; a write version of the future does.
    let mut bytes = fs::read(&path).unwrap();
    bytes[18] = 3;
    fs::write(&path, bytes).unwrap();
    assert_eq!(refused(&path, &NOTES).0, SqliteErrorKind::ReadOnly);
}
