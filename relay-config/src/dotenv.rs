//! `.env`: read, and rewritten in place.

use std::io;
use std::path::{Path, PathBuf};

use crate::file_text::file_text;
use crate::problem::Place;
use crate::{PrivateFile, Problem, Problems};

/// A `.env` file: its lines as they stand, and the variables that they set.
#[derive(Clone)]
pub struct DotEnv {
    path: PathBuf,
    lines: Vec<Line>,
}

#[derive(Clone)]
struct Line {
    /// The line as it stands, its ending included.
    text: String,
    assignment: Option<Assignment>,
}

#[derive(Clone)]
struct Assignment {
    name: String,
    value: String,
}

/// Why a value cannot be written into `.env`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// Not a variable's name.
    #[error("`{0}` is no name of a variable; use letters, digits and _, not beginning with a digit")]
    Name(String),
    /// Something that a line cannot hold.
    #[error("the value of {0} holds a NUL, which no variable can; check where it came from")]
    Value(String),
}

impl DotEnv {
    /// Reads a file; one that is not there is empty.
    pub fn load(path: impl Into<PathBuf>) -> Result<(Self, Problems), Problems> {
        let path = path.into();
        let text = file_text(&path)?;
        Ok(Self::parse(path, &text))
    }

    /// Reads a file's text. Lines that set nothing and are no comment are named in the problems and kept.
    pub fn parse(path: impl Into<PathBuf>, text: &str) -> (Self, Problems) {
        let path = path.into();
        let mut problems = Problems::default();
        let mut lines = Vec::new();
        for (index, text) in text.split_inclusive('\n').enumerate() {
            // Some editors begin a file with a byte order mark.
            let content = text.trim_start_matches('\u{feff}').trim();
            let assignment =
                if content.is_empty() || content.starts_with('#') { None } else { assignment(content) };
            if assignment.is_none() && !content.is_empty() && !content.starts_with('#') {
                let message = "the line sets no variable and is no comment; write NAME=VALUE".to_owned();
                problems.0.push(Problem {
                    place: Place::File { path: path.clone(), line: Some(index + 1) },
                    message,
                });
            }
            lines.push(Line { text: text.to_owned(), assignment });
        }
        (Self { path, lines }, problems)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A variable's value and its line, counted from 1. Of several the last one counts.
    pub fn get(&self, name: &str) -> Option<(&str, usize)> {
        self.lines.iter().enumerate().rev().find_map(|(index, line)| {
            let assignment = line.assignment.as_ref().filter(|assignment| assignment.name == name)?;
            Some((assignment.value.as_str(), index + 1))
        })
    }

    /// Sets a variable: in its place where it stands, else at the end. Everything else stays byte for byte.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SetError> {
        if !is_name(name) {
            return Err(SetError::Name(name.to_owned()));
        }
        if value.contains('\0') {
            return Err(SetError::Value(name.to_owned()));
        }
        let line = Line {
            text: format!("{name}={}\n", quoted(value)),
            assignment: Some(Assignment { name: name.to_owned(), value: value.to_owned() }),
        };
        let is_ours =
            |line: &Line| line.assignment.as_ref().is_some_and(|assignment| assignment.name == name);
        if let Some(at) = self.lines.iter().rposition(is_ours) {
            self.lines[at] = line;
            // The earlier ones never counted, and one of them may be a secret that is out of use.
            let mut index = 0;
            self.lines.retain(|line| {
                index += 1;
                index > at || !is_ours(line)
            });
        } else {
            if let Some(last) = self.lines.last_mut()
                && !last.text.ends_with('\n')
            {
                last.text.push('\n');
            }
            self.lines.push(line);
        }
        Ok(())
    }

    /// The file's text.
    pub fn text(&self) -> String {
        self.lines.iter().map(|line| line.text.as_str()).collect()
    }

    /// Writes the file: a new one beside it, mode 0600, flushed to the disk and then put in its place. Whatever
    /// fails, the old file stays whole. A link is written through.
    pub fn write(&self) -> io::Result<()> {
        PrivateFile::beside(&self.path)?.put(self.text().as_bytes())
    }
}

impl std::fmt::Debug for DotEnv {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.lines.iter().filter_map(|line| Some(&line.assignment.as_ref()?.name));
        f.debug_struct("DotEnv").field("path", &self.path).field("names", &names.collect::<Vec<_>>()).finish()
    }
}

fn is_name(name: &str) -> bool {
    !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn assignment(line: &str) -> Option<Assignment> {
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    is_name(name)
        .then(|| value_of(value.trim_start()))
        .flatten()
        .map(|value| Assignment { name: name.to_owned(), value })
}

/// The value after the `=`: bare up to a comment, literal in single quotes, with escapes in double ones.
fn value_of(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('\'') {
        let (value, after) = rest.split_once('\'')?;
        return ends(after).then(|| value.to_owned());
    }
    let Some(rest) = text.strip_prefix('"') else {
        let bare = text.find(" #").map_or(text, |at| &text[..at]);
        return Some(bare.trim_end().to_owned());
    };
    let mut value = String::new();
    let mut chars = rest.chars();
    loop {
        match chars.next()? {
            '"' => return ends(chars.as_str()).then_some(value),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                other @ ('"' | '\\' | '$' | '`') => value.push(other),
                other => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
}

/// Whether nothing but a comment follows a closing quote.
fn ends(after: &str) -> bool {
    let after = after.trim_start();
    after.is_empty() || after.starts_with('#')
}

/// A value as it is written: bare where it holds nothing special, else in double quotes.
fn quoted(value: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.:/@,+=%".contains(&byte);
    if value.bytes().all(is_plain) {
        return value.to_owned();
    }
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '"' | '\\' | '$' | '`' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
