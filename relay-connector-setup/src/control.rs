//! The control socket: commands tell a serving connector what they changed in its store.
//!
//! One line a connection, and a line back once it was carried out. The socket lies in the data folder, which is its
//! owner's alone, and says nothing that is not in the store.

use std::fs;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use relay_connector::Connector;
use relay_wire::{GatewayId, Line, LineDecoder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

/// The longest command, in bytes.
const MAX_COMMAND: usize = 4 * 1024;

/// How long either side waits for the other.
const WAIT: Duration = Duration::from_secs(5);

const DONE: &str = "done";

/// Something that a command changed in a connector's store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreChange {
    /// A gateway was revoked.
    Revoked(GatewayId),
    /// Something came back into the buffers.
    Buffers,
}

impl StoreChange {
    fn line(&self) -> String {
        match self {
            Self::Revoked(gateway_id) => format!("revoked {gateway_id}\n"),
            Self::Buffers => "buffers\n".to_owned(),
        }
    }

    fn read(line: &str) -> Option<Self> {
        match line.split_once(' ') {
            Some(("revoked", gateway_id)) => GatewayId::new(gateway_id).ok().map(Self::Revoked),
            None if line == "buffers" => Some(Self::Buffers),
            _ => None,
        }
    }
}

/// Why commands cannot be heard, or were not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// A socket cannot have so long a name.
    #[error("the path {} is too long for a socket; name a data folder with a shorter path", .0.display())]
    TooLong(PathBuf),
    /// The socket cannot be used.
    #[error("{} cannot be used: {source}; make its folder writable, or name another", .path.display())]
    Socket {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The connector does not answer.
    #[error(
        "the connector that listens on {} does not answer; the change takes effect at its next start", .0.display()
    )]
    Mute(PathBuf),
    /// The connector could not do it.
    #[error("the running connector could not apply the change: {0}")]
    NotHeeded(String),
}

/// A listening control socket; its file goes when this is dropped.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for Control {
    fn drop(&mut self) {
        // The next connector replaces what is left over.
        let _ = fs::remove_file(&self.path);
    }
}

impl Control {
    /// Listens. Whoever calls this holds the folder's lock, so that a socket which is there is left over.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn bind(path: PathBuf) -> Result<Self, ControlError> {
        let unusable = |source| ControlError::Socket { path: path.clone(), source };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(unusable(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&path).map_err(|error| match error.kind() {
            ErrorKind::InvalidInput => ControlError::TooLong(path.clone()),
            _ => unusable(error),
        })?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(unusable)?;
        Ok(Self { listener, path })
    }

    /// Heeds commands, one after the other.
    pub async fn serve(self, connector: Connector) {
        loop {
            let answered = match self.listener.accept().await {
                Ok((stream, _)) => timeout(WAIT, answer(stream, &connector))
                    .await
                    .unwrap_or_else(|_| Err(ErrorKind::TimedOut.into())),
                Err(error) => {
                    // Most often the process is out of file descriptors, and only time brings some back.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    Err(error)
                }
            };
            if let Err(error) = answered {
                tracing::warn!(%error, "a command was not heard; it may be given again");
            }
        }
    }
}

async fn answer(mut stream: UnixStream, connector: &Connector) -> io::Result<()> {
    let mut lines = LineDecoder::new(MAX_COMMAND);
    let mut bytes = [0; 512];
    let change = loop {
        let read = stream.read(&mut bytes).await?;
        if read == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        lines.push(&bytes[..read]);
        if let Some(line) = lines.next_line() {
            let Line::Complete(line) = line else { return Err(ErrorKind::InvalidData.into()) };
            break std::str::from_utf8(line).ok().and_then(StoreChange::read);
        }
    };
    let answer = match change {
        Some(StoreChange::Revoked(gateway_id)) => match connector.recheck(&gateway_id).await {
            Ok(()) => DONE.to_owned(),
            Err(error) => error.to_string(),
        },
        Some(StoreChange::Buffers) => {
            connector.buffers_changed();
            DONE.to_owned()
        }
        None => "this connector does not know the command; it may be another version".to_owned(),
    };
    stream.write_all(format!("{answer}\n").as_bytes()).await
}

impl StoreChange {
    /// Lets the connector know that serves the folder of this socket, if there is one; whether there is.
    ///
    /// # Errors
    /// It could not apply the change. What was changed in the store is changed all the same.
    pub fn notify(&self, socket: &Path) -> Result<bool, ControlError> {
        let mut stream = match std::os::unix::net::UnixStream::connect(socket) {
            Ok(stream) => stream,
            // No socket, or one that a connector left behind when it fell.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
                return Ok(false);
            }
            Err(source) => return Err(ControlError::Socket { path: socket.to_owned(), source }),
        };
        let mute = |_| ControlError::Mute(socket.to_owned());
        stream.set_read_timeout(Some(WAIT)).map_err(mute)?;
        stream.write_all(self.line().as_bytes()).map_err(mute)?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).map_err(mute)?;
        match answer.trim_end() {
            DONE => Ok(true),
            "" => Err(ControlError::Mute(socket.to_owned())),
            trouble => Err(ControlError::NotHeeded(trouble.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::StoreChange;

    #[test]
    fn a_change_is_read_as_it_was_written() {
        for change in [StoreChange::Buffers, StoreChange::Revoked("gw 1".parse().unwrap())] {
            assert_eq!(StoreChange::read(change.line().trim_end()), Some(change));
        }
        assert_eq!(StoreChange::read("revoked"), None);
        assert_eq!(StoreChange::read("buffers now"), None);
    }
}
