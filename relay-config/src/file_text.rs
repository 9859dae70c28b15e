//! The text of a configuration file.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::problem::Place;
use crate::{Problem, Problems};

/// The largest file that is read, in bytes: far beyond any configuration, far below what would hurt.
const MAX_BYTES: u64 = 1024 * 1024;

/// The text of the file at `path`; empty when there is none.
pub(crate) fn file_text(path: &Path) -> Result<String, Problems> {
    let fault = |message| {
        Problems(vec![Problem { place: Place::File { path: path.to_owned(), line: None }, message }])
    };
    let mut bytes = Vec::new();
    // Bounded while it is read: a device or a pipe says beforehand that it is empty.
    match File::open(path).and_then(|file| file.take(MAX_BYTES + 1).read_to_end(&mut bytes)) {
        Ok(size) if size as u64 > MAX_BYTES => {
            Err(fault(format!("the file is larger than {MAX_BYTES} bytes; is it the right one?")))
        }
        Ok(_) => {
            String::from_utf8(bytes).map_err(|_| fault("the file is not UTF-8; save it as UTF-8".to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(fault(format!("the file cannot be read: {error}; check what it is and its mode"))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn told(path: &Path) -> String {
        file_text(path).expect_err("a fault").to_string()
    }

    #[test]
    fn a_file_that_is_not_there_is_empty() {
        assert_eq!(file_text(Path::new("/nowhere/at/all")), Ok(String::new()));
    }

    #[test]
    fn a_file_of_a_mebibyte_is_read_and_one_byte_more_refused() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join(".env");
        fs::write(&path, " ".repeat(1 << 20)).expect("a file");
        assert_eq!(file_text(&path).map(|text| text.len()), Ok(1 << 20));
        fs::write(&path, " ".repeat((1 << 20) + 1)).expect("a file");
        assert!(told(&path).ends_with(".env: the file is larger than 1048576 bytes; is it the right one?"));
    }

    #[test]
    fn an_endless_file_is_given_up() {
        assert!(told(Path::new("/dev/zero")).contains("larger than 1048576 bytes"));
    }

    #[test]
    fn a_file_that_is_not_utf_8_or_a_folder_is_named() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("config.yaml");
        fs::write(&path, b"agent: caf\xe9\n").expect("a file");
        assert!(told(&path).ends_with("config.yaml: the file is not UTF-8; save it as UTF-8"));
        assert!(told(home.path()).contains(": the file cannot be read: "));
    }
}
