//! The identity token in a file that somebody else keeps fresh.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::Secret;
use relay_config::Origin;
use tokio::time::timeout;

use super::token::MAX_TOKEN;
use super::{IdentityError, IdentityTokens, token};

/// How long reading may take: a pipe that nobody writes to would otherwise never end.
const LIMIT: Duration = Duration::from_secs(10);

/// A file that is read anew for each use.
pub(super) struct TokenFile {
    path: PathBuf,
    origin: Origin,
}

impl TokenFile {
    pub(super) fn new(path: PathBuf, origin: Origin) -> Self {
        Self { path, origin }
    }

    async fn read(&self) -> Result<Secret, IdentityError> {
        let path = self.path.clone();
        let reading = tokio::task::spawn_blocking(move || read(&path));
        let file =
            |source| IdentityError::File { path: self.path.clone(), origin: self.origin.clone(), source };
        let Ok(read) = timeout(LIMIT, reading).await else {
            let (path, origin) = (self.path.clone(), self.origin.clone());
            return Err(IdentityError::FileTimeout { path, origin, limit: LIMIT });
        };
        let bytes = read.map_err(io::Error::other).flatten().map_err(file)?;
        token::token(&bytes, || format!("{} ({})", self.path.display(), self.origin))
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // A little more than a token, for the blanks around it.
    File::open(path)?.take(MAX_TOKEN as u64 + 1024).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl IdentityTokens for TokenFile {
    fn name(&self) -> String {
        format!("the file {} of {}", self.path.display(), self.origin)
    }

    fn token(&self) -> BoxFuture<'_, Result<Secret, IdentityError>> {
        self.read().boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use relay_config::Origin;

    use super::TokenFile;
    use crate::identity::IdentityTokens as _;

    #[tokio::test]
    async fn a_token_file_is_read_anew_for_each_use() {
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join("token");
        let origin = Origin::Environment { name: "GATEWAY_RELAY_ACCESS_TOKEN_FILE".to_owned() };
        let file = TokenFile::new(path.clone(), origin);
        let told = file.token().await.expect_err("no file").to_string();
        assert!(told.contains(&path.display().to_string()), "{told}");
        assert!(told.contains("environment (GATEWAY_RELAY_ACCESS_TOKEN_FILE)"), "{told}");
        for token in ["first", "second"] {
            fs::write(&path, format!("{token}\n")).expect("a file");
            assert_eq!(file.token().await.expect("a token").expose(), token);
        }
        fs::write(&path, vec![b'a'; 1 << 20]).expect("a file");
        let told = file.token().await.expect_err("a large file").to_string();
        assert!(told.contains("longer than 16 KiB"), "{told}");
    }
}
