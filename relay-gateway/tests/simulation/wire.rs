//! The network between the programs: streams that break at bad moments.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use relay_net::{ByteStream, Dial, DialError};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::WaitForCancellationFutureOwned;
use turmoil::net::TcpStream;
use url::Url;

use crate::happening::{Fault, Host};
use crate::world::{Life, World};

/// Where the connector listens.
pub const PORT: u16 = 80;

/// Bytes read at once.
const READ: usize = 16 * 1024;

/// What is to become of one direction of a stream.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Lasts,
    /// Breaks after so many bytes.
    Breaks(u64),
    /// Falls silent after so many bytes.
    Swallows(u64),
}

impl Fate {
    /// How many more bytes go through after `passed`; `None` for all.
    fn left(self, passed: u64) -> Option<u64> {
        match self {
            Self::Lasts => None,
            Self::Breaks(at) | Self::Swallows(at) => Some(at.saturating_sub(passed)),
        }
    }
}

/// What became of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Sound,
    Broken,
    /// It takes what is written, and passes on nothing.
    Silent,
}

/// One end of a connection.
pub struct Wire {
    stream: TcpStream,
    life: Life,
    /// All connections break.
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    reading: Fate,
    writing: Fate,
    read: u64,
    written: u64,
    /// The largest piece that is read or written at once.
    piece: usize,
    condition: Condition,
}

impl Wire {
    pub fn new(stream: TcpStream, life: Life) -> Self {
        let (reading, writing, piece, cut) = {
            let mut state = life.world.state();
            let (reading, writing) = fates(&mut state);
            let piece = if state.dice.once_in(6) { state.dice.within(3..=40) } else { 64 * 1024 };
            (reading, writing, piece, state.connections.clone())
        };
        Self {
            stream,
            life,
            cut: Box::pin(cut.cancelled_owned()),
            reading,
            writing,
            read: 0,
            written: 0,
            piece: usize::try_from(piece).unwrap_or(usize::MAX),
            condition: Condition::Sound,
        }
    }

    /// What becomes of the stream now, where its fate is due.
    fn due(&mut self, cx: &mut Context<'_>) -> Condition {
        if self.condition != Condition::Broken && self.cut.as_mut().poll(cx).is_ready() {
            self.condition = Condition::Broken;
        }
        let healed = self.life.world.state().weather.healed;
        for (fate, passed) in [(self.reading, self.read), (self.writing, self.written)] {
            if self.condition == Condition::Sound && !healed && fate.left(passed) == Some(0) {
                self.condition = self.meet(fate, passed);
            }
        }
        self.condition
    }

    fn meet(&self, fate: Fate, passed: u64) -> Condition {
        let (fault, condition) = match fate {
            Fate::Swallows(_) => (Fault::Swallow, Condition::Silent),
            Fate::Breaks(_) | Fate::Lasts => (Fault::Torn, Condition::Broken),
        };
        if self.life.power.is_on() {
            let end = self.life.host.name();
            self.life.world.fault(fault, format!("at the {end}'s end, after {passed} bytes"));
        }
        condition
    }

    /// How many of `wanted` bytes go through now.
    fn share(&self, fate: Fate, passed: u64, wanted: usize) -> usize {
        let healed = self.life.world.state().weather.healed;
        let left = fate
            .left(passed)
            .filter(|_| !healed)
            .map_or(usize::MAX, |left| usize::try_from(left).unwrap_or(usize::MAX));
        wanted.min(self.piece).min(left.max(1))
    }
}

/// The fates of a new stream's two directions.
fn fates(state: &mut crate::world::State) -> (Fate, Fate) {
    let fate = if state.weather.torn > 0 {
        state.weather.torn -= 1;
        Fate::Breaks
    } else if state.weather.swallowing > 0 {
        state.weather.swallowing -= 1;
        Fate::Swallows
    } else {
        return (Fate::Lasts, Fate::Lasts);
    };
    // Within the upgrade, within the hellos, or later.
    let (first, last) = state.dice.pick(&[(1, 300), (300, 900), (600, 6_000)]);
    let fate = fate(state.dice.within(first..=last));
    if state.dice.once_in(2) { (fate, Fate::Lasts) } else { (Fate::Lasts, fate) }
}

fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionReset, "the simulated connection broke")
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.life.power.is_on() {
            return Poll::Pending;
        }
        match self.due(cx) {
            Condition::Sound => {}
            Condition::Broken => return Poll::Ready(Err(broken())),
            Condition::Silent => return Poll::Pending,
        }
        let share = self.share(self.reading, self.read, buf.remaining());
        let mut piece = vec![0; share.min(READ)];
        let mut part = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        buf.put_slice(part.filled());
        self.read += part.filled().len() as u64;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if !self.life.power.is_on() {
            return Poll::Pending;
        }
        match self.due(cx) {
            Condition::Sound => {}
            Condition::Broken => return Poll::Ready(Err(broken())),
            Condition::Silent => return Poll::Ready(Ok(buf.len())),
        }
        let share = self.share(self.writing, self.written, buf.len());
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &buf[..share]))?;
        self.written += written as u64;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.life.power.is_on() {
            return Poll::Pending;
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Dials over the simulated network.
pub struct SimulatedDial(pub Life);

impl Dial for SimulatedDial {
    fn dial<'a>(&'a self, _: &'a Url) -> BoxFuture<'a, Result<Box<dyn ByteStream>, DialError>> {
        Box::pin(async move {
            self.0.power.hold().await;
            let host = Host::Connector.name();
            match TcpStream::connect((host, PORT)).await {
                Ok(stream) => Ok(Box::new(Wire::new(stream, self.0.clone())) as Box<dyn ByteStream>),
                Err(source) => Err(DialError::Connect { host: host.to_owned(), port: PORT, source }),
            }
        })
    }
}

impl World {
    /// Breaks every open connection.
    pub fn cut(&self) {
        let mut state = self.state();
        let cut = std::mem::take(&mut state.connections);
        // Not while the state is held: whoever is woken looks at it.
        drop(state);
        cut.cancel();
    }
}
