//! A TCP proxy that spoils what it carries: it cuts, stalls and slices.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{self, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::random::Random;

/// Bytes that one read takes.
const CHUNK: usize = 16 * 1024;

/// The proxy. Dropping it ends it and all that it carries.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    faults: watch::Sender<State>,
    counts: Arc<Counts>,
    serving: JoinHandle<()>,
}

/// What every connection watches.
#[derive(Clone, Copy, Debug)]
struct State {
    /// Counts cuts: a connection ends when it changes.
    cuts: u64,
    /// Until when nothing is carried.
    stalled_until: Instant,
}

#[derive(Default)]
struct Counts {
    live: AtomicU64,
    connections: AtomicU64,
    slices: AtomicU64,
}

impl Proxy {
    /// Listens on a free port of this machine and carries everything to `target`.
    pub(crate) async fn start(target: SocketAddr, random: Random) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (faults, watched) = watch::channel(State { cuts: 0, stalled_until: Instant::now() });
        let counts = Arc::new(Counts::default());
        let serving = tokio::spawn(serve(listener, target, random, watched, Arc::clone(&counts)));
        Ok(Self { address, faults, counts, serving })
    }

    /// Ends every connection; how many that were.
    pub(crate) fn cut(&self) -> u64 {
        let live = self.live();
        self.faults.send_modify(|state| state.cuts += 1);
        live
    }

    /// Carries nothing for so long.
    pub(crate) fn stall(&self, pause: Duration) {
        self.faults.send_modify(|state| state.stalled_until = Instant::now() + pause);
    }

    /// How many connections there are.
    pub(crate) fn live(&self) -> u64 {
        self.counts.live.load(Ordering::Relaxed)
    }

    /// How many connections there were so far.
    pub(crate) fn connections(&self) -> u64 {
        self.counts.connections.load(Ordering::Relaxed)
    }

    /// In how many pieces everything was carried so far.
    pub(crate) fn slices(&self) -> u64 {
        self.counts.slices.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.serving.abort();
        self.cut();
    }
}

async fn serve(
    listener: TcpListener,
    target: SocketAddr,
    random: Random,
    faults: watch::Receiver<State>,
    counts: Arc<Counts>,
) {
    while let Ok((near, _)) = listener.accept().await {
        let number = counts.connections.fetch_add(1, Ordering::Relaxed);
        let (random, faults, counts) = (random.fork(number), faults.clone(), Arc::clone(&counts));
        tokio::spawn(async move {
            // A target that is down at the moment is what the dialer is to find out.
            let Ok(far) = TcpStream::connect(target).await else { return };
            counts.live.fetch_add(1, Ordering::Relaxed);
            carry(near, far, random, faults, &counts.slices).await;
            counts.live.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

/// Carries both ways until either side ends or a cut comes.
async fn carry<S>(near: S, far: S, random: Random, faults: watch::Receiver<State>, slices: &AtomicU64)
where
    S: AsyncRead + AsyncWrite,
{
    let (near_reader, near_writer) = io::split(near);
    let (far_reader, far_writer) = io::split(far);
    let (up, down) =
        (Slicer::new(random.fork(1), faults.clone()), Slicer::new(random.fork(2), faults.clone()));
    tokio::select! {
        () = cut(faults) => {}
        _ = up.pump(near_reader, far_writer, slices) => {}
        _ = down.pump(far_reader, near_writer, slices) => {}
    }
}

/// Completes at the next cut.
async fn cut(mut faults: watch::Receiver<State>) {
    let before = faults.borrow_and_update().cuts;
    // Without a proxy there is nothing left to carry either.
    let _ = faults.wait_for(|state| state.cuts != before).await;
}

/// One direction.
struct Slicer {
    random: Random,
    faults: watch::Receiver<State>,
}

impl Slicer {
    fn new(random: Random, faults: watch::Receiver<State>) -> Self {
        Self { random, faults }
    }

    async fn pump(
        mut self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        slices: &AtomicU64,
    ) -> io::Result<()> {
        let mut buffer = vec![0; CHUNK];
        loop {
            let read = from.read(&mut buffer).await?;
            if read == 0 {
                return to.shutdown().await;
            }
            let mut rest = &buffer[..read];
            while !rest.is_empty() {
                self.stall().await;
                let (slice, behind) = rest.split_at(self.slice(rest.len()));
                to.write_all(slice).await?;
                to.flush().await?;
                slices.fetch_add(1, Ordering::Relaxed);
                rest = behind;
                // Where another task gets its turn, a cut can come between two slices.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Waits while nothing is carried, also when that is made longer meanwhile.
    async fn stall(&mut self) {
        loop {
            let until = self.faults.borrow_and_update().stalled_until;
            if until <= Instant::now() {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    /// How many of the waiting bytes go together: often all, else few or some.
    fn slice(&mut self, waiting: usize) -> usize {
        let most = match self.random.below(4) {
            0 => self.random.between(1, 8),
            1 => self.random.between(1, 512),
            _ => return waiting,
        };
        waiting.min(usize::try_from(most).unwrap_or(usize::MAX))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    struct Rig {
        near: io::DuplexStream,
        far: io::DuplexStream,
        faults: watch::Sender<State>,
        slices: Arc<AtomicU64>,
    }

    fn rig() -> Rig {
        let ((near, near_inner), (far, far_inner)) = (io::duplex(1 << 20), io::duplex(1 << 20));
        let (faults, watched) = watch::channel(State { cuts: 0, stalled_until: Instant::now() });
        let slices = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&slices);
        tokio::spawn(async move { carry(near_inner, far_inner, Random::new(1), watched, &counted).await });
        Rig { near, far, faults, slices }
    }

    fn bytes() -> Vec<u8> {
        (0..200_000_u32).flat_map(u32::to_le_bytes).collect()
    }

    /// Under a paused clock what never comes is known at once.
    async fn read(from: &mut io::DuplexStream, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        let reading = timeout(Duration::from_hours(1), from.read_exact(&mut bytes));
        reading.await.expect("it never comes").unwrap();
        bytes
    }

    #[tokio::test(start_paused = true)]
    async fn every_byte_comes_out_in_its_place_however_it_is_sliced() {
        let Rig { mut near, mut far, faults: _faults, slices } = rig();
        let writing = tokio::spawn(async move {
            near.write_all(&bytes()).await.unwrap();
            near
        });
        assert!(read(&mut far, bytes().len()).await == bytes(), "the bytes differ");
        // Each read goes out in two slices in the mean. All was written at once, so every read but the last is full.
        let reads = bytes().len().div_ceil(CHUNK) as u64;
        assert!(slices.load(Ordering::Relaxed) > reads + reads / 4, "nothing was sliced");
        let mut near = writing.await.unwrap();
        far.write_all(b"back").await.unwrap();
        assert_eq!(read(&mut near, 4).await, b"back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_cut_ends_both_sides_and_what_was_carried_is_a_beginning() {
        let Rig { mut near, mut far, faults, .. } = rig();
        near.write_all(b"first").await.unwrap();
        read(&mut far, 5).await;
        faults.send_modify(|state| state.cuts += 1);
        for side in [&mut far, &mut near] {
            let mut rest = Vec::new();
            let end = timeout(Duration::from_hours(1), side.read_to_end(&mut rest)).await;
            assert_eq!(end.expect("nothing was cut").unwrap(), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_stall_holds_everything_back_for_as_long_as_it_lasts() {
        let Rig { mut near, mut far, faults, .. } = rig();
        let until = Instant::now() + Duration::from_secs(3);
        faults.send_modify(|state| state.stalled_until = until);
        near.write_all(b"late").await.unwrap();
        assert_eq!(read(&mut far, 4).await, b"late");
        assert!(Instant::now() >= until);
    }

    #[tokio::test]
    async fn connections_are_carried_over_sockets_and_counted() {
        let target = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::start(target.local_addr().unwrap(), Random::new(1)).await.unwrap();
        let mut near = TcpStream::connect(proxy.address).await.unwrap();
        let (mut far, _) = target.accept().await.unwrap();
        near.write_all(b"hi").await.unwrap();
        let mut hi = [0; 2];
        far.read_exact(&mut hi).await.unwrap();
        assert_eq!((&hi, proxy.connections()), (b"hi", 1));
        assert_eq!(proxy.cut(), 1);
        assert_eq!(near.read(&mut hi).await.unwrap_or_default(), 0);
    }
}
