//! The tables, and how an older file becomes one of today.

use relay_sqlite::DatabaseKind;

/// Tells this connector's files from other SQLite databases: "rlay" in ASCII, kept in `application_id`.
const APPLICATION: i32 = 0x726c_6179;

/// What a connector's file is. Commands use it beside the connector that serves it.
pub(super) const STORE: DatabaseKind =
    DatabaseKind::shared("the database", APPLICATION, &[TABLES, SEPARATE_GATEWAYS, FRONTS, RETRIES, SEALED]);

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

/// From version 2: what fronts keep, the commands that gateways announce, and bindings of chats to tenants.
///
/// Credentials stand in the clear here, and are sealed from version 5 on.
const FRONTS: &str = "
ALTER TABLE identities ADD COLUMN commands TEXT;

CREATE TABLE front_values (
    platform TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (platform, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
    platform TEXT NOT NULL,
    tenant TEXT NOT NULL,
    session TEXT NOT NULL,
    secret TEXT NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (platform, tenant, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX credentials_by_expiry ON credentials (expires);

CREATE TABLE bindings (
    platform TEXT NOT NULL,
    place TEXT NOT NULL,
    tenant TEXT NOT NULL,
    PRIMARY KEY (platform, place)
) STRICT, WITHOUT ROWID;
";

/// From version 3: which deliveries a connection was lost with, and how often dead letters were tried again by themselves.
const RETRIES: &str = "
ALTER TABLE deliveries ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;
";

/// From version 4: credentials are sealed. Those that are there are moved by whoever has the key (`sealing.rs`).
const SEALED: &str = "
ALTER TABLE credentials RENAME TO credentials_in_the_clear;
DROP INDEX credentials_by_expiry;
CREATE TABLE credentials (
    platform TEXT NOT NULL,
    tenant TEXT NOT NULL,
    session TEXT NOT NULL,
    sealed BLOB NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (platform, tenant, session)
) STRICT, WITHOUT ROWID;
CREATE INDEX credentials_by_expiry ON credentials (expires);
";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use relay_auth::UnixSeconds;

    use super::{APPLICATION, FRONTS, SEPARATE_GATEWAYS, TABLES};
    use crate::{
        BufferStore as _, FrontStore as _, GatewayStore as _, Instance, OpenError, SqliteStore, Tenant,
    };

    /// A file as an earlier version left it.
    fn earlier(path: &Path, version: i64, content: &str) {
        let file = Connection::open(path).unwrap();
        file.pragma_update(None, "journal_mode", "wal").unwrap();
        file.execute_batch(TABLES).unwrap();
        let later = [SEPARATE_GATEWAYS, FRONTS];
        later[..usize::try_from(version).unwrap() - 1]
            .iter()
            .for_each(|step| file.execute_batch(step).unwrap());
        file.execute_batch(content).unwrap();
        file.pragma_update(None, "application_id", APPLICATION).unwrap();
        file.pragma_update(None, "user_version", version).unwrap();
    }

    #[tokio::test]
    async fn a_file_of_version_1_keeps_what_waits_and_tells_gateways_from_instance_ids() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.db");
        // `gw` is alone; `agent` shares its name with the instance id of `other`.
        earlier(
            &path,
            1,
            "INSERT INTO gateways (id, tenant, instance, created) VALUES ('gw', 'home', 'gw', 1),
                 ('agent', 'home', 'agent', 1), ('other', 'home', 'agent', 1);
             INSERT INTO instances (id, tenant, name) VALUES (1, 'home', 'gw'), (2, 'home', 'agent');
             INSERT INTO deliveries (instance, platform, arrived, line) VALUES (1, 'p', 1, x'61'), (2, 'p', 1, x'62');
             INSERT INTO policies VALUES ('home', 'gw', 'p', 0, '[]', 1);",
        );
        let store = SqliteStore::open_inline(&path).unwrap();
        let home = Tenant::default();
        let gateway = |id: &str| Instance::of_gateway(home.clone(), &id.parse().unwrap());
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

    #[tokio::test]
    async fn a_file_of_version_2_keeps_its_gateways_and_what_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.db");
        earlier(
            &path,
            2,
            "INSERT INTO facts VALUES ('lineage', 'f00d');
             INSERT INTO gateways (id, tenant, instance, newest, created) VALUES ('gw', 'home', char(31) || 'gw', 's', 1);
             INSERT INTO identities VALUES ('gw', 'p', 'B1');
             INSERT INTO instances (id, tenant, name) VALUES (1, 'home', char(31) || 'gw');
             INSERT INTO deliveries (instance, platform, arrived, line) VALUES (1, 'p', 1, x'61'), (1, 'p', 1, x'62');
             UPDATE deliveries SET aside = 2, reason = 'unacked' WHERE line = x'62';",
        );
        for open in [SqliteStore::open, SqliteStore::open_inline] {
            let store = open(path.clone()).unwrap();
            let record = store.gateway(&"gw".parse().unwrap()).await.unwrap().unwrap();
            assert_eq!(record.verify.secrets()[0].expose(), "s");
            assert_eq!(record.identities[0].bot_id, "B1");
            assert_eq!(store.backlog(&record.instance).await.unwrap().items, 1);
            assert_eq!(store.dead_letters().await.unwrap().len(), 1);
            assert_eq!(store.lineage("beef").await.unwrap(), "f00d");
        }
    }

    #[tokio::test]
    async fn a_file_of_version_3_keeps_its_credentials_and_holds_them_in_the_clear_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.db");
        earlier(
            &path,
            3,
            "INSERT INTO credentials VALUES ('discord', 'home', 'agent:main:discord:dm:c1', 'in-the-clear-7f3a', 900);",
        );
        // As after a crash: what was written lies in the log beside the file.
        let store = SqliteStore::open(&path).unwrap();
        let (home, session) = (Tenant::default(), "agent:main:discord:dm:c1".parse().unwrap());
        let found = store.credential("discord", &home, &session, UnixSeconds(1)).await.unwrap();
        assert_eq!(found.unwrap().expose(), "in-the-clear-7f3a");
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap().path();
            let bytes = std::fs::read(&file).unwrap();
            let traces = bytes.windows(17).filter(|part| *part == b"in-the-clear-7f3a").count();
            assert_eq!(traces, 0, "{}", file.display());
        }
    }

    #[test]
    fn a_file_of_a_newer_version_is_named_with_both_versions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("connector.db");
        drop(SqliteStore::open(&path).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = SqliteStore::open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error:?}");
        assert!(error.to_string().contains("its schema is version 99, this one knows"), "{error}");
    }

    #[test]
    fn a_database_of_another_program_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE theirs (x)").unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(SqliteStore::open(&path).unwrap_err(), OpenError::Foreign { .. }));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }
}
