//! A local chat in a real terminal.

mod layout;
mod line_editor;
mod notes;
mod screen;
mod typing;
mod view;

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::time::Instant;

use crossterm::event::{Event, EventStream};
use futures_util::StreamExt as _;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::time::sleep_until;

use self::line_editor::Pressed;
pub use self::notes::Notes;
use self::notes::NotesEnd;
use self::screen::{RawMode, Screen};
use self::view::View;
use super::LocalFront;
use super::update::ChatUpdate;
use crate::Delivery;

/// Notes, and updates, that one drawing may cover: a flood must not keep the screen from being drawn.
const BURST: usize = 256;

/// One chat of a [`LocalFront`] on the terminal of this process: what was said scrolls by, what is being said
/// grows at the bottom, and below it is a line to type in.
///
/// Enter sends, also commands such as `/stop`. Ctrl-D on an empty line leaves; Ctrl-C clears the line, and
/// leaves when it is empty.
pub struct Terminal {
    front: Arc<LocalFront>,
    chat_id: String,
    updates: broadcast::Receiver<ChatUpdate>,
    notes: NotesEnd,
    view: View,
}

impl Terminal {
    /// A terminal for this chat, which is opened, and a way to print above it. Nothing is shown before
    /// [`run`](Self::run); what agents and notes say until then is kept for it.
    pub fn new(front: Arc<LocalFront>, chat_id: impl Into<String>) -> (Self, Notes) {
        let chat_id = chat_id.into();
        front.open(&chat_id);
        let (printer, notes) = notes::notes();
        let updates = front.updates();
        (Self { front, chat_id, updates, notes, view: View::default() }, printer)
    }

    /// Whether this process can run one: both stdin and stdout are terminals.
    pub fn is_available() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Runs until the person leaves or the terminal is gone. The terminal is restored when the future ends, is
    /// dropped, or panics.
    pub async fn run(mut self) -> io::Result<()> {
        let raw = RawMode::enter()?;
        let mut events = EventStream::new();
        let mut screen = Screen::new(io::stdout());
        let ended = loop {
            self.draw(&mut screen)?;
            let typing_ends = self.view.typing.ends_at(Instant::now());
            tokio::select! {
                event = events.next() => match event {
                    Some(Ok(event)) => if self.take_event(event).await { break Ok(()) },
                    Some(Err(error)) => break Err(error),
                    None => break Ok(()),
                },
                update = self.updates.recv() => self.take_update(update),
                note = self.notes.next() => self.view.note(&note),
                () = sleep_until(typing_ends.unwrap_or_else(Instant::now).into()), if typing_ends.is_some() => {}
            }
            // Whatever waits already is shown with it, so that a burst costs one drawing. Not so keys: a poll
            // of the event stream outside of the wait above would take the wake-up away from it.
            for _ in 0..BURST {
                let Some(note) = self.notes.waiting() else { break };
                self.view.note(&note);
            }
            for _ in 0..BURST {
                match self.updates.try_recv() {
                    Ok(update) => self.take_update(Ok(update)),
                    Err(TryRecvError::Lagged(missed)) => self.take_update(Err(RecvError::Lagged(missed))),
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
        };
        self.leave(&mut screen)?;
        raw.end();
        ended
    }

    /// Takes a key; whether the person leaves.
    async fn take_event(&mut self, event: Event) -> bool {
        let Event::Key(key) = event else { return false };
        match self.view.editor.press(key) {
            Pressed::Edited => {}
            Pressed::Submitted(text) => {
                self.view.say(&text);
                match self.front.say(&self.chat_id, &text).await.map(|said| said.delivery) {
                    Ok(Delivery::Delivered(_)) => {}
                    Ok(Delivery::Buffered(_)) => {
                        self.view.note("no gateway is connected; this waits until one is");
                    }
                    Ok(Delivery::Unwanted) => {
                        self.view.note("no gateway was ever here, so nobody heard this; say it again later");
                    }
                    Err(error) => self.view.note(&format!("nobody heard this: {error}")),
                }
            }
            Pressed::Left => return true,
        }
        false
    }

    fn take_update(&mut self, update: Result<ChatUpdate, RecvError>) {
        match update {
            Ok(update) if update.chat_id == self.chat_id => self.view.update(update.kind, Instant::now()),
            Ok(_) | Err(RecvError::Closed) => {}
            Err(RecvError::Lagged(missed)) => {
                self.view.note(&format!("{missed} updates came too fast to be shown"));
            }
        }
    }

    fn draw(&mut self, screen: &mut Screen<io::Stdout>) -> io::Result<()> {
        let (columns, rows) = Screen::<io::Stdout>::size();
        let scrollback = self.view.take_scrollback();
        let region = self.view.region(columns, rows, Instant::now());
        screen.draw(&scrollback, &region, columns)
    }

    fn leave(&mut self, screen: &mut Screen<io::Stdout>) -> io::Result<()> {
        self.view.finish_replies();
        let (columns, _) = Screen::<io::Stdout>::size();
        screen.leave(&self.view.take_scrollback(), columns)
    }
}
