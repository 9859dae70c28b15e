//! What a database is.

use std::time::Duration;

/// One kind of database: what its files are told apart by, and how they grow from version to version.
#[derive(Clone, Copy, Debug)]
pub struct DatabaseKind {
    /// What messages call it, such as `the inbox`; also the name of its thread.
    pub(crate) name: &'static str,
    /// The mark of its files, kept in `application_id`. Not 0, which every unmarked file has.
    pub(crate) application_id: i32,
    /// A table by which a file is known that was written before there were marks; none is taken otherwise.
    pub(crate) unmarked_table: Option<&'static str>,
    /// The SQL that leads from each schema version, kept in `user_version`, to the next; the first makes an empty
    /// file one of version 1. Never changed once released, only added to.
    pub(crate) migrations: &'static [&'static str],
    /// Whether one process has the file for itself.
    pub(crate) exclusive: bool,
    /// How long another user of the file is waited for.
    pub(crate) busy_wait: Duration,
}

impl DatabaseKind {
    /// A kind whose files one process has for itself.
    ///
    /// Messages call it `name`, such as `the inbox`; so is its thread. `application_id` is the mark of its files and not
    /// 0, which every unmarked file has. `migrations` is the SQL that leads from each schema version to the next; the
    /// first makes an empty file one of version 1. Never changed once released, only added to.
    pub const fn exclusive(
        name: &'static str,
        application_id: i32,
        migrations: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            application_id,
            unmarked_table: None,
            migrations,
            exclusive: true,
            busy_wait: Duration::from_millis(500),
        }
    }

    /// A kind whose files several processes use at once, otherwise as [`exclusive`](Self::exclusive). Reads have a connection of their own there and go past the
    /// writes.
    pub const fn shared(
        name: &'static str,
        application_id: i32,
        migrations: &'static [&'static str],
    ) -> Self {
        Self {
            exclusive: false,
            busy_wait: Duration::from_secs(5),
            ..Self::exclusive(name, application_id, migrations)
        }
    }

    /// Takes files without a mark, too, that have this table: those of earlier programs.
    #[must_use]
    pub const fn with_unmarked_table(mut self, table: &'static str) -> Self {
        self.unmarked_table = Some(table);
        self
    }

    /// Waits this long for another user of the file; 0.5 s where one process has it for itself, 5 s where it is shared.
    #[must_use]
    pub const fn with_busy_wait(mut self, wait: Duration) -> Self {
        self.busy_wait = wait;
        self
    }

    /// What messages call it, such as `the inbox`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The mark of its files.
    pub const fn application_id(&self) -> i32 {
        self.application_id
    }

    /// The SQL that leads from each schema version to the next.
    pub const fn migrations(&self) -> &'static [&'static str] {
        self.migrations
    }

    /// Whether one process has the file for itself.
    pub const fn is_exclusive(&self) -> bool {
        self.exclusive
    }

    /// The newest schema version known here.
    pub fn newest(&self) -> i64 {
        i64::try_from(self.migrations.len()).unwrap_or(i64::MAX)
    }
}
