//! What the person sees: the conversation scrolling by, replies in progress, typing, and the message being typed.

use std::time::Instant;

use crossterm::event::KeyEvent;
use ratatui::backend::Backend;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget as _;
use relay_connector::ChatUpdateKind;

use crate::conversation::{Conversation, Message};
use crate::draft::{Draft, Pressed};
use crate::palette::{Palette, Tone};
use crate::screen::Screen;
use crate::typing::TypingIndicator;

const TYPING: &str = "typing…";

/// The chat on a screen.
pub(crate) struct Window<B: Backend> {
    screen: Screen<B>,
    palette: Palette,
    conversation: Conversation,
    draft: Draft,
    pub(crate) typing: TypingIndicator,
}

impl<B: Backend> Window<B> {
    pub(crate) fn new(backend: B, palette: Palette) -> Result<Self, B::Error> {
        Ok(Self {
            screen: Screen::new(backend)?,
            palette,
            conversation: Conversation::default(),
            draft: Draft::default(),
            typing: TypingIndicator::default(),
        })
    }

    /// Takes a key. What it sends is shown as said.
    pub(crate) fn press(&mut self, key: KeyEvent) -> Pressed {
        let pressed = self.draft.press(key);
        if let Pressed::Submitted(text) = &pressed {
            self.conversation.say(text);
        }
        pressed
    }

    /// Takes a paste, as part of the message being typed.
    pub(crate) fn paste(&mut self, text: &str) {
        if !self.draft.paste(text) {
            self.note("the paste is too long for a message and was left out; put it in a file");
        }
    }

    /// Takes what an agent did.
    pub(crate) fn update(&mut self, kind: ChatUpdateKind, now: Instant) {
        match kind {
            ChatUpdateKind::Typing(true) => self.typing.show(now),
            ChatUpdateKind::Typing(false) | ChatUpdateKind::Posted { .. } => self.typing.clear(),
            _ => {}
        }
        self.conversation.update(kind);
    }

    /// Takes a remark.
    pub(crate) fn note(&mut self, text: &str) {
        self.conversation.note(text);
    }

    /// Heeds that the terminal was resized.
    pub(crate) fn resized(&mut self) -> Result<(), B::Error> {
        self.screen.resized()
    }

    /// Draws what there is to see now. Of what does not fit, the end is shown.
    pub(crate) fn draw(&mut self, now: Instant) -> Result<(), B::Error> {
        let (columns, rows) = self.screen.size();
        let mut above: Vec<Line<'static>> =
            self.conversation.live().flat_map(|message| self.lines(&message, columns)).collect();
        if self.typing.is_shown(now) {
            above.push(Span::styled(TYPING, self.palette.style(Tone::Note)).into());
        }
        // Half of the screen at most is for the message being typed.
        let typed = self.draft.rows(columns).min((rows / 2).max(1));
        let room = usize::from(rows - typed);
        above.drain(..above.len().saturating_sub(room));
        let height = cells(above.len()) + typed;
        self.screen.set_height(height)?;
        self.print_finished(columns)?;
        let draft = &self.draft;
        self.screen.draw(|frame| {
            let area = frame.area();
            for (row, line) in (area.y..area.bottom()).zip(&above) {
                line.render(Rect { y: row, height: 1, ..area }, frame.buffer_mut());
            }
            let y = area.y + cells(above.len());
            draft.draw(Rect { y, height: typed, ..area }, frame.buffer_mut())
        })
    }

    /// Makes everything final and leaves it on the screen, without the message being typed.
    pub(crate) fn leave(&mut self) -> Result<(), B::Error> {
        self.conversation.finish_replies();
        self.screen.set_height(1)?;
        self.print_finished(self.screen.size().0)?;
        self.screen.leave()
    }

    fn print_finished(&mut self, columns: u16) -> Result<(), B::Error> {
        let finished = self.conversation.take_finished();
        let rows: Vec<_> = finished.iter().flat_map(|message| self.lines(message, columns)).collect();
        self.screen.print(&rows)
    }

    fn lines(&self, message: &Message, columns: u16) -> Vec<Line<'static>> {
        let style = self.palette.style(message.tone);
        // Spans: a style of the line would be one of the blanks behind it, too.
        message.rows(columns).into_iter().map(|row| Span::styled(row, style).into()).collect()
    }

    #[cfg(test)]
    fn backend_mut(&mut self) -> &mut B {
        self.screen.backend_mut()
    }
}

fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
