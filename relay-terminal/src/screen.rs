//! The terminal's screen: text that scrolls by, and an inline viewport below it that is drawn over itself.

use ratatui::backend::{Backend, ClearType};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Widget as _;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};

use crate::anchored::Anchored;

/// Rows that go to the scrollback at once; a buffer has to hold them.
const CHUNK: usize = 500;

/// A viewport of changing height, and everything above it.
pub(crate) struct Screen<B: Backend> {
    terminal: Terminal<Anchored<B>>,
    viewport: Rect,
    /// The columns that each row of the viewport took when it was drawn, and where the cursor was left in it.
    drawn: (Vec<u16>, Position),
}

impl<B: Backend> Screen<B> {
    /// Begins in the cursor's row, or below it where something stands in it already.
    pub(crate) fn new(backend: B) -> Result<Self, B::Error> {
        let mut backend = Anchored::new(backend)?;
        let cursor = backend.get_cursor_position()?;
        if cursor.x > 0 {
            backend.append_lines(1)?;
            let Position { y, .. } = backend.get_cursor_position()?;
            backend.set_cursor_position(Position { x: 0, y })?;
        }
        let (terminal, viewport) = inline(backend, 1)?;
        Ok(Self { terminal, viewport, drawn: (Vec::new(), Position::ORIGIN) })
    }

    /// Columns and rows.
    pub(crate) fn size(&self) -> (u16, u16) {
        // It is what was measured last; the backend is not asked.
        self.terminal.size().map_or((80, 24), |size| (size.width, size.height))
    }

    /// Makes the viewport so high, from its first row on. What was in it is gone.
    pub(crate) fn set_height(&mut self, rows: u16) -> Result<(), B::Error> {
        if rows.clamp(1, self.size().1) == self.viewport.height {
            return Ok(());
        }
        let top = Position { x: 0, y: self.viewport.y };
        self.rebuild(top, rows)
    }

    /// Puts rows above the viewport, from where they scroll by.
    pub(crate) fn print(&mut self, rows: &[Line<'_>]) -> Result<(), B::Error> {
        for chunk in rows.chunks(CHUNK) {
            self.terminal.insert_before(cells(chunk.len()), |buffer| {
                for (row, line) in (buffer.area.y..).zip(chunk) {
                    line.render(Rect { y: row, height: 1, ..buffer.area }, buffer);
                }
            })?;
        }
        self.viewport = self.terminal.get_frame().area();
        Ok(())
    }

    /// Draws the viewport; `draw` says where the cursor stands.
    pub(crate) fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>) -> Position) -> Result<(), B::Error> {
        let mut cursor = Position::ORIGIN;
        let frame = self.terminal.draw(|frame| {
            cursor = draw(frame);
            frame.set_cursor_position(cursor);
        })?;
        let widths = frame.buffer.rows_taken();
        self.drawn = (widths, Position { x: cursor.x, y: cursor.y.saturating_sub(self.viewport.y) });
        Ok(())
    }

    /// Heeds that the terminal was resized: finds the viewport again and takes away what is left of it. One that became
    /// narrower has broken the viewport's rows into several.
    pub(crate) fn resized(&mut self) -> Result<(), B::Error> {
        self.terminal.backend_mut().resized()?;
        let (columns, _) = self.size();
        let (widths, cursor) = &self.drawn;
        let broken = |width: &u16| width.div_ceil(columns).max(1);
        let above: u16 =
            widths.iter().take(usize::from(cursor.y)).map(broken).sum::<u16>() + cursor.x / columns;
        let y = self.terminal.backend_mut().get_cursor_position()?.y.saturating_sub(above);
        let height = self.viewport.height;
        self.rebuild(Position { x: 0, y }, height)
    }

    /// Takes the viewport away; what comes next begins in its first row.
    pub(crate) fn leave(&mut self) -> Result<(), B::Error> {
        let top = Position { x: 0, y: self.viewport.y };
        self.rebuild(top, 1)
    }

    fn rebuild(&mut self, top: Position, rows: u16) -> Result<(), B::Error> {
        let mut backend = self.terminal.backend_mut().take();
        backend.set_cursor_position(top)?;
        backend.clear_region(ClearType::AfterCursor)?;
        let (terminal, viewport) = inline(backend, rows)?;
        (self.terminal, self.viewport, self.drawn) = (terminal, viewport, (Vec::new(), Position::ORIGIN));
        let top = Position { x: 0, y: self.viewport.y };
        self.terminal.set_cursor_position(top)?;
        self.terminal.backend_mut().flush()
    }

    #[cfg(test)]
    pub(crate) fn backend_mut(&mut self) -> &mut B {
        self.terminal.backend_mut().inner_mut()
    }
}

/// A viewport at the backend's cursor.
fn inline<B: Backend>(backend: Anchored<B>, rows: u16) -> Result<(Terminal<Anchored<B>>, Rect), B::Error> {
    let rows = rows.clamp(1, backend.size()?.height);
    let options = TerminalOptions { viewport: Viewport::Inline(rows) };
    let mut terminal = Terminal::with_options(backend, options)?;
    let viewport = terminal.get_frame().area();
    Ok((terminal, viewport))
}

/// How far the rows of a buffer are filled.
trait RowsTaken {
    fn rows_taken(&self) -> Vec<u16>;
}

impl RowsTaken for Buffer {
    fn rows_taken(&self) -> Vec<u16> {
        let taken =
            |row: &[Cell]| row.iter().rposition(|cell| *cell != Cell::EMPTY).map_or(0, |last| last + 1);
        let columns = usize::from(self.area.width).max(1);
        self.content.chunks(columns).map(|row| cells(taken(row))).collect()
    }
}

fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
