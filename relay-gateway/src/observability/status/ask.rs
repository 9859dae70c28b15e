//! Asks the gateways of a home how they stand.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::observability::health::GatewayStatus;

/// How long a gateway may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 64 * 1024;

/// What came of asking one gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StatusReply {
    /// It runs; this is how it is.
    Running(Box<GatewayStatus>),
    /// Something listens at the socket and does not say how it stands.
    Mute {
        /// The socket.
        socket: PathBuf,
        /// What happened.
        why: String,
    },
}

/// Asks every gateway whose socket is in the folder, in the order of their names. A socket that nobody listens at
/// any more is removed.
pub(crate) async fn ask(folder: &Path) -> Vec<StatusReply> {
    let mut answers = Vec::new();
    for socket in sockets(folder) {
        match timeout(ANSWER, ask_one(&socket)).await {
            Ok(Ok(status)) => answers.push(StatusReply::Running(Box::new(status))),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {
                // Left by a gateway that was killed. Where it cannot be removed, it is only passed over.
                let _ = fs::remove_file(&socket);
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Ok(Err(error)) => answers.push(StatusReply::Mute { socket, why: error.to_string() }),
            Err(_) => {
                answers.push(StatusReply::Mute { socket, why: format!("it said nothing for {ANSWER:?}") });
            }
        }
    }
    answers
}

fn sockets(folder: &Path) -> Vec<PathBuf> {
    // A folder that is not there holds no socket.
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut sockets: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sock"))
        .collect();
    sockets.sort();
    sockets
}

async fn ask_one(socket: &Path) -> io::Result<GatewayStatus> {
    let mut answer = Vec::new();
    UnixStream::connect(socket).await?.take(MAX_ANSWER).read_to_end(&mut answer).await?;
    // From another version of the program; what it means by its fields is not known.
    serde_json::from_slice(&answer)
        .map_err(|_| io::Error::other("what it says cannot be read; is it of another version?"))
}
