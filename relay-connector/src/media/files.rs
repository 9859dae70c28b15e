//! What is kept, for whom and how long.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_auth::RandomFailed;
use tokio::fs::{self, File};
use tokio::time::{Instant, sleep_until};

use super::folder::{Folder, is_id};
use super::upload::Upload;
use crate::Random;
use crate::{Limits, Tenant};

/// Why a file is not kept, or not given out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// It is larger than this, in bytes.
    #[error("the file is larger than {0} bytes; send a smaller one")]
    TooLarge(u64),
    /// The tenant has too many files.
    #[error("this tenant's files fill its room; try again when the oldest have expired, within an hour")]
    Full,
    /// Its bytes could not be read or written.
    #[error("the file cannot be stored now; try again")]
    Io(#[from] io::Error),
    /// There is no randomness for its id.
    #[error(transparent)]
    Random(#[from] RandomFailed),
}

/// The files of all tenants.
pub(crate) struct MediaFiles {
    pub(super) folder: Folder,
    index: Mutex<Index>,
    random: Random,
    limits: Limits,
}

#[derive(Default)]
struct Index {
    kept: HashMap<String, Kept>,
    /// Bytes of each tenant, those of unfinished uploads included.
    weights: HashMap<Tenant, u64>,
}

/// A file that is there.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) tenant: Tenant,
    pub(crate) name: Option<String>,
    pub(crate) content_type: String,
    pub(crate) size: u64,
}

impl MediaFiles {
    pub(crate) fn new(folder: Option<PathBuf>, random: Random, limits: Limits) -> Arc<Self> {
        Arc::new(Self { folder: Folder::new(folder), index: Mutex::default(), random, limits })
    }

    /// Begins a file; it is there once it is [finished](Upload::finish), and gone if it is not.
    pub(crate) async fn begin(self: &Arc<Self>, tenant: &Tenant) -> Result<Upload, MediaError> {
        let id = self.random.hex::<16>()?.expose().to_owned();
        let path = self.folder.file(&id).await?;
        Upload::begin(Arc::clone(self), tenant.clone(), id, path).await
    }

    /// A file of this tenant, opened. Another tenant's is not there.
    pub(crate) async fn open(&self, tenant: &Tenant, id: &str) -> Result<Option<(Kept, File)>, MediaError> {
        if !is_id(id) {
            return Ok(None);
        }
        let Some(kept) = self.index().kept.get(id).filter(|kept| kept.tenant == *tenant).cloned() else {
            return Ok(None);
        };
        match File::open(self.folder.file(id).await?).await {
            Ok(file) => Ok(Some((kept, file))),
            // It expired between the two looks.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The largest file, in bytes.
    pub(super) fn largest(&self) -> u64 {
        self.limits.media
    }

    /// Takes room for that many more bytes.
    pub(super) fn weigh(&self, tenant: &Tenant, more: u64) -> Result<(), MediaError> {
        let mut index = self.index();
        let weight = index.weights.entry(tenant.clone()).or_default();
        if weight.saturating_add(more) > self.limits.media_per_tenant {
            return Err(MediaError::Full);
        }
        *weight += more;
        Ok(())
    }

    pub(super) fn release(&self, tenant: &Tenant, bytes: u64) {
        let mut index = self.index();
        if let Some(weight) = index.weights.get_mut(tenant) {
            *weight = weight.saturating_sub(bytes);
            if *weight == 0 {
                index.weights.remove(tenant);
            }
        }
    }

    /// Shows a finished file until it expires. The room it takes is its own already.
    pub(super) fn put(self: &Arc<Self>, id: String, kept: Kept) {
        self.index().kept.insert(id.clone(), kept);
        // Weak: files do not keep a connector alive that is gone.
        let weak = Arc::downgrade(self);
        let expiry = Instant::now() + self.limits.media_ttl;
        tokio::spawn(async move {
            sleep_until(expiry).await;
            if let Some(files) = weak.upgrade() {
                files.expire(&id).await;
            }
        });
    }

    async fn expire(&self, id: &str) {
        let Some(kept) = self.index().kept.remove(id) else { return };
        let removed = match self.folder.file(id).await {
            Ok(path) => fs::remove_file(path).await,
            Err(error) => Err(error),
        };
        if let Err(error) = removed {
            tracing::warn!(%error, "an expired file could not be removed");
        }
        self.release(&kept.tenant, kept.size);
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::AsyncReadExt as _;
    use tokio::time::sleep;

    use super::{MediaError, MediaFiles};
    use crate::{Limits, Random, Tenant};

    fn files(limits: Limits) -> (Arc<MediaFiles>, tempfile::TempDir) {
        let home = tempfile::tempdir().unwrap();
        (MediaFiles::new(Some(home.path().to_owned()), Random::system(), limits), home)
    }

    fn there(home: &tempfile::TempDir) -> usize {
        std::fs::read_dir(home.path()).unwrap().count()
    }

    async fn put(files: &Arc<MediaFiles>, tenant: &Tenant, bytes: &[u8]) -> Result<String, MediaError> {
        let mut upload = files.begin(tenant).await?;
        upload.write(bytes).await?;
        Ok(upload.finish(Some("a.txt".to_owned()), "text/plain".to_owned()).await?.0)
    }

    #[tokio::test]
    async fn a_file_is_there_for_its_tenant_and_for_nobody_else() {
        let (files, _home) = files(Limits::default());
        let (ours, other) = (Tenant::default(), Tenant::new("work").unwrap());
        let id = put(&files, &ours, b"hello").await.unwrap();
        let (kept, mut file) = files.open(&ours, &id).await.unwrap().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).await.unwrap();
        assert_eq!((text.as_str(), kept.size, kept.name.as_deref()), ("hello", 5, Some("a.txt")));
        assert!(files.open(&other, &id).await.unwrap().is_none());
        for wrong in ["", "..", "../../etc/passwd", &"0".repeat(32)] {
            assert!(files.open(&ours, wrong).await.unwrap().is_none(), "{wrong}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_an_hour_the_file_and_its_room_are_free() {
        let (files, home) = files(Limits { media_per_tenant: 5, ..Limits::default() });
        let tenant = Tenant::default();
        let id = put(&files, &tenant, b"hello").await.unwrap();
        assert!(matches!(put(&files, &tenant, b"x").await, Err(MediaError::Full)));
        sleep(Duration::from_mins(59)).await;
        assert!(files.open(&tenant, &id).await.unwrap().is_some());
        sleep(Duration::from_mins(2)).await;
        assert!(files.open(&tenant, &id).await.unwrap().is_none());
        assert_eq!((there(&home), files.index().weights.len()), (0, 0));
        put(&files, &tenant, b"hello").await.unwrap();
    }

    #[tokio::test]
    async fn an_upload_that_breaks_off_leaves_nothing() {
        let (files, home) = files(Limits::default());
        let tenant = Tenant::default();
        let mut upload = files.begin(&tenant).await.unwrap();
        upload.write(b"hel").await.unwrap();
        assert_eq!((there(&home), files.index().weights[&tenant]), (1, 3));
        drop(upload);
        assert_eq!((there(&home), files.index().weights.len()), (0, 0));
    }

    #[tokio::test]
    async fn a_file_that_is_too_large_is_refused_while_it_comes() {
        let (files, home) = files(Limits { media: 4, ..Limits::default() });
        assert!(put(&files, &Tenant::default(), b"hell").await.is_ok());
        assert!(matches!(put(&files, &Tenant::default(), b"hello").await, Err(MediaError::TooLarge(4))));
        assert_eq!(there(&home), 1);
    }

    #[tokio::test]
    async fn one_tenants_files_take_no_room_from_another() {
        let (files, _home) = files(Limits { media_per_tenant: 5, ..Limits::default() });
        put(&files, &Tenant::default(), b"hello").await.unwrap();
        put(&files, &Tenant::new("work").unwrap(), b"hello").await.unwrap();
    }
}
