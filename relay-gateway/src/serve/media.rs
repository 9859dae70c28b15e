//! The files of agents, uploaded to the connector, which hands them to the chat.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{FileSource, MediaUpload, MediaUploadError, OutputFile};
use relay_net::HttpClient;
use relay_runtime::Clock;
use relay_transport::{ConnectorApi, CredentialSource, LinkConfig, MediaFile};
use url::Url;

/// What a connector takes at the most, in bytes (contract, HTTP routes).
const LARGEST: u64 = 25 << 20;

/// How long an upload may take.
const LIMIT: Duration = Duration::from_mins(2);

/// Uploads to the connector of the link, under the link's own name.
pub(crate) struct ConnectorMedia {
    api: ConnectorApi,
    /// Ends in `/relay/media`.
    url: Url,
    credentials: CredentialSource,
    clock: Clock,
}

impl ConnectorMedia {
    pub(crate) fn new(link: &LinkConfig, url: Url) -> Self {
        let http = HttpClient::new(Arc::clone(link.dialer())).allow_plaintext(link.allows_plaintext());
        let api = ConnectorApi::over(http).with_timeout(LIMIT);
        Self { api, url, credentials: link.credentials().clone(), clock: link.clock().clone() }
    }
}

impl MediaUpload for ConnectorMedia {
    fn upload<'a>(&'a self, file: &'a OutputFile) -> BoxFuture<'a, Result<String, MediaUploadError>> {
        async move {
            let Some(credentials) = self.credentials.current() else {
                return Err(MediaUploadError::new(
                    "the gateway has no credentials to upload with; run `relay-gateway enroll`",
                ));
            };
            let bytes = match &file.source {
                FileSource::Url(url) => return Ok(url.clone()),
                FileSource::Bytes(bytes) if bytes.len() as u64 <= LARGEST => bytes.clone(),
                FileSource::Bytes(_) => return Err(too_large()),
                FileSource::Path(path) => {
                    let path = path.clone();
                    let read = tokio::task::spawn_blocking(move || read(&path)).await;
                    read.map_err(MediaUploadError::caused_by)??
                }
                _ => return Err(MediaUploadError::new("it is of a kind that this gateway does not know")),
            };
            let content_type = file.mime.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
            let file = MediaFile::new(content_type, bytes).with_name(file.name.clone());
            let now = self.clock.now();
            let place = self.api.upload_media(&self.url, &credentials, now, file).await;
            place.map(Into::into).map_err(MediaUploadError::caused_by)
        }
        .boxed()
    }
}

fn too_large() -> MediaUploadError {
    MediaUploadError::new("it is larger than 25 MiB, which is what a connector takes")
}

/// A whole file, and no more of it than may be sent, also where it grows meanwhile.
fn read(path: &Path) -> Result<Vec<u8>, MediaUploadError> {
    let file = std::fs::File::open(path).map_err(MediaUploadError::caused_by)?;
    let metadata = file.metadata().map_err(MediaUploadError::caused_by)?;
    if !metadata.is_file() {
        return Err(MediaUploadError::new("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(MediaUploadError::caused_by)?;
    if bytes.len() as u64 > LARGEST { Err(too_large()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::{LARGEST, read};

    #[test]
    fn a_file_is_read_whole_and_nothing_else_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "hi").expect("written");
        assert_eq!(read(&path).expect("a file"), b"hi");
        let error = read(folder.path()).expect_err("a folder");
        assert!(error.to_string().contains("no file"), "{error}");
        let file = std::fs::File::create(&path).expect("created");
        file.set_len(LARGEST + 1).expect("sparse");
        let error = read(&path).expect_err("too large");
        assert!(error.to_string().contains("larger than 25 MiB"), "{error}");
    }
}
