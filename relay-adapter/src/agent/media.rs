//! The media port: puts a file where the chat's connector can fetch it.

use std::error::Error;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::OutputFile;

/// Uploads the files of agents.
pub trait MediaUpload: Send + Sync + 'static {
    /// The address from which the connector fetches the file. Never called for a file that has one already.
    fn upload<'a>(&'a self, file: &'a OutputFile) -> BoxFuture<'a, Result<String, MediaUploadError>>;
}

/// Why a file is not sent.
#[derive(Clone, Debug, thiserror::Error)]
#[error("a file could not be uploaded: {detail}")]
pub struct MediaUploadError {
    detail: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl MediaUploadError {
    /// A failure that this says all of.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), source: None }
    }

    /// A failure that another error caused; that one is its [`source`](Error::source).
    pub fn caused_by(source: impl Error + Send + Sync + 'static) -> Self {
        Self { detail: source.to_string(), source: Some(Arc::new(source)) }
    }
}
