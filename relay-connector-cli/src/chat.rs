//! The chat over pipes: lines in, a transcript out.

use std::io::{self, BufRead as _};
use std::sync::Arc;

use relay_connector::{Delivery, MemoryFront};
use relay_terminal::Transcript;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::mpsc;

/// Says each line of stdin as soon as a gateway is there to hear it, and writes what agents answer. It goes on
/// after the last line, since answers may still come: only a signal, or a closed stdout, ends it.
pub(crate) async fn run(front: &Arc<MemoryFront>, chat_id: &str) -> io::Result<()> {
    front.open(chat_id);
    let mut updates = front.updates();
    let mut lines = Some(stdin_lines());
    let mut unsaid: Option<String> = None;
    let mut transcript = Transcript::new(io::stdout());
    loop {
        tokio::select! {
            line = next(&mut lines), if unsaid.is_none() => match line {
                Some(line) => unsaid = Some(line),
                None => lines = None,
            },
            heard = front.heard(), if unsaid.is_some() => {
                let line = unsaid.take().unwrap_or_default();
                transcript.you(&line)?;
                let said = match heard {
                    Ok(()) => front.say(chat_id, &line).await,
                    Err(error) => Err(error.into()),
                };
                match said.map(|said| said.delivery) {
                    Ok(Delivery::Buffered(_)) => transcript.note("no gateway is connected; this waits until one is")?,
                    Ok(Delivery::Unwanted) => transcript.note("the gateway has just left, so nobody heard this")?,
                    Ok(_) => {}
                    Err(error) => transcript.note(&format!("nobody heard this: {error}"))?,
                }
            }
            update = updates.recv() => match update {
                Ok(update) if update.chat_id == chat_id => transcript.update(&update)?,
                Ok(_) | Err(RecvError::Closed) => {}
                Err(RecvError::Lagged(missed)) => {
                    transcript.note(&format!("{missed} updates came too fast to be written"))?;
                }
            },
        }
    }
}

async fn next(lines: &mut Option<mpsc::Receiver<String>>) -> Option<String> {
    match lines {
        Some(lines) => lines.recv().await,
        None => std::future::pending().await,
    }
}

/// The lines of stdin that are not blank. They are read on a thread of their own, which the end of the process
/// does not wait for, as it would for a read on tokio's.
fn stdin_lines() -> mpsc::Receiver<String> {
    let (sender, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let line = match line {
                Ok(line) => line,
                Err(error) => {
                    tracing::warn!(%error, "stdin cannot be read any further");
                    return;
                }
            };
            if !line.trim().is_empty() && sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}
