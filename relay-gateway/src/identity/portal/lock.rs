//! The lock that keeps two programs from spending one refresh token.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::login_file;
use crate::identity::IdentityError;

/// How long another program may hold it: a few refreshes.
const LIMIT: Duration = Duration::from_mins(1);

/// An exclusive `flock` on a file that is there for nothing else. It ends with this value, and with the process.
pub(super) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Lock {
    /// Waits until the lock is ours.
    pub(super) async fn take(path: PathBuf) -> Result<Self, IdentityError> {
        let locked = path.clone();
        let locking = spawn_blocking(move || lock(&locked));
        match timeout(LIMIT, locking).await {
            Ok(locked) => {
                let file = locked.map_err(io::Error::other).flatten();
                file.map(Self).map_err(|error| login_file(&path, "locked", error))
            }
            // The thread goes on waiting, and gives the lock back as soon as it has it.
            Err(_) => Err(IdentityError::LoginLocked { path, limit: LIMIT }),
        }
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.lock()?;
    Ok(file)
}
