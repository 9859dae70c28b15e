//! The data folder: what a connector keeps between two runs, and who may use it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use relay_auth::{RandomFailed, Secret};
use relay_connector::{OpenError, Random, SqliteStore, VaultKey, VaultKeyError};

/// Where a vault key may be that is kept out of the folder.
const VAULT_KEY: &str = "RELAY_CONNECTOR_VAULT_KEY";

/// A folder with the store and the key of its vault, the secret that signs enrollment tokens, a lock and the control socket.
#[derive(Clone, Debug)]
pub struct DataFolder(PathBuf);

/// Held by the one connector that serves a folder.
#[derive(Debug)]
pub struct ServingLock(#[expect(dead_code, reason = "the lock ends with the file")] File);

/// Why a data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataFolderError {
    /// No connector was ever started with it.
    #[error("{} holds no connector's data; name the folder that `serve --data` was given", .0.display())]
    NotFound(PathBuf),
    /// Another connector serves it.
    #[error("another connector serves {}; stop it, or name another folder", .0.display())]
    InUse(PathBuf),
    /// Its store cannot be opened.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The vault key of the environment is none.
    #[error("RELAY_CONNECTOR_VAULT_KEY cannot be used: {0}")]
    VaultKey(#[from] VaultKeyError),
    /// The secret that signs enrollment tokens is gone.
    #[error("{} is empty; remove it, and tokens that were minted are void", .0.display())]
    EmptyKey(PathBuf),
    /// The system gave no randomness for it.
    #[error(transparent)]
    Random(#[from] RandomFailed),
    /// Something in it cannot be read or written.
    #[error("{} cannot be used: {source}; make the folder writable, or name another", .path.display())]
    File {
        /// What.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DataFolderError {
    /// The exit code that tells it, after sysexits.h.
    pub fn code(&self) -> u8 {
        match self {
            Self::NotFound(_) => 66,
            Self::InUse(_) => 75,
            Self::Store(_) => 74,
            Self::File { .. } => 73,
            Self::VaultKey(_) | Self::EmptyKey(_) | Self::Random(_) => 1,
        }
    }
}

fn unusable(path: &Path) -> impl Fn(io::Error) -> DataFolderError + '_ {
    move |source| DataFolderError::File { path: path.to_owned(), source }
}

/// The vault key of the environment; without it, the store keeps one beside itself.
fn vault_key() -> Result<Option<VaultKey>, VaultKeyError> {
    let text = std::env::var_os(VAULT_KEY).filter(|text| !text.is_empty());
    text.map(|text| VaultKey::from_hex(&text.to_string_lossy())).transpose()
}

impl DataFolder {
    /// The folder, made for its owner alone if need be.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(path: &Path) -> Result<Self, DataFolderError> {
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(unusable(path))?;
        Ok(Self(path.to_owned()))
    }

    /// The folder of a connector that has been started at least once.
    ///
    /// # Errors
    /// It is none.
    pub fn existing(path: &Path) -> Result<Self, DataFolderError> {
        let folder = Self(path.to_owned());
        if folder.database().exists() { Ok(folder) } else { Err(DataFolderError::NotFound(folder.0)) }
    }

    /// The store, for a connector that serves it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn store(&self) -> Result<SqliteStore, DataFolderError> {
        Ok(match vault_key()? {
            Some(key) => SqliteStore::open_with_vault_key(self.database(), key)?,
            None => SqliteStore::open(self.database())?,
        })
    }

    /// The store, for a command that asks one thing and ends.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn store_for_a_command(&self) -> Result<SqliteStore, DataFolderError> {
        Ok(match vault_key()? {
            Some(key) => SqliteStore::open_inline_with_vault_key(self.database(), key)?,
            None => SqliteStore::open_inline(self.database())?,
        })
    }

    /// Makes sure that no other connector serves this folder: both would deliver everything.
    ///
    /// # Errors
    /// Another one does, or that cannot be known.
    pub fn lock(&self) -> Result<ServingLock, DataFolderError> {
        let path = self.0.join("connector.lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(unusable(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(ServingLock(file)),
            Err(TryLockError::WouldBlock) => Err(DataFolderError::InUse(self.0.clone())),
            Err(TryLockError::Error(error)) => Err(unusable(&path)(error)),
        }
    }

    /// Whether a connector serves this folder now.
    pub fn is_served(&self) -> bool {
        matches!(self.lock(), Err(DataFolderError::InUse(_)))
    }

    /// The secret that enrollment tokens are signed with, made at its first use.
    ///
    /// # Errors
    /// It cannot be read or made.
    pub fn enrollment_secret(&self) -> Result<Secret, DataFolderError> {
        let path = self.0.join("enrollment.key");
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(Secret::new(text.trim())),
            Ok(_) => return Err(DataFolderError::EmptyKey(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(unusable(&path)(error)),
        }
        let secret = Random::system().secret()?;
        // Written whole or not at all, and only once: two programs may look at the same time.
        let temporary = self.0.join(format!("enrollment.key.{}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .map_err(unusable(&temporary))?;
        let written = file.write_all(secret.expose().as_bytes()).and_then(|()| file.sync_all());
        let linked = written.and_then(|()| fs::hard_link(&temporary, &path));
        fs::remove_file(&temporary).map_err(unusable(&temporary))?;
        match linked {
            Ok(()) => Ok(secret),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.enrollment_secret(),
            Err(error) => Err(unusable(&path)(error)),
        }
    }

    /// Where a serving connector listens to commands.
    pub fn control_socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    /// Where uploaded files lie.
    pub fn media(&self) -> PathBuf {
        self.0.join("media")
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    fn database(&self) -> PathBuf {
        self.0.join("connector.db")
    }
}
