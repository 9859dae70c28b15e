//! `config.yaml`: its values, and the lines they stand on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use saphyr_parser::{Event, Parser};
use serde_yaml::Value;

use crate::problem::Place;
use crate::{Origin, Problem, Problems};

/// The largest file that is read: far beyond any configuration, far below what would hurt.
const MAX_BYTES: u64 = 1024 * 1024;

/// A configuration file. One that is not there is empty.
#[derive(Clone)]
pub struct ConfigFile {
    path: PathBuf,
    root: Value,
    /// The line of each key, counted from 1, by its path.
    lines: HashMap<Vec<String>, usize>,
}

impl ConfigFile {
    /// Reads a file.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, Problems> {
        let path = path.into();
        let fault = |message: String| {
            Problems(vec![Problem { place: Place::File { path: path.clone(), line: None }, message }])
        };
        let bytes = match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > MAX_BYTES => {
                return Err(fault(format!(
                    "the file is larger than {MAX_BYTES} bytes; is it the right one?"
                )));
            }
            Ok(_) => fs::read(&path).map_err(|error| fault(format!("the file cannot be read: {error}")))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(fault(format!("the file cannot be read: {error}"))),
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| fault("the file is not UTF-8; save it as UTF-8".to_owned()))?;
        Self::parse(path, &text)
    }

    /// Reads a file's text.
    pub fn parse(path: impl Into<PathBuf>, text: &str) -> Result<Self, Problems> {
        let path = path.into();
        let root: Value = serde_yaml::from_str(text).map_err(|error| {
            let line = error.location().map(|location| location.line());
            let message =
                format!("the file is not YAML that can be read: {}", without_place(&error.to_string()));
            Problems(vec![Problem { place: Place::File { path: path.clone(), line }, message }])
        })?;
        if !matches!(root, Value::Null | Value::Mapping(_)) {
            let message =
                "the file must hold keys and values, such as `gateway:`, at its top level".to_owned();
            return Err(Problems(vec![Problem { place: Place::File { path, line: Some(1) }, message }]));
        }
        Ok(Self { path, root, lines: key_lines(text) })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The value at a path of keys, null excepted, and where it stands.
    pub(crate) fn get(&self, path: &[&str]) -> Option<(&Value, Origin)> {
        let value = path.iter().try_fold(&self.root, |value, key| value.as_mapping()?.get(*key))?;
        (!value.is_null()).then(|| (value, self.origin(path)))
    }

    fn origin(&self, path: &[&str]) -> Origin {
        let key: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        let line = self.lines.get(&key).copied();
        Origin::Yaml { path: self.path.clone(), line, key: path.join(".") }
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

/// Where we are in the document.
enum Level {
    /// Keys and values; the key whose value comes next.
    Mapping {
        key: Option<String>,
    },
    Sequence,
}

/// The line of every key, by its path. What the marking parser cannot read has no lines, which costs nothing
/// but the line number in a message.
fn key_lines(text: &str) -> HashMap<Vec<String>, usize> {
    let mut lines = HashMap::new();
    let mut levels: Vec<Level> = Vec::new();
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        match event {
            Event::Scalar(text, ..) => match levels.last_mut() {
                Some(Level::Mapping { key: key @ None }) => {
                    *key = Some(text.into_owned());
                    let path = levels.iter().filter_map(|level| match level {
                        Level::Mapping { key } => key.clone(),
                        Level::Sequence => None,
                    });
                    lines.entry(path.collect()).or_insert(span.start.line());
                }
                _ => value_ended(&mut levels),
            },
            Event::Alias(_) => value_ended(&mut levels),
            Event::MappingStart(..) => levels.push(Level::Mapping { key: None }),
            Event::SequenceStart(..) => levels.push(Level::Sequence),
            Event::MappingEnd | Event::SequenceEnd => {
                levels.pop();
                value_ended(&mut levels);
            }
            _ => {}
        }
    }
    lines
}

fn value_ended(levels: &mut [Level]) {
    if let Some(Level::Mapping { key }) = levels.last_mut() {
        *key = None;
    }
}
