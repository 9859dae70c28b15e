//! A file that nobody else may read, and that is never there in half.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A new file beside the one that it is to replace, mode 0600 from its first moment. Dropped, it is gone; so
/// whoever has one knows that the folder can be written.
#[derive(Debug)]
pub struct PrivateFile {
    file: NamedTempFile,
    target: PathBuf,
}

impl PrivateFile {
    /// Prepares to replace the file at `path`, whose folder is made where it is missing. A link is written
    /// through.
    pub fn beside(path: &Path) -> io::Result<Self> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let folder = folder(&target);
        fs::create_dir_all(folder)?;
        Ok(Self { file: NamedTempFile::new_in(folder)?, target })
    }

    /// Writes the content, flushes it to the disk and puts it in its place. Whatever fails, the old file stays
    /// whole.
    pub fn put(mut self, content: &[u8]) -> io::Result<()> {
        self.file.write_all(content)?;
        self.file.as_file().sync_all()?;
        self.file.persist(&self.target)?;
        fs::File::open(folder(&self.target))?.sync_all()
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::PrivateFile;

    #[test]
    fn a_file_is_replaced_whole_with_mode_600_and_through_a_link() {
        let home = tempfile::tempdir().expect("a folder");
        let (real, link) = (home.path().join("real"), home.path().join("link"));
        fs::write(&real, "old").expect("a file");
        symlink(&real, &link).expect("a link");
        drop(PrivateFile::beside(&link).expect("room"));
        assert_eq!(fs::read_to_string(&real).expect("a file"), "old");
        PrivateFile::beside(&link).expect("room").put(b"new").expect("written");
        assert_eq!(fs::read_to_string(&real).expect("a file"), "new");
        assert_eq!(fs::metadata(&real).expect("a file").permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(fs::read_dir(home.path()).expect("a folder").count(), 2, "nothing is left beside it");
    }

    #[test]
    fn where_there_can_be_no_file_the_first_step_says_so() {
        let home = tempfile::tempdir().expect("a folder");
        fs::write(home.path().join("file"), "").expect("a file");
        assert!(PrivateFile::beside(&home.path().join("file/below")).is_err());
    }
}
