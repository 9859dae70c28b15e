//! The real terminal: raw mode for as long as a guard lives, and a live region that is drawn over itself.

use std::io::{self, Write};

use crossterm::cursor::{Hide, MoveToColumn, MoveUp, Show};
use crossterm::style::{Attribute, Color, Print, ResetColor, SetAttribute, SetForegroundColor};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, disable_raw_mode, enable_raw_mode,
};
use crossterm::{queue, terminal};

use super::layout::width;
use super::view::{Region, Row, Tone};

/// Raw mode; the terminal is as before once this is dropped, however that comes about.
pub(super) struct RawMode {
    /// The live region was taken away; otherwise what comes next begins below it.
    tidy: bool,
}

impl RawMode {
    pub(super) fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        Ok(Self { tidy: false })
    }

    /// Ends it after the live region was taken away.
    pub(super) fn end(mut self) {
        self.tidy = true;
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // There is nobody left to tell; the terminal is most likely gone.
        let _ = disable_raw_mode();
        let rest = if self.tidy { "" } else { "\n" };
        let _ = crossterm::execute!(io::stdout(), EndSynchronizedUpdate, ResetColor, Show, Print(rest));
    }
}

/// Draws onto a writer that is a terminal.
pub(super) struct Screen<W> {
    out: W,
    /// The widths of the live region's rows as they were drawn, and the row that the cursor was left in.
    drawn: (Vec<usize>, usize),
}

impl<W: Write> Screen<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, drawn: (Vec::new(), 0) }
    }

    /// Columns and rows for a live region. The last column stays free: what a terminal does behind it differs.
    pub(super) fn size() -> (usize, usize) {
        let (columns, rows) = terminal::size().unwrap_or((80, 24));
        (usize::from(columns.max(2)) - 1, usize::from(rows))
    }

    /// Adds rows to the scrollback and draws the live region anew below them.
    pub(super) fn draw(&mut self, scrollback: &[Row], region: &Region, columns: usize) -> io::Result<()> {
        queue!(self.out, BeginSynchronizedUpdate, Hide)?;
        self.erase(columns)?;
        for row in scrollback {
            self.print(row)?;
            queue!(self.out, Print("\r\n"))?;
        }
        for (at, row) in region.rows.iter().enumerate() {
            if at > 0 {
                queue!(self.out, Print("\r\n"))?;
            }
            self.print(row)?;
        }
        let (row, column) = region.cursor;
        up(&mut self.out, region.rows.len().saturating_sub(row + 1))?;
        queue!(self.out, MoveToColumn(cells(column)), Show, EndSynchronizedUpdate)?;
        self.drawn = (region.rows.iter().map(|row| width(&row.text)).collect(), row);
        self.out.flush()
    }

    /// Adds rows to the scrollback and takes the live region away.
    pub(super) fn leave(&mut self, scrollback: &[Row], columns: usize) -> io::Result<()> {
        let region = Region { rows: Vec::new(), cursor: (0, 0) };
        self.draw(scrollback, &region, columns)
    }

    /// Goes to the top of what was drawn and clears from there. A terminal that was made narrower since then
    /// has broken its rows into several.
    fn erase(&mut self, columns: usize) -> io::Result<()> {
        let (widths, cursor) = &self.drawn;
        let rows = |row: &usize| row.div_ceil(columns + 1).max(1);
        let above = widths.iter().take(*cursor).map(rows).sum();
        queue!(self.out, MoveToColumn(0))?;
        up(&mut self.out, above)?;
        queue!(self.out, Clear(ClearType::FromCursorDown))
    }

    fn print(&mut self, row: &Row) -> io::Result<()> {
        match row.tone {
            Tone::You => queue!(self.out, SetForegroundColor(Color::Green))?,
            Tone::Agent => queue!(self.out, SetForegroundColor(Color::Cyan))?,
            Tone::Note => queue!(self.out, SetAttribute(Attribute::Dim))?,
            Tone::Input => {}
        }
        queue!(self.out, Print(&row.text))?;
        if row.tone != Tone::Input {
            queue!(self.out, SetAttribute(Attribute::Reset), ResetColor)?;
        }
        Ok(())
    }
}

fn up(out: &mut impl Write, rows: usize) -> io::Result<()> {
    // An argument of zero moves by one.
    if rows > 0 { queue!(out, MoveUp(cells(rows))) } else { Ok(()) }
}

fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Region, Row, Screen, Tone};

    fn row(text: &str) -> Row {
        Row { text: text.to_owned(), tone: Tone::Input }
    }

    /// What is written, without the marks around it that keep the screen from flickering.
    fn drawn(screen: &mut Screen<Vec<u8>>) -> String {
        let written = String::from_utf8(std::mem::take(&mut screen.out)).unwrap();
        ["\u{1b}[?2026h", "\u{1b}[?2026l", "\u{1b}[?25l", "\u{1b}[?25h"]
            .iter()
            .fold(written, |text, mark| text.replace(mark, ""))
    }

    #[test]
    fn a_region_is_drawn_over_the_one_before_it() {
        let mut screen = Screen::new(Vec::new());
        let region = Region { rows: vec![row("agent: a"), row("> b")], cursor: (1, 3) };
        screen.draw(&[row("old")], &region, 79).unwrap();
        assert_eq!(drawn(&mut screen), "\u{1b}[1G\u{1b}[Jold\r\nagent: a\r\n> b\u{1b}[4G");
        screen.draw(&[], &region, 79).unwrap();
        assert_eq!(drawn(&mut screen), "\u{1b}[1G\u{1b}[1A\u{1b}[Jagent: a\r\n> b\u{1b}[4G");
        screen.leave(&[row("agent: a")], 79).unwrap();
        assert_eq!(drawn(&mut screen), "\u{1b}[1G\u{1b}[1A\u{1b}[Jagent: a\r\n\u{1b}[1G");
    }

    #[test]
    fn rows_that_a_narrower_terminal_has_broken_are_counted_as_it_broke_them() {
        let mut screen = Screen::new(Vec::new());
        let region = Region { rows: vec![row(&"x".repeat(25)), row("> ")], cursor: (1, 2) };
        screen.draw(&[], &region, 79).unwrap();
        drawn(&mut screen);
        screen.leave(&[], 9).unwrap();
        assert!(drawn(&mut screen).starts_with("\u{1b}[1G\u{1b}[3A\u{1b}[J"));
    }
}
