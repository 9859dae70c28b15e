//! The data folder: what a connector keeps between two runs, and who may use it.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use relay_auth::Secret;
use relay_connector::{Random, SqliteStore};

use crate::exit::Refusal;

/// A folder with the store, the secret that signs enrollment tokens, a lock and the control socket.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder(PathBuf);

/// Held by the one connector that serves a folder.
pub(crate) struct ServingLock(#[expect(dead_code, reason = "the lock ends with the file")] File);

impl DataFolder {
    /// The folder, made for its owner alone if need be.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .with_context(|| format!("the folder {} cannot be made", path.display()))?;
        Ok(Self(path.to_owned()))
    }

    /// The folder of a connector that has been started at least once.
    pub(crate) fn existing(path: &Path) -> anyhow::Result<Self> {
        let folder = Self(path.to_owned());
        if !folder.database().exists() {
            bail!(Refusal::NotFound(format!(
                "{} holds no connector's data; name the folder that `serve --data` was given",
                path.display()
            )));
        }
        Ok(folder)
    }

    /// The store, for a connector that serves it.
    pub(crate) fn store(&self) -> anyhow::Result<SqliteStore> {
        SqliteStore::open(self.database()).map_err(|error| Refusal::Store(error).into())
    }

    /// The store, for a command that asks one thing and ends.
    pub(crate) fn store_for_a_command(&self) -> anyhow::Result<SqliteStore> {
        SqliteStore::open_inline(self.database()).map_err(|error| Refusal::Store(error).into())
    }

    /// Makes sure that no other connector serves this folder: both would deliver everything.
    pub(crate) fn lock(&self) -> anyhow::Result<ServingLock> {
        let path = self.0.join("connector.lock");
        let told = || format!("{} cannot be used", path.display());
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .with_context(told)?;
        match file.try_lock() {
            Ok(()) => Ok(ServingLock(file)),
            Err(TryLockError::WouldBlock) => bail!(Refusal::InUse(format!(
                "another relay-connector serves {}; stop it, or name another folder",
                self.0.display()
            ))),
            Err(TryLockError::Error(error)) => Err(error).with_context(told),
        }
    }

    /// The secret that enrollment tokens are signed with, made at its first use.
    pub(crate) fn enrollment_secret(&self) -> anyhow::Result<Secret> {
        let path = self.0.join("enrollment.key");
        let told = || format!("{} cannot be used", path.display());
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(Secret::new(text.trim())),
            Ok(_) => bail!("{} is empty; remove it, and tokens that were minted are void", path.display()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(told),
        }
        let secret = Random::system().secret()?;
        // Written whole or not at all, and only once: two programs may look at the same time.
        let temporary = self.0.join(format!("enrollment.key.{}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&temporary)
            .with_context(told)?;
        let written = file.write_all(secret.expose().as_bytes()).and_then(|()| file.sync_all());
        let linked = written.and_then(|()| fs::hard_link(&temporary, &path));
        fs::remove_file(&temporary).with_context(told)?;
        match linked {
            Ok(()) => Ok(secret),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.enrollment_secret(),
            Err(error) => Err(error).with_context(told),
        }
    }

    /// Where a serving connector listens to commands.
    pub(crate) fn control_socket(&self) -> PathBuf {
        self.0.join("control.sock")
    }

    /// Where uploaded files lie.
    pub(crate) fn media(&self) -> PathBuf {
        self.0.join("media")
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    fn database(&self) -> PathBuf {
        self.0.join("connector.db")
    }
}
