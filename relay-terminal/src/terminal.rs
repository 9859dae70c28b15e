//! A chat in the terminal of this process.

use std::fmt;
use std::io::{self, IsTerminal as _, Stdout};
use std::sync::Arc;
use std::time::Instant;

use crossterm::event::{Event, EventStream};
use crossterm::execute;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use futures_util::StreamExt as _;
use ratatui::backend::CrosstermBackend;
use relay_connector::{ChatUpdate, Delivery, MemoryFront};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::sleep_until;

use crate::draft::Pressed;
use crate::notes::{self, Notes, NotesEnd};
use crate::palette::Palette;
use crate::raw_mode::RawMode;
use crate::window::Window;

/// Notes, and updates, that one drawing may cover: a flood must not keep the screen from being drawn.
const BURST: usize = 256;

type TerminalWindow = Window<CrosstermBackend<Stdout>>;

/// One chat of a [`MemoryFront`] on the terminal of this process: what was said scrolls by, what is being said
/// grows at the bottom, and below it is a message to type.
///
/// Enter sends, also commands such as `/stop`; Alt-Enter begins a new line, and a paste of several lines is one
/// message. Up and down call earlier messages back. Ctrl-D on an empty message leaves; Ctrl-C clears the message, and
/// leaves when it is empty. With `NO_COLOR` in the environment nothing is coloured.
pub struct Terminal {
    front: Arc<MemoryFront>,
    chat_id: String,
    updates: broadcast::Receiver<ChatUpdate>,
    notes: NotesEnd,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").field("chat_id", &self.chat_id).finish_non_exhaustive()
    }
}

impl Terminal {
    /// A terminal for this chat, which is opened, and a way to print above it. Nothing is shown before
    /// [`run`](Self::run); what agents and notes say until then is kept for it.
    pub fn new(front: Arc<MemoryFront>, chat_id: impl Into<String>) -> (Self, Notes) {
        let chat_id = chat_id.into();
        front.open(&chat_id);
        let (printer, notes) = notes::notes();
        let updates = front.updates();
        (Self { front, chat_id, updates, notes }, printer)
    }

    /// Whether this process can run one: both stdin and stdout are terminals.
    pub fn is_available() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Runs until the person leaves or the terminal is gone. The terminal is restored when the future ends, is
    /// dropped, or panics.
    ///
    /// # Errors
    ///
    /// The terminal cannot be read from or drawn on.
    pub async fn run(mut self) -> io::Result<()> {
        let raw = RawMode::enter()?;
        // It asks the terminal for its cursor, so before anything waits for keys.
        let mut window = Window::new(CrosstermBackend::new(io::stdout()), Palette::from_environment())?;
        let mut events = EventStream::new();
        let ended = loop {
            at_once(|| window.draw(Instant::now()))?;
            let typing_ends = window.typing.ends_at(Instant::now());
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(Event::Resize(..))) => {
                        // The terminal's answer, where its cursor is now, comes by the way that keys come; just after
                        // an event nothing else reads there.
                        at_once(|| window.resized())?;
                    }
                    Some(Ok(event)) => if self.take_event(&mut window, event).await { break Ok(()) },
                    Some(Err(error)) => break Err(error),
                    None => break Ok(()),
                },
                update = self.updates.recv() => self.take_update(&mut window, update),
                note = self.notes.next() => window.note(&note),
                () = sleep_until(typing_ends.unwrap_or_else(Instant::now).into()), if typing_ends.is_some() => {}
            }
            self.take_waiting(&mut window);
        };
        self.take_waiting(&mut window);
        at_once(|| window.leave())?;
        raw.end();
        ended
    }

    /// Takes what waits already, so that a burst costs one drawing. Not so keys: a poll of the event stream outside of
    /// the wait for it would take the wake-up away from it.
    fn take_waiting(&mut self, window: &mut TerminalWindow) {
        for _ in 0..BURST {
            let Some(note) = self.notes.waiting() else { break };
            window.note(&note);
        }
        for _ in 0..BURST {
            match self.updates.try_recv() {
                Ok(update) => self.take_update(window, Ok(update)),
                Err(TryRecvError::Lagged(missed)) => self.take_update(window, Err(RecvError::Lagged(missed))),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
    }

    /// Takes a key or a paste; whether the person leaves.
    async fn take_event(&mut self, window: &mut TerminalWindow, event: Event) -> bool {
        let pressed = match event {
            Event::Key(key) => window.press(key),
            Event::Paste(text) => {
                window.paste(&text);
                Pressed::Edited
            }
            _ => Pressed::Edited,
        };
        match pressed {
            Pressed::Edited => {}
            Pressed::Submitted(text) => {
                match self.front.say(&self.chat_id, &text).await.map(|said| said.delivery) {
                    Ok(Delivery::Buffered(_)) => {
                        window.note("no gateway is connected; this waits until one is");
                    }
                    Ok(Delivery::Unwanted) => {
                        window.note("no gateway was ever here, so nobody heard this; say it again later");
                    }
                    Ok(_) => {}
                    Err(error) => window.note(&format!("nobody heard this: {error}")),
                }
            }
            Pressed::Left => return true,
        }
        false
    }

    fn take_update(&self, window: &mut TerminalWindow, update: Result<ChatUpdate, RecvError>) {
        match update {
            Ok(update) if update.chat_id == self.chat_id => window.update(update.kind, Instant::now()),
            Ok(_) | Err(RecvError::Closed) => {}
            Err(RecvError::Lagged(missed)) => {
                window.note(&format!("{missed} updates came too fast to be shown"));
            }
        }
    }
}

/// Has the terminal show what is drawn at once, so that it does not flicker.
fn at_once(draw: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    execute!(io::stdout(), BeginSynchronizedUpdate)?;
    draw()?;
    execute!(io::stdout(), EndSynchronizedUpdate)
}
