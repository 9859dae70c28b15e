//! `cargo xtask interop`: the public Python client, as it is deployed, against our connector.
//!
//! Of the client only what its relay needs is installed (interop/requirements.txt), into the target folder. What is
//! checked, and what becomes of it, says interop/run.py.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::binaries::{self, Profile};

/// The versions that the pinned client runs on.
const PYTHON: &str = "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))";

/// Names of such a Python, in the order they are tried.
const NAMES: &[&str] = &["python3", "python3.13", "python3.12", "python3.11"];

/// Installs what is missing, builds the connector and runs the checks.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let python = Python::installed(root)?;
    let connector = binaries::build(root, Profile::Dev)?.connector;
    let mut command = python.command();
    command.arg(root.join("interop/run.py")).arg("--connector").arg(connector).arg("--root").arg(root);
    succeed(&mut command).context(
        "the public client and the connector do not go together; the table above says where, and lines before it why",
    )
}

/// A Python with the client's packages.
struct Python {
    program: PathBuf,
    /// Where the packages are, if not where this Python looks by itself.
    packages: Option<PathBuf>,
}

impl Python {
    fn installed(root: &Path) -> anyhow::Result<Self> {
        let requirements = root.join("interop/requirements.txt");
        let wanted = fs::read_to_string(&requirements).context("cannot read interop/requirements.txt")?;
        let metadata = cargo_metadata::MetadataCommand::new().current_dir(root).no_deps().exec()?;
        let folder = metadata.target_directory.into_std_path_buf().join("interop");
        let system = system_python()?;
        let has_venv = runs(Command::new(system).args(["-c", "import venv, ensurepip"]));
        let python = if has_venv {
            Self { program: folder.join("venv/bin/python"), packages: None }
        } else {
            eprintln!(
                "interop: {system} has no ensurepip (Debian: python3-venv); using pip install --target instead"
            );
            Self { program: system.into(), packages: Some(folder.join("packages")) }
        };
        // Written last, so that a broken installation is begun anew.
        let marker = folder.join("installed.txt");
        if fs::read_to_string(&marker).is_ok_and(|found| found == wanted)
            && runs(python.command().args(["-c", "import gateway.relay.ws_transport"]))
        {
            return Ok(python);
        }
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        if has_venv {
            succeed(Command::new(system).args(["-m", "venv"]).arg(folder.join("venv")))
                .context("the virtual environment cannot be made")?;
        }
        let mut pip = python.command();
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
            "--no-deps",
        ]);
        pip.args(["--timeout", "20", "--retries", "2", "--requirement"]).arg(&requirements);
        if let Some(packages) = &python.packages {
            pip.arg("--target").arg(packages);
        }
        succeed(&mut pip)
            .context("the client's packages cannot be installed; is the package index reachable?")?;
        fs::write(&marker, wanted).with_context(|| format!("cannot write {}", marker.display()))?;
        Ok(python)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        // The workspace stays as it is: compiled Python goes nowhere.
        command.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("PYTHONHOME").env_remove("PYTHONPATH");
        if let Some(packages) = &self.packages {
            command.env("PYTHONPATH", packages);
        }
        command
    }
}

fn system_python() -> anyhow::Result<&'static str> {
    NAMES.iter().copied().find(|name| runs(Command::new(name).args(["-c", PYTHON]))).with_context(|| {
        format!("no Python from 3.11 up to 3.13, which the client needs; none of {} is one", NAMES.join(", "))
    })
}

fn runs(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        bail!("{program}: {status}");
    }
    Ok(())
}
