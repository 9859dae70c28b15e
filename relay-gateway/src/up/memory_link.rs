//! The way from a gateway to the connector in the same process: pairs of byte streams in memory, and no port.

use std::io;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_connector::Accept;
use relay_net::{ByteStream, Dial, DialError};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;
use url::Url;

/// How much a stream holds that was written and not read yet, in bytes, each way.
const BUFFER: usize = 64 * 1024;

/// How many streams wait to be accepted.
const BACKLOG: usize = 16;

/// The connector's URL for what goes through memory: a name that is always this machine's.
pub(crate) const URL: &str = "http://connector.localhost";

/// Opens streams to the listener beside it, whatever host is asked for.
#[derive(Clone, Debug)]
pub(crate) struct MemoryDialer(mpsc::Sender<DuplexStream>);

/// Accepts the streams of its dialer.
#[derive(Debug)]
pub(crate) struct MemoryListener(mpsc::Receiver<DuplexStream>);

/// A dialer and its listener.
pub(crate) fn memory_link() -> (MemoryDialer, MemoryListener) {
    let (sender, receiver) = mpsc::channel(BACKLOG);
    (MemoryDialer(sender), MemoryListener(receiver))
}

impl Dial for MemoryDialer {
    fn dial<'a>(&'a self, url: &'a Url) -> BoxFuture<'a, Result<Box<dyn ByteStream>, DialError>> {
        async move {
            let (ours, theirs) = duplex(BUFFER);
            match self.0.send(theirs).await {
                Ok(()) => Ok(Box::new(ours) as Box<dyn ByteStream>),
                Err(_) => Err(DialError::Connect {
                    host: url.host_str().unwrap_or_default().to_owned(),
                    port: url.port_or_known_default().unwrap_or_default(),
                    source: io::Error::new(
                        io::ErrorKind::ConnectionRefused,
                        "the connector in this process has ended",
                    ),
                }),
            }
        }
        .boxed()
    }
}

impl Accept for MemoryListener {
    type Stream = DuplexStream;

    async fn accept(&mut self) -> io::Result<DuplexStream> {
        match self.0.recv().await {
            Some(stream) => Ok(stream),
            // Nobody can dial any more.
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use relay_connector::Accept as _;
    use relay_net::Dial as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use url::Url;

    use super::{URL, memory_link};

    #[tokio::test]
    async fn what_is_written_here_is_read_there_until_the_listener_is_gone() {
        let (dialer, mut listener) = memory_link();
        let url = Url::parse(URL).expect("a URL");
        let mut near = dialer.dial(&url).await.expect("a stream");
        let mut far = listener.accept().await.expect("the other end");
        near.write_all(b"hi").await.expect("room");
        let mut read = [0; 2];
        far.read_exact(&mut read).await.expect("bytes");
        assert_eq!(&read, b"hi");
        drop(listener);
        assert!(dialer.dial(&url).await.is_err());
    }
}
