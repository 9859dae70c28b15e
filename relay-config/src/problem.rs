//! What is wrong with a configuration.

use std::fmt;

use crate::Origin;

/// One thing to mend: where it is, what is wrong, and what to write instead. It never repeats a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Problem {
    /// Something wrong here; the message says what, and what to do.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }
}

/// The place of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// A value.
    Value(Origin),
    /// A file as a whole, or a line of it.
    File {
        /// The file.
        path: std::path::PathBuf,
        /// The line, counted from 1, where it is known.
        line: Option<usize>,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Value(origin) => write!(f, "{origin}: {}", self.message),
            Place::File { path, line: Some(line) } => {
                write!(f, "{}:{line}: {}", path.display(), self.message)
            }
            Place::File { path, line: None } => write!(f, "{}: {}", path.display(), self.message),
        }
    }
}

/// Everything that is wrong, reported together so that it can be mended in one go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    pub(crate) fn value(&mut self, origin: &Origin, message: impl Into<String>) {
        self.0.push(Problem { place: Place::Value(origin.clone()), message: message.into() });
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
