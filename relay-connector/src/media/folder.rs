//! Where the files lie: in the operator's folder, or in one that goes with the process.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::fs;
use tokio::sync::OnceCell;

/// Made when the first file comes, and emptied of what an earlier process left behind.
#[derive(Debug)]
pub(super) struct Folder {
    configured: Option<PathBuf>,
    ready: OnceCell<Ready>,
}

#[derive(Debug)]
enum Ready {
    Configured(PathBuf),
    Temporary(TempDir),
}

impl Folder {
    pub(super) fn new(configured: Option<PathBuf>) -> Self {
        Self { configured, ready: OnceCell::new() }
    }

    pub(super) async fn file(&self, id: &str) -> io::Result<PathBuf> {
        let ready = self.ready.get_or_try_init(|| self.prepare()).await?;
        let folder = match ready {
            Ready::Configured(folder) => folder.as_path(),
            Ready::Temporary(folder) => folder.path(),
        };
        Ok(folder.join(id))
    }

    async fn prepare(&self) -> io::Result<Ready> {
        let Some(folder) = self.configured.clone() else {
            let made = tokio::task::spawn_blocking(|| TempDir::with_prefix("relay-media-")).await;
            return Ok(Ready::Temporary(made.map_err(io::Error::other)??));
        };
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        builder.mode(0o700);
        builder.create(&folder).await?;
        sweep(&folder).await?;
        Ok(Ready::Configured(folder))
    }
}

/// Removes the files of an earlier process, whose ids nobody knows any more, and nothing else that lies there.
async fn sweep(folder: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(folder).await?;
    while let Some(entry) = entries.next_entry().await? {
        if entry.file_name().to_str().is_some_and(is_id) {
            fs::remove_file(entry.path()).await?;
        }
    }
    Ok(())
}

/// 32 hex digits: what ids are made of.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{Folder, is_id};

    #[test]
    fn an_id_leads_nowhere_else() {
        assert!(is_id("0123456789abcdef0123456789abcdef"));
        for wrong in ["", "..", "0123456789ABCDEF0123456789abcdef", "0123456789abcdef0123456789abcde/"] {
            assert!(!is_id(wrong), "{wrong}");
        }
    }

    #[tokio::test]
    async fn what_an_earlier_process_left_is_removed_and_what_is_not_ours_stays() {
        let home = tempfile::tempdir().unwrap();
        let media = home.path().join("a/media");
        std::fs::create_dir_all(&media).unwrap();
        let (left, other) = (media.join("f".repeat(32)), media.join("notes.txt"));
        std::fs::write(&left, "old").unwrap();
        std::fs::write(&other, "mine").unwrap();
        let folder = Folder::new(Some(media.clone()));
        assert_eq!(folder.file("x").await.unwrap(), media.join("x"));
        assert!(!left.exists() && other.exists());
    }

    #[tokio::test]
    async fn a_folder_of_the_process_goes_with_it() {
        let folder = Folder::new(None);
        let file = folder.file("x").await.unwrap();
        std::fs::write(&file, "x").unwrap();
        drop(folder);
        assert!(!file.parent().unwrap().exists());
    }
}
