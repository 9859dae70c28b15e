//! A file to upload.

use std::fmt;

/// A file to upload, in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaFile {
    pub(super) content_type: String,
    pub(super) name: Option<String>,
    pub(super) bytes: Vec<u8>,
}

impl MediaFile {
    /// A file of this media type, such as `image/png`, without a name.
    pub fn new(content_type: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { content_type: content_type.into(), name: None, bytes }
    }

    /// The same, with a name or without one.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<Option<String>>) -> Self {
        self.name = name.into();
        self
    }
}

impl fmt::Debug for MediaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaFile")
            .field("content_type", &self.content_type)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
