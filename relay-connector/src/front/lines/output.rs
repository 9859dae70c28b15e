//! The writing half: lines to a thread, and the word that they are written.

use std::io;

use tokio::sync::{mpsc, oneshot};

/// Lines that may wait to be written; whoever has one more waits with it.
const QUEUE: usize = 1024;

/// Lines that one flush may cover.
const BATCH: usize = 256;

/// A line, without its newline, and whom to tell that it is written.
struct Outgoing {
    line: String,
    written: oneshot::Sender<()>,
}

/// Where lines are given. Clones write to the same output.
#[derive(Clone)]
pub(super) struct Output(mpsc::Sender<Outgoing>);

/// The other end, until it is known where to write.
pub(super) struct OutputEnd(mpsc::Receiver<Outgoing>);

impl Output {
    pub(super) fn channel() -> (Self, OutputEnd) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), OutputEnd(receiver))
    }

    /// Writes a line in its turn; `false` when it cannot be written any more. The line is on its way once this
    /// waits, and is written even if the caller stops waiting.
    pub(super) async fn written(&self, line: String) -> bool {
        let (written, told) = oneshot::channel();
        self.0.send(Outgoing { line, written }).await.is_ok() && told.await.is_ok()
    }
}

impl OutputEnd {
    /// Writes on a thread of its own until writing fails.
    pub(super) async fn write_to(self, output: impl io::Write + Send + 'static) -> io::Result<()> {
        let (ended, end) = oneshot::channel();
        std::thread::spawn(move || {
            // Nobody waits for the end any more when the front is gone.
            let _ = ended.send(write(self.0, output));
        });
        end.await.unwrap_or_else(|_| Err(io::Error::other("the thread that writes the lines panicked")))
    }
}

fn write(mut lines: mpsc::Receiver<Outgoing>, mut output: impl io::Write) -> io::Result<()> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut bytes = Vec::new();
    while lines.blocking_recv_many(&mut batch, BATCH) > 0 {
        bytes.clear();
        for outgoing in &batch {
            bytes.extend_from_slice(outgoing.line.as_bytes());
            bytes.push(b'\n');
        }
        output.write_all(&bytes)?;
        output.flush()?;
        for outgoing in batch.drain(..) {
            // A gateway that has gone does not wait for it any more.
            let _ = outgoing.written.send(());
        }
    }
    Ok(())
}
