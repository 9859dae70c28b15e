//! The agent: tells the run what it sees, then answers.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::UnixDatagram as StdDatagram;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::net::UnixDatagram;

use super::ledger::{Moment, Name};
use super::trial::now;

/// How a reply begins; the name of the message it answers follows.
pub(crate) const REPLY: &str = "re ";

/// What a datagram holds at most.
const DATAGRAM: usize = 256;

/// Runs as the program that the gateway starts for each message: says what it sees and who started it, takes a
/// moment, and answers.
pub(crate) fn run(socket: &Path) -> anyhow::Result<()> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).context("the message cannot be read")?;
    let text = text.trim();
    let told = StdDatagram::unbound()?;
    told.connect(socket).context("the run is over")?;
    told.send(format!("{} {} {text}", parent_id(), now().as_nanos()).as_bytes())?;
    // So that kills find turns at work: a moment that the message decides.
    let moment = text.bytes().fold(0_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 20;
    std::thread::sleep(Duration::from_millis(moment));
    io::stdout().write_all(format!("{REPLY}{text}").as_bytes())?;
    Ok(())
}

/// What an agent saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) text: String,
    /// The process that started the agent, or whoever adopted it.
    pub(crate) parent: u32,
    pub(crate) at: Moment,
}

impl Sighting {
    pub(crate) fn name(&self) -> Option<Name> {
        Name::parse(&self.text)
    }
}

/// Where agents tell what they see.
pub(crate) struct Sightings {
    socket: UnixDatagram,
    pub(crate) path: PathBuf,
}

impl Sightings {
    pub(crate) fn open(path: PathBuf) -> anyhow::Result<Self> {
        let socket = UnixDatagram::bind(&path).with_context(|| format!("no socket at {}", path.display()))?;
        Ok(Self { socket, path })
    }

    /// The next sighting. Nothing is lost when the caller stops waiting.
    pub(crate) async fn next(&self) -> anyhow::Result<Sighting> {
        let mut datagram = [0; DATAGRAM];
        let length = self.socket.recv(&mut datagram).await?;
        let datagram = String::from_utf8_lossy(&datagram[..length]);
        let mut words = datagram.splitn(3, ' ');
        let (Some(parent), Some(at), Some(text)) = (words.next(), words.next(), words.next()) else {
            bail!("an agent said something else: {datagram}");
        };
        let at = Duration::from_nanos(at.parse()?);
        Ok(Sighting { text: text.to_owned(), parent: parent.parse()?, at })
    }
}
