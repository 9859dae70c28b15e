//! The thread that reads beside the one that writes, where several may use a file at once.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::{io, thread};

use rusqlite::Connection;

/// Looks something up and gives its answer away.
pub(crate) type Lookup = Box<dyn FnOnce(&Connection) + Send>;

/// Ends its thread when it is dropped, after what it was given before.
pub(crate) struct Reader {
    lookups: Mutex<Option<Sender<Lookup>>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Reader {
    pub(crate) fn start(name: &str, connection: Connection) -> io::Result<Self> {
        let (lookups, queue) = channel::<Lookup>();
        let thread = thread::Builder::new().name(format!("{name} reads")).spawn(move || {
            while let Ok(lookup) = queue.recv() {
                lookup(&connection);
            }
        })?;
        Ok(Self { lookups: Mutex::new(Some(lookups)), thread: Some(thread) })
    }

    pub(crate) fn submit(&self, lookup: Lookup) {
        let lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lookups) = lookups.as_ref() {
            // A thread that is gone drops the way of the answer, which tells the caller.
            let _ = lookups.send(lookup);
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        drop(self.lookups.get_mut().unwrap_or_else(PoisonError::into_inner).take());
        // A panic in there was printed when it happened.
        let _ = self.thread.take().map(thread::JoinHandle::join);
    }
}
