//! One thing to do inside a transaction, and its answer's way back.

use rusqlite::Transaction;
use tokio::sync::oneshot;

use crate::error::SqliteError;

/// Work that can be done again, since a transaction that failed is tried again.
pub(crate) trait Job: Send {
    /// Does the work; what it made is kept until the commit.
    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()>;

    /// Whether it waits for a disk that is full to have room again; otherwise it is answered at once that it is full.
    fn waits_for_room(&self) -> bool;

    /// Says what became of it. Only here its result leaves, and only when it was committed.
    fn answer(self: Box<Self>, committed: Result<(), SqliteError>);
}

/// Work whose answer somebody waits for.
pub(crate) struct Waiting<T, F> {
    pub(crate) work: F,
    pub(crate) for_room: bool,
    pub(crate) made: Option<T>,
    pub(crate) reply: oneshot::Sender<Result<T, SqliteError>>,
}

impl<T, F> Job for Waiting<T, F>
where
    T: Send,
    F: FnMut(&Transaction<'_>) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        self.made = Some((self.work)(transaction)?);
        Ok(())
    }

    fn waits_for_room(&self) -> bool {
        self.for_room
    }

    fn answer(self: Box<Self>, committed: Result<(), SqliteError>) {
        let Self { made, reply, .. } = *self;
        let answer = committed.map(|()| made.expect("what was committed was run"));
        // Whoever does not wait does not need the answer.
        let _ = reply.send(answer);
    }
}
