//! A file on its way in.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt as _;

use super::files::{Kept, MediaError, MediaFiles};
use crate::Tenant;

/// Writes a file piece by piece. Dropped before it is finished, it leaves neither bytes nor weight behind.
pub(crate) struct Upload {
    files: Arc<MediaFiles>,
    tenant: Tenant,
    id: String,
    path: PathBuf,
    file: File,
    size: u64,
    finished: bool,
}

impl Upload {
    pub(super) async fn begin(
        files: Arc<MediaFiles>,
        tenant: Tenant,
        id: String,
        path: PathBuf,
    ) -> Result<Self, MediaError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        options.mode(0o600);
        let file = options.open(&path).await?;
        Ok(Self { files, tenant, id, path, file, size: 0, finished: false })
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), MediaError> {
        let more = bytes.len() as u64;
        let largest = self.files.largest();
        if self.size.saturating_add(more) > largest {
            return Err(MediaError::TooLarge(largest));
        }
        self.files.weigh(&self.tenant, more)?;
        self.size += more;
        self.file.write_all(bytes).await?;
        Ok(())
    }

    /// The id by which it is there from now on, and its size.
    pub(crate) async fn finish(
        mut self,
        name: Option<String>,
        content_type: String,
    ) -> Result<(String, u64), MediaError> {
        self.file.flush().await?;
        self.finished = true;
        let kept = Kept { tenant: self.tenant.clone(), name, content_type, size: self.size };
        self.files.put(self.id.clone(), kept);
        Ok((self.id.clone(), self.size))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, "an unfinished file could not be removed");
        }
        self.files.release(&self.tenant, self.size);
    }
}
