//! The folder of a gateway's files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder that holds `config.yaml`, `.env` and `auth.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

/// Nothing says where the home is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing says where the gateway's home is; give --home, or set HERMES_HOME or HOME")]
pub struct NoHome;

impl Home {
    /// The folder given on the command line, else `HERMES_HOME`, else `~/.hermes`.
    pub fn find(given: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Self, NoHome> {
        let variable =
            |name: &str| environment.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        given
            .map(Path::to_owned)
            .or_else(|| variable("HERMES_HOME").map(PathBuf::from))
            .or_else(|| variable("HOME").map(|home| Path::new(home).join(".hermes")))
            .map(Self)
            .ok_or(NoHome)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Credentials and other variables.
    pub fn dotenv(&self) -> PathBuf {
        self.0.join(".env")
    }

    /// The portal login.
    pub fn auth(&self) -> PathBuf {
        self.0.join("auth.json")
    }

    /// There in an install that somebody else manages.
    pub fn managed_marker(&self) -> PathBuf {
        self.0.join(".managed")
    }

    /// What agents keep: a folder for each of their sessions.
    pub fn agents(&self) -> PathBuf {
        self.0.join("relay/agents")
    }

    /// Settings.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.yaml")
    }
}
