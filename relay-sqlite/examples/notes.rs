//! Keeps notes in a file: what `write` has answered is on the disk.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use relay_sqlite::{Database, DatabaseKind};

/// Never changed once released, only added to.
const MIGRATIONS: &[&str] = &["CREATE TABLE notes (text TEXT NOT NULL) STRICT;"];
const NOTES: DatabaseKind = DatabaseKind::exclusive("the notebook", 0x4e4f_5445, MIGRATIONS);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let database = Database::open(&folder.path().join("notes.db"), &NOTES)?;
    database.write(|db| db.execute("INSERT INTO notes VALUES ('buy milk')", ())).await?;
    let count: i64 =
        database.read(|db| db.query_row("SELECT count(*) FROM notes", (), |row| row.get(0))).await?;
    println!("{count} note in {}", database.path().display());
    Ok(())
}
