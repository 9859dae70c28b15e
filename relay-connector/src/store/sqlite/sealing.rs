//! Seals what an earlier version kept in the clear.

use std::path::Path;
use std::time::Duration;

use relay_auth::Secret;
use rusqlite::{Connection, TransactionBehavior, params};

use super::vault_key::{Place, VaultKey};
use crate::Tenant;

/// How long another program may hold the file.
const BUSY: Duration = Duration::from_secs(5);

/// Moves the credentials of the older table into the newer one, and leaves no trace of them in the file or beside it.
pub(super) fn seal_older(path: &Path, key: &VaultKey) -> rusqlite::Result<()> {
    let mut db = Connection::open(path)?;
    db.busy_timeout(BUSY)?;
    let older = "SELECT count(*) FROM sqlite_schema WHERE name = 'credentials_in_the_clear'";
    if db.query_row(older, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(());
    }
    // Overwrites what is deleted.
    db.pragma_update(None, "secure_delete", true)?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if transaction.query_row(older, [], |row| row.get::<_, i64>(0))? > 0 {
        move_all(&transaction, key)?;
        transaction
            .execute_batch("DELETE FROM credentials_in_the_clear; DROP TABLE credentials_in_the_clear")?;
    }
    transaction.commit()?;
    // Else the log beside the file goes on holding what the pages held.
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn move_all(db: &Connection, key: &VaultKey) -> rusqlite::Result<()> {
    let mut rows =
        db.prepare("SELECT platform, tenant, session, secret, expires FROM credentials_in_the_clear")?;
    let rows = rows.query_map([], |row| {
        let texts: [String; 4] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?];
        Ok((texts, row.get::<_, i64>(4)?))
    })?;
    for row in rows {
        let ([platform, tenant, session, secret], expires) = row?;
        // Who is no tenant any more has no conversation either.
        let Ok(owner) = Tenant::new(&tenant) else { continue };
        let sealed = seal(key, &Secret::new(secret), Place::new(&platform, &owner, &session))?;
        db.execute(
            "INSERT OR IGNORE INTO credentials VALUES (?1, ?2, ?3, ?4, ?5)",
            params![platform, tenant, session, sealed, expires],
        )?;
    }
    Ok(())
}

/// Seals, or says why not in the terms of the database.
pub(super) fn seal(key: &VaultKey, secret: &Secret, place: Place<'_>) -> rusqlite::Result<Vec<u8>> {
    key.seal(secret, place)
        .ok_or_else(|| rusqlite::Error::ToSqlConversionFailure("the machine gives no randomness".into()))
}
