//! The programs of this repository, built to be run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

/// Which build of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// What ships.
    #[default]
    Release,
    /// What compiles fast.
    Dev,
}

/// Where they are.
pub(crate) struct Binaries {
    pub(crate) gateway: PathBuf,
    pub(crate) connector: PathBuf,
}

/// Builds both programs; what is up to date is not built again.
pub(crate) fn build(root: &Path, profile: Profile) -> anyhow::Result<Binaries> {
    let (name, folder) = match profile {
        Profile::Release => ("release", "release"),
        Profile::Dev => ("dev", "debug"),
    };
    let status = Command::new("cargo")
        .args(["build", "--locked", "--profile", name])
        .args(["-p", "relay-gateway", "-p", "relay-connector-cli", "--bins"])
        .current_dir(root)
        .status()
        .context("cannot start cargo; is it in PATH?")?;
    if !status.success() {
        bail!("the programs do not build ({status})");
    }
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(root).no_deps().exec()?;
    let folder = metadata.target_directory.into_std_path_buf().join(folder);
    Ok(Binaries { gateway: folder.join("relay-gateway"), connector: folder.join("relay-connector") })
}
