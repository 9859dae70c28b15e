//! Where a value came from.

use std::fmt;
use std::path::PathBuf;

/// The place of a setting's value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
    },
    /// A line of `.env`.
    DotEnv {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The variable.
        name: String,
    },
    /// A key of config.yaml.
    Yaml {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1, where it is known.
        line: Option<usize>,
        /// The key, its parts joined by dots.
        key: String,
    },
    /// Nowhere: the built-in value.
    #[default]
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment { name } => write!(f, "environment ({name})"),
            Self::DotEnv { path, line, name } => write!(f, "{}:{line} ({name})", path.display()),
            Self::Yaml { path, line: None, key } if key.is_empty() => path.display().fmt(f),
            Self::Yaml { path, line: Some(line), key } => write!(f, "{}:{line} ({key})", path.display()),
            Self::Yaml { path, line: None, key } => write!(f, "{} ({key})", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value, and where it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub origin: Origin,
}

impl<T> Setting<T> {
    /// A value from this place.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    pub(crate) fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: change(self.value), origin: self.origin }
    }
}
