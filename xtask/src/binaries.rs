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

impl Profile {
    fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "dev",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dev => "debug",
        }
    }
}

/// Where they are.
pub(crate) struct Binaries {
    pub(crate) gateway: PathBuf,
    pub(crate) connector: PathBuf,
}

/// Builds both programs; what is up to date is not built again.
pub(crate) fn build(root: &Path, profile: Profile) -> anyhow::Result<Binaries> {
    let folder = target(root)?;
    cargo(root, profile, &folder, &["-p", "relay-gateway", "-p", "relay-connector-cli"])?;
    let folder = folder.join(profile.folder());
    Ok(Binaries { gateway: folder.join("relay-gateway"), connector: folder.join("relay-connector") })
}

/// Builds the gateway without connector and fronts, in a folder of its own: its features would build the others anew.
pub(crate) fn build_gateway_alone(root: &Path, profile: Profile) -> anyhow::Result<PathBuf> {
    let folder = target(root)?.join("alone");
    cargo(root, profile, &folder, &["-p", "relay-gateway", "--no-default-features"])?;
    Ok(folder.join(profile.folder()).join("relay-gateway"))
}

fn target(root: &Path) -> anyhow::Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new().current_dir(root).no_deps().exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}

fn cargo(root: &Path, profile: Profile, folder: &Path, what: &[&str]) -> anyhow::Result<()> {
    let status = Command::new("cargo")
        .args(["build", "--locked", "--bins", "--profile", profile.name()])
        .args(what)
        .arg("--target-dir")
        .arg(folder)
        .current_dir(root)
        .status()
        .context("cannot start cargo; is it in PATH?")?;
    if !status.success() {
        bail!("the programs do not build ({status})");
    }
    Ok(())
}
