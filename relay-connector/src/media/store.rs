//! Files as fronts put and take them, without a way over HTTP.

use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _};
use tokio_util::io::ReaderStream;

use super::files::{Kept, MediaError, MediaFiles};
use super::name::{content_type, file_name};
use crate::Tenant;

/// Bytes that are read from a file at once.
const PIECE: usize = 64 * 1024;

/// What the path of every file ends with before its id.
const PATH: &str = "/relay/media/";

/// The files of the connector: what a front brings for gateways, and what gateways uploaded for its chats. Each is kept
/// for about an hour, and is there for its own tenant alone.
#[derive(Clone)]
pub struct MediaStore {
    files: Arc<MediaFiles>,
    /// Where gateways reach the connector, base path included.
    base: Arc<str>,
}

/// A file that was just put.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredMedia {
    /// Where the tenant's gateways fetch it: what goes into `media_urls`.
    pub url: String,
    /// Its size, in bytes.
    pub size: u64,
    /// Its media type, made harmless.
    pub content_type: String,
    /// Its name, made harmless; `None` where it had none.
    pub name: Option<String>,
}

/// A file to be read.
#[non_exhaustive]
pub struct OpenedMedia {
    /// Its size, in bytes.
    pub size: u64,
    /// Its media type.
    pub content_type: String,
    /// Its name.
    pub name: Option<String>,
    /// What is in it.
    pub bytes: BoxStream<'static, io::Result<Bytes>>,
}

impl MediaStore {
    pub(crate) fn new(files: Arc<MediaFiles>, base: &str) -> Self {
        Self { files, base: base.into() }
    }

    /// Keeps a file for a tenant. It is there once this answers; nothing is left of one that breaks off.
    ///
    /// # Errors
    /// It is too large, the tenant's room is full, its bytes could not be read or written.
    pub async fn put(
        &self,
        tenant: &Tenant,
        name: Option<&str>,
        kind: Option<&str>,
        bytes: impl Stream<Item = io::Result<Bytes>> + Send,
    ) -> Result<StoredMedia, MediaError> {
        let name = name.and_then(|name| file_name(name.as_bytes()));
        let content_type = content_type(kind.map(str::as_bytes));
        let mut upload = self.files.begin(tenant).await?;
        let mut bytes = pin!(bytes);
        while let Some(piece) = bytes.next().await {
            upload.write(&piece?).await?;
        }
        let (id, size) = upload.finish(name.clone(), content_type.clone()).await?;
        Ok(StoredMedia { url: format!("{}{PATH}{id}", self.base), size, content_type, name })
    }

    /// Opens a file of this tenant by its URL; `None` where it is none of this connector's, another tenant's, or
    /// expired.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn open(&self, tenant: &Tenant, url: &str) -> Result<Option<OpenedMedia>, MediaError> {
        let Some((_, id)) = url.rsplit_once(PATH) else { return Ok(None) };
        let found = self.files.open(tenant, id).await?;
        Ok(found.map(|(Kept { size, content_type, name, .. }, file)| OpenedMedia {
            size,
            content_type,
            name,
            bytes: ReaderStream::with_capacity(file, PIECE).boxed(),
        }))
    }
}

impl fmt::Debug for MediaStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MediaStore").field("base", &self.base).finish_non_exhaustive()
    }
}

impl fmt::Debug for OpenedMedia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedMedia")
            .field("name", &self.name)
            .field("content_type", &self.content_type)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use bytes::Bytes;
    use futures_util::{TryStreamExt as _, stream};
    use relay_runtime::Random;

    use super::super::files::{MediaError, MediaFiles};
    use super::MediaStore;
    use crate::{Limits, Tenant};

    fn store(limits: Limits) -> MediaStore {
        MediaStore::new(MediaFiles::new(None, Random::system(), limits), "https://relay.example/base")
    }

    fn bytes(pieces: &[&'static str]) -> impl futures_util::Stream<Item = io::Result<Bytes>> + Send + use<> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from(*piece))).collect();
        stream::iter(pieces)
    }

    #[tokio::test]
    async fn a_file_goes_in_and_out_for_its_tenant_and_for_nobody_else() {
        let (store, ours) = (store(Limits::default()), Tenant::default());
        let put =
            store.put(&ours, Some("../a.txt"), Some("Text/Plain; x=1"), bytes(&["hel", "lo"])).await.unwrap();
        assert!(put.url.starts_with("https://relay.example/base/relay/media/"), "{put:?}");
        assert_eq!(
            (put.size, put.content_type.as_str(), put.name.as_deref()),
            (5, "text/plain", Some("a.txt"))
        );
        let opened = store.open(&ours, &put.url).await.unwrap().unwrap();
        assert_eq!((opened.size, opened.name.as_deref()), (5, Some("a.txt")));
        let read: Vec<Bytes> = opened.bytes.try_collect().await.unwrap();
        assert_eq!(read.concat(), b"hello");
        assert!(store.open(&Tenant::new("other").unwrap(), &put.url).await.unwrap().is_none());
        for elsewhere in ["", "https://x.example/a.png", "https://relay.example/relay/media/../../etc/passwd"]
        {
            assert!(store.open(&ours, elsewhere).await.unwrap().is_none(), "{elsewhere}");
        }
    }

    #[tokio::test]
    async fn what_is_too_large_or_breaks_off_leaves_no_room_taken() {
        let (store, ours) =
            (store(Limits { media: 4, media_per_tenant: 4, ..Limits::default() }), Tenant::default());
        let too_large = store.put(&ours, None, None, bytes(&["hel", "lo"])).await.unwrap_err();
        assert!(matches!(too_large, MediaError::TooLarge(4)));
        let breaks = stream::iter([Ok(Bytes::from("hel")), Err(io::Error::other("cut"))]);
        assert!(matches!(store.put(&ours, None, None, breaks).await.unwrap_err(), MediaError::Io(_)));
        store.put(&ours, None, None, bytes(&["hell"])).await.unwrap();
    }
}
