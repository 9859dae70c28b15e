//! Which inbox the operator wants.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use relay_adapter::{Inbox, MemoryInbox, MemorySessionStore, SessionStore};
use tokio::sync::watch;

use super::{OpenError, Retention, SqliteInbox};

/// An inbox that was opened.
#[derive(Clone)]
#[non_exhaustive]
pub struct OpenedInbox {
    /// The inbox itself.
    pub inbox: Arc<dyn Inbox>,
    /// The agents' sessions, kept as long as it is.
    pub sessions: Arc<dyn SessionStore>,
    /// Whether nothing can be taken now because its file cannot be written, such as on a full disk.
    pub full: watch::Receiver<bool>,
}

impl fmt::Debug for OpenedInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedInbox").field("full", &*self.full.borrow()).finish_non_exhaustive()
    }
}

/// An inbox to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboxChoice {
    /// In memory: what was taken and not answered is lost with the process.
    Memory,
    /// In this file.
    File(PathBuf),
}

impl InboxChoice {
    /// The inbox of a home.
    pub fn of_home(home: &Path) -> Self {
        Self::File(home.join("relay").join("inbox.db"))
    }

    /// Opens the inbox, and makes its file where there is none.
    pub fn open(&self) -> Result<OpenedInbox, OpenError> {
        Ok(match self {
            Self::Memory => OpenedInbox {
                inbox: Arc::new(MemoryInbox::default()),
                sessions: Arc::new(MemorySessionStore::default()),
                full: watch::channel(false).1,
            },
            Self::File(path) => {
                let inbox = SqliteInbox::open(path, Retention::default())?;
                let (sessions, full) = (Arc::new(inbox.sessions()), inbox.stalled());
                OpenedInbox { inbox: Arc::new(inbox), sessions, full }
            }
        })
    }
}

impl FromStr for InboxChoice {
    type Err = Infallible;

    /// Reads `memory`, else the path of a file.
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "memory" { Self::Memory } else { Self::File(text.into()) })
    }
}

impl fmt::Display for InboxChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
