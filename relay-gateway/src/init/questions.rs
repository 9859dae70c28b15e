//! Questions on a terminal, or over pipes.

use std::io::{self, BufRead as _, Write as _};

/// The longest answer, in bytes.
const MAX_ANSWER: u64 = 4 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoAnswer {
    /// Nothing is asked, and nothing else says it.
    #[error("{0} is not given, and --yes asks nothing")]
    NotAsked(&'static str),
    /// Standard input is at its end.
    #[error("{0} was not answered: standard input has ended")]
    Ended(&'static str),
    /// Standard input or output cannot be used.
    #[error("the terminal cannot be used: {0}")]
    Io(#[from] io::Error),
}

/// Asks people, unless that was declined.
pub(crate) struct Questions {
    pub(crate) is_silent: bool,
}

/// Says something.
pub(crate) fn say(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}

impl Questions {
    /// Asks for a line; a blank one, and nobody to ask, is the default. `what` names the answer for who misses it.
    pub(crate) fn line(
        &self,
        what: &'static str,
        question: &str,
        default: Option<&str>,
    ) -> Result<String, NoAnswer> {
        if self.is_silent {
            return default.map(str::to_owned).ok_or(NoAnswer::NotAsked(what));
        }
        loop {
            let mut out = io::stdout().lock();
            match default {
                Some(default) => write!(out, "{question} [{default}]: ")?,
                None => write!(out, "{question}: ")?,
            }
            out.flush()?;
            let mut line = String::new();
            let read = io::Read::take(io::stdin().lock(), MAX_ANSWER).read_line(&mut line)?;
            if read == 0 {
                writeln!(out)?;
                return Err(NoAnswer::Ended(what));
            }
            let line = line.trim();
            match (line.is_empty(), default) {
                (false, _) => return Ok(line.to_owned()),
                (true, Some(default)) => return Ok(default.to_owned()),
                (true, None) => {}
            }
        }
    }

    /// Asks yes or no; nobody to ask is no.
    pub(crate) fn agrees(&self, question: &str, default: bool) -> Result<bool, NoAnswer> {
        if self.is_silent {
            return Ok(false);
        }
        loop {
            let answer = self.line("a yes or no", question, Some(if default { "Y/n" } else { "y/N" }))?;
            match answer.to_lowercase().as_str() {
                "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                "y/n" => return Ok(default),
                _ => say("Answer y or n.")?,
            }
        }
    }
}
