//! The agents of the trials: what is installed, and how each is told of the model on loopback.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::json;

/// An agent that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KitAgent {
    /// Gemini CLI, from npm.
    Gemini,
    /// Hermes Agent, from the Python package index.
    Hermes,
    /// opencode, from npm.
    Opencode,
}

/// All of them, in the order of the table.
pub(crate) const KIT: [KitAgent; 3] = [KitAgent::Gemini, KitAgent::Hermes, KitAgent::Opencode];

/// An agent that is installed.
pub(crate) struct Installed {
    /// The program and its arguments.
    pub(crate) command: Vec<String>,
    /// Variables that it needs to be found by.
    environment: BTreeMap<String, String>,
}

impl KitAgent {
    /// Its name, as in `acp:NAME`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gemini => "gemini",
            Self::Hermes => "hermes",
            Self::Opencode => "opencode",
        }
    }

    /// What is installed: the version that the table is of.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Gemini => "@google/gemini-cli@0.61.0",
            Self::Hermes => "hermes-agent[acp]==0.19.0",
            Self::Opencode => "opencode-ai@1.18.33",
        }
    }

    /// The version without the name, for people.
    pub(crate) fn version(self) -> &'static str {
        self.package().rsplit(['@', '=']).next().unwrap_or_default()
    }

    /// Installs it below the folder, unless that is done.
    pub(crate) fn install(self, folder: &Path) -> anyhow::Result<Installed> {
        let folder = folder.join(self.name());
        let marker = folder.join("installed.txt");
        let is_done = fs::read_to_string(&marker).is_ok_and(|found| found == self.package());
        if !is_done {
            if folder.exists() {
                fs::remove_dir_all(&folder).with_context(|| format!("cannot clear {}", folder.display()))?;
            }
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            println!("installing {}", self.package());
        }
        let installed = match self {
            Self::Gemini => npm(&folder, self.package(), "gemini", "--acp", is_done)?,
            Self::Opencode => npm(&folder, self.package(), "opencode", "acp", is_done)?,
            Self::Hermes => pip(&folder, self.package(), "hermes", "acp", is_done)?,
        };
        // Written last, so that a broken installation is begun anew.
        fs::write(&marker, self.package()).with_context(|| format!("cannot write {}", marker.display()))?;
        Ok(installed)
    }

    /// Writes its settings into a home of its own, and answers with the variables that it gets.
    pub(crate) fn configure(
        self,
        installed: &Installed,
        home: &Path,
        model: u16,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let url = format!("http://127.0.0.1:{model}");
        let mut environment = installed.environment.clone();
        let mut set = |name: &str, value: String| environment.insert(name.to_owned(), value);
        set("HOME", home.display().to_string());
        match self {
            Self::Gemini => {
                let settings = json!({
                    "security": {"auth": {"selectedType": "gemini-api-key"}},
                    "general": {"disableAutoUpdate": true},
                    "privacy": {"usageStatisticsEnabled": false},
                });
                write(&home.join(".gemini/settings.json"), &settings.to_string())?;
                set("GEMINI_API_KEY", "mock".to_owned());
                set("GOOGLE_GEMINI_BASE_URL", url);
                set("GEMINI_CLI_TRUST_WORKSPACE", "true".to_owned());
            }
            Self::Hermes => {
                let settings = format!(
                    "model:\n  default: mock\n  provider: custom\n  base_url: {url}/v1\n  api_key: mock\n"
                );
                write(&home.join(".hermes/config.yaml"), &settings)?;
                set("HERMES_HOME", home.join(".hermes").display().to_string());
            }
            Self::Opencode => {
                let settings = json!({
                    "model": "mock/mock",
                    "small_model": "mock/mock",
                    "autoupdate": false,
                    "share": "disabled",
                    "provider": {"mock": {
                        "npm": "@ai-sdk/openai-compatible",
                        "name": "Mock",
                        "options": {"baseURL": format!("{url}/v1"), "apiKey": "mock"},
                        "models": {"mock": {"name": "Mock", "limit": {"context": 128_000, "output": 4_096}}},
                    }},
                });
                write(&home.join(".config/opencode/opencode.json"), &settings.to_string())?;
                set("OPENCODE_DISABLE_MODELS_FETCH", "1".to_owned());
            }
        }
        Ok(environment)
    }
}

fn npm(
    folder: &Path,
    package: &str,
    program: &str,
    argument: &str,
    is_done: bool,
) -> anyhow::Result<Installed> {
    if !is_done {
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--loglevel", "error", "--prefix"]);
        succeed(npm.arg(folder).arg(package))
            .with_context(|| format!("cannot install {package}; are Node and its registry there?"))?;
    }
    let program = folder.join("node_modules/.bin").join(program);
    Ok(Installed {
        command: vec![program.display().to_string(), argument.to_owned()],
        environment: BTreeMap::new(),
    })
}

/// In a virtual environment, or beside the system's packages where Python has none to make.
fn pip(
    folder: &Path,
    package: &str,
    program: &str,
    argument: &str,
    is_done: bool,
) -> anyhow::Result<Installed> {
    let venv = folder.join("venv");
    let packages = folder.join("packages");
    if !is_done {
        let has_venv = Command::new("python3")
            .args(["-c", "import venv, ensurepip"])
            .output()
            .is_ok_and(|output| output.status.success());
        let (python, target): (PathBuf, Option<&Path>) = if has_venv {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))
                .context("cannot make a virtual environment")?;
            (venv.join("bin/python"), None)
        } else {
            ("python3".into(), Some(&packages))
        };
        let mut pip = Command::new(python);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]);
        if let Some(target) = target {
            pip.arg("--target").arg(target);
        }
        succeed(pip.arg(package))
            .with_context(|| format!("cannot install {package}; are Python and its package index there?"))?;
    }
    let mut environment = BTreeMap::new();
    let bin = if venv.exists() {
        venv.join("bin")
    } else {
        environment.insert("PYTHONPATH".to_owned(), packages.display().to_string());
        packages.join("bin")
    };
    Ok(Installed { command: vec![bin.join(program).display().to_string(), argument.to_owned()], environment })
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().context("a file is in a folder")?;
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("cannot start {program}"))?;
    if !status.success() {
        bail!("{program}: {status}");
    }
    Ok(())
}
