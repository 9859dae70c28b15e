//! Remarks above the live region: logs, frames, news of the connector.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc;

/// Notes that wait to be shown; further ones are counted and not kept.
const WAITING: usize = 1024;

/// A way to print above the live region of a [`Terminal`](crate::Terminal), from any thread, without waiting.
///
/// It also writes logs: each `write` is one note, as `tracing_subscriber` makes one for each event. Once the
/// terminal has ended, notes go to stderr.
#[derive(Clone, Debug)]
pub struct Notes {
    sender: mpsc::Sender<String>,
    lost: Arc<AtomicUsize>,
}

/// The terminal's end of [`Notes`].
pub(crate) struct NotesEnd {
    receiver: mpsc::Receiver<String>,
    lost: Arc<AtomicUsize>,
}

pub(crate) fn notes() -> (Notes, NotesEnd) {
    let (sender, receiver) = mpsc::channel(WAITING);
    let lost = Arc::new(AtomicUsize::new(0));
    (Notes { sender, lost: Arc::clone(&lost) }, NotesEnd { receiver, lost })
}

impl Notes {
    /// Prints a note. Control characters in it are shown, not obeyed.
    pub fn print(&self, text: impl Into<String>) {
        match self.sender.try_send(text.into()) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
            Err(mpsc::error::TrySendError::Closed(text)) => {
                // The last resort has no other to report its own failure to.
                let _ = io::Write::write_all(&mut io::stderr(), format!("{text}\n").as_bytes());
            }
        }
    }
}

impl io::Write for Notes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.print(String::from_utf8_lossy(bytes).trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl NotesEnd {
    /// The next note; for ever none once every [`Notes`] is gone.
    pub(crate) async fn next(&mut self) -> String {
        match self.receiver.recv().await {
            Some(note) => note,
            None => std::future::pending().await,
        }
    }

    /// A note that waits already, or word of those that were lost.
    pub(crate) fn waiting(&mut self) -> Option<String> {
        self.receiver.try_recv().ok().or_else(|| match self.lost.swap(0, Ordering::Relaxed) {
            0 => None,
            lost => Some(format!("{lost} more came too fast to be shown")),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{WAITING, notes};

    #[test]
    fn notes_beyond_what_can_wait_are_counted() {
        let (mut notes, mut end) = notes();
        notes.write_all(b"a log line\n").unwrap();
        (0..WAITING + 6).for_each(|number| notes.print(number.to_string()));
        assert_eq!(end.waiting().as_deref(), Some("a log line"));
        let rest: Vec<String> = std::iter::from_fn(|| end.waiting()).collect();
        assert_eq!(rest.len(), WAITING);
        assert_eq!(rest.last().map(String::as_str), Some("7 more came too fast to be shown"));
    }
}
