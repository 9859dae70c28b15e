//! A backend that knows where its cursor is.

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use unicode_width::UnicodeWidthStr as _;

/// A backend that is asked for its cursor and its size only when the screen begins and when it was resized. Ratatui
/// would ask a terminal whenever it builds an inline viewport; the answer comes by the way that keys come, and who
/// waits for keys at that moment would take it.
///
/// Two things are drawn otherwise than ratatui asks for. The cell behind a wide character, which that covers, is left
/// out: a blank there would move the rest of the row. And the blanks that a row ends with are cleared, not written: blanks that were written are part of the text that a person
/// copies, and make a row that is broken in two when the terminal becomes narrower.
pub(crate) struct Anchored<B> {
    /// None once it was taken out.
    inner: Option<B>,
    cursor: Position,
    size: Size,
}

impl<B: Backend> Anchored<B> {
    /// Asks the backend for its size and its cursor. One that does not say where the cursor is has it moved to the
    /// last row.
    pub(crate) fn new(mut inner: B) -> Result<Self, B::Error> {
        let size = at_least_one(inner.size()?);
        let cursor = if let Ok(cursor) = inner.get_cursor_position() {
            Position { x: cursor.x, y: cursor.y.min(size.height - 1) }
        } else {
            inner.append_lines(size.height)?;
            Position { x: 0, y: size.height - 1 }
        };
        Ok(Self { inner: Some(inner), cursor, size })
    }

    /// Takes the backend out of one that is no longer used.
    pub(crate) fn take(&mut self) -> Self {
        Self { inner: self.inner.take(), cursor: self.cursor, size: self.size }
    }

    /// Asks the backend again: it was resized. One that does not say where its cursor is has it where it was.
    pub(crate) fn resized(&mut self) -> Result<(), B::Error> {
        self.size = at_least_one(self.inner().size()?);
        if let Ok(cursor) = self.inner().get_cursor_position() {
            self.cursor = cursor;
        }
        self.cursor.y = self.cursor.y.min(self.size.height - 1);
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn inner_mut(&mut self) -> &mut B {
        self.inner()
    }

    fn inner(&mut self) -> &mut B {
        self.inner.as_mut().expect("a screen draws on the backend it was rebuilt with")
    }
}

/// A terminal that is not told its size says zero.
fn at_least_one(size: Size) -> Size {
    Size { width: size.width.max(1), height: size.height.max(1) }
}

impl<B: Backend> Backend for Anchored<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), B::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let last = self.size.width - 1;
        let mut cells: Vec<(u16, u16, &Cell)> = Vec::new();
        for (x, y, cell) in content {
            let hidden = cells.last().is_some_and(|&(before, row, wide)| {
                row == y && x > before && usize::from(x - before) < wide.symbol().width()
            });
            if !hidden {
                cells.push((x, y, cell));
            }
        }
        // From the end of each row: blanks that reach its last column.
        let (mut kept, mut ends, mut run) = (Vec::with_capacity(cells.len()), Vec::new(), None::<Position>);
        for (x, y, cell) in cells.into_iter().rev() {
            let extends = run.is_some_and(|run| run.y == y && run.x == x + 1);
            if *cell == Cell::EMPTY && (extends || x == last) {
                if !extends {
                    ends.extend(run.take());
                }
                run = Some(Position { x, y });
            } else {
                kept.push((x, y, cell));
            }
        }
        ends.extend(run);
        self.inner().draw(kept.into_iter().rev())?;
        for end in ends {
            self.inner().set_cursor_position(end)?;
            self.inner().clear_region(ClearType::UntilNewLine)?;
        }
        Ok(())
    }

    fn append_lines(&mut self, n: u16) -> Result<(), B::Error> {
        self.inner().append_lines(n)?;
        self.cursor.y = self.cursor.y.saturating_add(n).min(self.size.height - 1);
        Ok(())
    }

    fn hide_cursor(&mut self) -> Result<(), B::Error> {
        self.inner().hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), B::Error> {
        self.inner().show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, B::Error> {
        Ok(self.cursor)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), B::Error> {
        self.cursor = position.into();
        let cursor = self.cursor;
        self.inner().set_cursor_position(cursor)
    }

    fn clear(&mut self) -> Result<(), B::Error> {
        self.inner().clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), B::Error> {
        self.inner().clear_region(clear_type)
    }

    fn size(&self) -> Result<Size, B::Error> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> Result<WindowSize, B::Error> {
        self.inner().window_size()
    }

    fn flush(&mut self) -> Result<(), B::Error> {
        self.inner().flush()
    }
}
