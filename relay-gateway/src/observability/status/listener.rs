//! The gateway's end of the status socket.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::{UnixListener, UnixStream};
use tokio::time::{sleep, timeout};
use tracing::debug;

use crate::observability::health::Health;

/// How long whoever asks may take to read the answer.
const WRITE: Duration = Duration::from_secs(2);

/// How many gateways with one process id a home can have: containers count their processes from 1.
const NAMES: u32 = 16;

/// A listening socket. Its file goes away with it.
pub(crate) struct StatusSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl StatusSocket {
    /// Listens in this folder, which only its owner can enter.
    pub(crate) fn bind(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        fs::set_permissions(folder, Permissions::from_mode(0o700))?;
        let pid = std::process::id();
        for attempt in 1..=NAMES {
            let suffix = if attempt > 1 { format!("-{attempt}") } else { String::new() };
            let path = folder.join(format!("{pid}{suffix}.sock"));
            if StdUnixStream::connect(&path).is_ok() {
                // Another gateway that counts its processes from the same beginning.
                continue;
            }
            // It appears under its name only once it answers: whoever finds it silent takes it for stale.
            let hidden = folder.join(format!(".{pid}{suffix}"));
            remove(&hidden)?;
            let listener = UnixListener::bind(&hidden)?;
            fs::set_permissions(&hidden, Permissions::from_mode(0o600))?;
            fs::rename(&hidden, &path)?;
            return Ok(Self { listener, path });
        }
        Err(io::Error::other(format!("{NAMES} gateways with the process id {pid} run already")))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Answers whoever connects, one after the other, until it is dropped.
    pub(crate) async fn serve(self, health: Health) {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => match timeout(WRITE, answer(stream, &health)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => debug!(%error, "whoever asked for the status did not wait for it"),
                    Err(_) => debug!("whoever asked for the status did not read it"),
                },
                Err(error) => {
                    debug!(%error, "a request for the status could not be accepted; trying again");
                    // Most often the process is out of file descriptors, and only time brings some back.
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

impl Drop for StatusSocket {
    fn drop(&mut self) {
        // A file that stays is taken for stale by whoever meets it.
        let _ = fs::remove_file(&self.path);
    }
}

async fn answer(mut stream: UnixStream, health: &Health) -> io::Result<()> {
    let mut line = serde_json::to_vec(&health.status())?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.shutdown().await
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
