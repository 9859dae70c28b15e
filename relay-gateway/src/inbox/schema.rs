//! The tables of the inbox.

use relay_sqlite::DatabaseKind;

/// The mark of the file: "rinb" in ASCII.
const APPLICATION: i32 = 0x7269_6e62;

/// The gateway's database. Files of its first version have no mark.
pub(super) const INBOX: DatabaseKind =
    DatabaseKind::exclusive("the inbox", APPLICATION, &[FIRST, SESSIONS, SEVERAL_AGENTS, OPEN])
        .with_unmarked_table("unfinished");

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
pub(super) const SESSIONS: &str = "
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

/// A conversation has a session with each of several agents, whose `name` is empty where there is one alone; and chats
/// choose among them, `chosen` in seconds since 1970.
const SEVERAL_AGENTS: &str = "
    ALTER TABLE sessions RENAME TO sessions_of_one;
    DROP INDEX sessions_by_use;
    CREATE TABLE sessions (
        key TEXT NOT NULL,
        name TEXT NOT NULL,
        agent TEXT NOT NULL,
        session TEXT NOT NULL,
        cwd TEXT NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (key, name),
        UNIQUE (agent, session)
    ) STRICT;
    INSERT INTO sessions SELECT key, '', agent, session, cwd, used FROM sessions_of_one;
    DROP TABLE sessions_of_one;
    CREATE INDEX sessions_by_use ON sessions (used);
    CREATE TABLE choices (
        platform TEXT NOT NULL,
        chat TEXT NOT NULL,
        thread TEXT NOT NULL,
        name TEXT NOT NULL,
        chosen INTEGER NOT NULL,
        PRIMARY KEY (platform, chat, thread)
    ) STRICT;
    CREATE INDEX choices_by_age ON choices (chosen);
";

/// The question that is open while a message is answered; when a session was begun or taken up, in seconds since 1970.
const OPEN: &str = "
    ALTER TABLE unfinished ADD COLUMN question TEXT;
    ALTER TABLE sessions ADD COLUMN opened INTEGER NOT NULL DEFAULT 0;
";
