//! A file that an agent sends.

use std::path::PathBuf;

use relay_wire::MediaKind;

/// A file for the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputFile {
    /// Where it is.
    pub source: FileSource,
    /// Its name for people.
    pub name: Option<String>,
    /// The media type, such as `image/png`.
    pub mime: Option<String>,
    /// What is said with it; may be empty.
    pub caption: String,
    /// How it is shown.
    pub media_kind: MediaKind,
}

impl OutputFile {
    /// A file that is shown as this kind.
    pub fn new(source: FileSource, media_kind: MediaKind) -> Self {
        Self { source, name: None, mime: None, caption: String::new(), media_kind }
    }
}

/// Where a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileSource {
    /// On this machine.
    Path(PathBuf),
    /// In memory.
    Bytes(Vec<u8>),
    /// Where anybody can fetch it.
    Url(String),
}
