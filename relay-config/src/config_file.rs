//! `config.yaml`: its values, and the lines they stand on.

use std::fmt;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

use crate::file_text::file_text;
use crate::outline::Outline;
use crate::problem::Place;
use crate::{Block, Origin, Problem, Problems};

/// A configuration file. One that is not there is empty.
#[derive(Clone)]
pub struct ConfigFile {
    path: PathBuf,
    root: Value,
    outline: Outline,
}

impl ConfigFile {
    /// Reads a file.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, Problems> {
        let path = path.into();
        let text = file_text(&path)?;
        Self::parse(path, &text)
    }

    /// Reads a file's text.
    pub fn parse(path: impl Into<PathBuf>, text: &str) -> Result<Self, Problems> {
        let path = path.into();
        let fault = |line, message| {
            Problems(vec![Problem { place: Place::File { path: path.clone(), line }, message }])
        };
        // First, since it holds the value parser's work to what a configuration can need.
        let outline = Outline::read(text).map_err(|none| fault(Some(none.line), none.message))?;
        let root: Value = serde_yaml::from_str(text).map_err(|error| {
            let line = error.location().map(|location| location.line());
            let told = error.to_string();
            let remedy = if told.contains("duplicate entry") { "; remove one of the two" } else { "" };
            fault(line, format!("the file is not YAML that can be read: {}{remedy}", without_place(&told)))
        })?;
        if !matches!(root, Value::Null | Value::Mapping(_)) {
            let message = "the file must hold keys and values, such as `gateway:`, at its top level";
            return Err(fault(Some(1), message.to_owned()));
        }
        Ok(Self { path, root, outline })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The whole file as a block.
    pub fn root(&self) -> Block {
        Block::whole(self)
    }

    /// The value at a path of keys, null excepted, and where it stands. `[0]` is the first of a list.
    pub(crate) fn get(&self, path: &[&str]) -> Option<(&Value, Origin)> {
        let value = path.iter().try_fold(&self.root, |value, key| below(value, key))?;
        (!value.is_null()).then(|| (value, self.origin(path)))
    }

    pub(crate) fn origin(&self, path: &[&str]) -> Origin {
        Origin::Yaml {
            path: self.path.clone(),
            line: self.outline.line(path).filter(|line| *line > 0),
            key: path.join(".").replace(".[", "["),
        }
    }
}

impl fmt::Debug for ConfigFile {
    /// Which file it is; its values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// A parser's message without its own copy of the position.
fn without_place(message: &str) -> &str {
    message.find(" at line ").map_or(message, |end| &message[..end])
}

/// The value of a key: its own, else one that is merged in (`<<: *defaults`, or a list of those).
fn below<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    if let Value::Sequence(items) = value {
        let place = key.strip_prefix('[')?.strip_suffix(']')?;
        return items.get(place.parse::<usize>().ok()?);
    }
    let mapping = value.as_mapping()?;
    mapping.get(key).or_else(|| match mapping.get("<<")? {
        Value::Sequence(merged) => merged.iter().find_map(|merged| below(merged, key)),
        merged => below(merged, key),
    })
}
