//! A file to upload.

use std::fmt;

/// A file to upload, in memory.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaFile {
    /// Its media type, such as `image/png`.
    pub content_type: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for MediaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaFile")
            .field("content_type", &self.content_type)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
