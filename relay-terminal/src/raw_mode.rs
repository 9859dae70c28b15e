//! The terminal in the state that a chat needs, for as long as a guard lives.

use std::io;

use crossterm::cursor::Show;
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::style::{Print, ResetColor};
use crossterm::terminal::{EndSynchronizedUpdate, disable_raw_mode, enable_raw_mode};

/// Raw mode, with pastes told from typing; the terminal is as before once this is dropped, however that comes about.
pub(crate) struct RawMode {
    /// What was drawn was taken away; otherwise what comes next begins below it.
    tidy: bool,
}

impl RawMode {
    pub(crate) fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        let raw = Self { tidy: false };
        execute!(io::stdout(), EnableBracketedPaste)?;
        Ok(raw)
    }

    /// Ends it after everything that was drawn was taken away.
    pub(crate) fn end(mut self) {
        self.tidy = true;
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // There is nobody left to tell; the terminal is most likely gone.
        let rest = if self.tidy { "" } else { "\r\n" };
        let _ = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            ResetColor,
            Show,
            Print(rest)
        );
        let _ = disable_raw_mode();
    }
}
