//! The tables of the inbox.

use relay_sqlite::DatabaseKind;

/// The mark of the file: "rinb" in ASCII.
const APPLICATION: i32 = 0x7269_6e62;

/// The gateway's database. Files of its first version have no mark.
pub(super) const INBOX: DatabaseKind =
    DatabaseKind::exclusive("the inbox", APPLICATION, &[FIRST, SESSIONS]).with_unmarked_table("unfinished");

/// `taken` holds the names of messages, finished or not; `unfinished` what is needed to go on with one.
pub(super) const FIRST: &str = "
    CREATE TABLE taken (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        buffer_id TEXT,
        message TEXT,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX taken_by_buffer_id ON taken (buffer_id) WHERE buffer_id IS NOT NULL;
    CREATE INDEX taken_by_message ON taken (message) WHERE message IS NOT NULL;
    CREATE TABLE unfinished (
        id INTEGER PRIMARY KEY,
        event TEXT NOT NULL,
        follow_up TEXT,
        state INTEGER NOT NULL,
        rest TEXT
    ) STRICT;
";

/// The agents' own ids of conversations' sessions; `used` in seconds since 1970.
const SESSIONS: &str = "
    CREATE TABLE sessions (
        key TEXT PRIMARY KEY,
        agent TEXT NOT NULL,
        session TEXT NOT NULL,
        cwd TEXT NOT NULL,
        used INTEGER NOT NULL,
        UNIQUE (agent, session)
    ) STRICT;
    CREATE INDEX sessions_by_use ON sessions (used);
";
