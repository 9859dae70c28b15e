//! The tables, and how an older file becomes one of today.

use rusqlite::{Connection, Transaction};

/// The schema that this version reads and writes; kept in `user_version`.
pub(super) const VERSION: i64 = 2;

/// Tells this connector's files from other SQLite databases: "rlay" in ASCII, kept in `application_id`.
pub(super) const APPLICATION: i64 = 0x726c_6179;

/// A gateway's secrets stand in the clear: whoever checks signatures needs them. The file is its owner's alone.
///
/// The totals of each instance are kept by triggers, so that no way of changing a delivery can forget them.
const TABLES: &str = "
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE gateways (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL,
    instance TEXT NOT NULL,
    endpoint TEXT,
    route_keys TEXT NOT NULL DEFAULT '[]',
    wake_url TEXT,
    newest TEXT,
    former TEXT,
    created INTEGER NOT NULL,
    revoked INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX gateways_by_tenant ON gateways (tenant, instance);

CREATE TABLE identities (
    gateway TEXT NOT NULL,
    platform TEXT NOT NULL,
    bot TEXT NOT NULL,
    PRIMARY KEY (gateway, platform, bot)
) STRICT, WITHOUT ROWID;

CREATE TABLE nonces (nonce TEXT PRIMARY KEY, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE policies (
    tenant TEXT NOT NULL,
    instance TEXT NOT NULL,
    platform TEXT NOT NULL,
    require_address INTEGER NOT NULL,
    free_scopes TEXT NOT NULL,
    other_bots INTEGER NOT NULL,
    PRIMARY KEY (tenant, instance, platform)
) STRICT, WITHOUT ROWID;

CREATE TABLE instances (
    id INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    waiting INTEGER NOT NULL DEFAULT 0,
    waiting_bytes INTEGER NOT NULL DEFAULT 0,
    aside INTEGER NOT NULL DEFAULT 0,
    aside_bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (tenant, name)
) STRICT;

-- AUTOINCREMENT, so that the number of a removed delivery never comes again.
CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    instance INTEGER NOT NULL,
    platform TEXT NOT NULL,
    arrived INTEGER NOT NULL,
    unacked INTEGER NOT NULL DEFAULT 0,
    aside INTEGER,
    reason TEXT,
    line BLOB NOT NULL
) STRICT;
CREATE INDEX waiting_by_platform ON deliveries (instance, platform, seq) WHERE aside IS NULL;
CREATE INDEX waiting_by_age ON deliveries (instance, seq) WHERE aside IS NULL;
CREATE INDEX set_aside ON deliveries (instance, seq) WHERE aside IS NOT NULL;

CREATE TRIGGER delivery_appended AFTER INSERT ON deliveries BEGIN
    UPDATE instances SET waiting = waiting + 1, waiting_bytes = waiting_bytes + length(NEW.line)
    WHERE id = NEW.instance;
END;
CREATE TRIGGER delivery_acked AFTER DELETE ON deliveries WHEN OLD.aside IS NULL BEGIN
    UPDATE instances SET waiting = waiting - 1, waiting_bytes = waiting_bytes - length(OLD.line)
    WHERE id = OLD.instance;
END;
CREATE TRIGGER delivery_gone AFTER DELETE ON deliveries WHEN OLD.aside IS NOT NULL BEGIN
    UPDATE instances SET aside = aside - 1, aside_bytes = aside_bytes - length(OLD.line)
    WHERE id = OLD.instance;
END;
CREATE TRIGGER delivery_set_aside AFTER UPDATE OF aside ON deliveries
WHEN OLD.aside IS NULL AND NEW.aside IS NOT NULL BEGIN
    UPDATE instances SET waiting = waiting - 1, waiting_bytes = waiting_bytes - length(NEW.line),
        aside = aside + 1, aside_bytes = aside_bytes + length(NEW.line)
    WHERE id = NEW.instance;
END;
CREATE TRIGGER delivery_retried AFTER UPDATE OF aside ON deliveries
WHEN OLD.aside IS NOT NULL AND NEW.aside IS NULL BEGIN
    UPDATE instances SET waiting = waiting + 1, waiting_bytes = waiting_bytes + length(NEW.line),
        aside = aside - 1, aside_bytes = aside_bytes - length(NEW.line)
    WHERE id = NEW.instance;
END;
";

/// From version 1: there a gateway without an instance id had its own id for one, so that both could name one buffer.
///
/// What waits for a gateway's own instance goes with it. Where gateways of an instance id share the name, it stays with
/// those, since nobody can tell the two apart any more: somebody gets it.
const SEPARATE_GATEWAYS: &str = "
CREATE TEMP TABLE alone AS SELECT tenant, id FROM gateways g WHERE instance = id AND NOT EXISTS
    (SELECT 1 FROM gateways o WHERE o.tenant = g.tenant AND o.instance = g.id AND o.id <> g.id);
UPDATE instances SET name = char(31) || name WHERE (tenant, name) IN (SELECT tenant, id FROM alone);
UPDATE policies SET instance = char(31) || instance WHERE (tenant, instance) IN (SELECT tenant, id FROM alone);
UPDATE gateways SET instance = char(31) || id WHERE instance = id;
DROP TABLE alone;
";

/// What the file says of itself.
pub(super) struct Found {
    pub(super) version: i64,
    pub(super) application: i64,
    pub(super) tables: i64,
}

impl Found {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |sql: &str| connection.query_row(sql, [], |row| row.get(0));
        Ok(Self {
            version: number("PRAGMA user_version")?,
            application: number("PRAGMA application_id")?,
            tables: number("SELECT count(*) FROM sqlite_schema")?,
        })
    }

    /// Nothing was ever stored in it.
    pub(super) fn is_empty(&self) -> bool {
        self.tables == 0 && self.version == 0 && self.application == 0
    }
}

/// Brings an older file up to date.
pub(super) fn migrate(transaction: &Transaction<'_>, from: i64) -> rusqlite::Result<()> {
    if from < 2 {
        transaction.execute_batch(SEPARATE_GATEWAYS)?;
    }
    transaction.pragma_update(None, "user_version", VERSION)
}

/// Makes the tables.
pub(super) fn create(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)
}
