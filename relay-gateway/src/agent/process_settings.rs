//! What an operator says of an agent's processes, whatever kind of agent it is: folder, environment, account.

use std::collections::BTreeMap;
use std::fmt;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use relay_acp::{Account, AccountError, Environment, Preset};
use relay_config::{Block, Origin, Setting};
use tracing::warn;

use super::kind::{AgentHost, AgentProblem};

/// The keys `cwd`, `env`, `env_from` and `user`.
#[derive(Clone, Default)]
pub(super) struct ProcessSettings {
    pub(super) cwd: Option<PathBuf>,
    env: BTreeMap<String, String>,
    env_from: Vec<String>,
    user: Option<String>,
}

impl fmt::Debug for ProcessSettings {
    /// Without the values of variables, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessSettings")
            .field("cwd", &self.cwd)
            .field("env_from", &self.env_from)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl ProcessSettings {
    /// Reads the keys; `cwd` says what counts without that one.
    pub(super) fn read(block: &mut Block, cwd: &str) -> Self {
        let folder = absolute_path(block, "cwd");
        block.otherwise(cwd);
        Self { cwd: folder, env: own_names(block), env_from: own_list(block), user: account(block) }
    }

    /// Of the gateway's environment an agent gets what every program needs, and what its preset and its settings name.
    pub(super) fn environment(&self, host: &AgentHost, preset: Option<&Preset>) -> Environment {
        let mut environment = Environment::inherited(&*host.environment);
        let (env, env_from) = preset.map(|preset| (preset.env, preset.env_from)).unwrap_or_default();
        for &(name, value) in env {
            environment.set(name, value);
        }
        for name in env_from.iter().copied().chain(self.env_from.iter().map(String::as_str)) {
            match (host.environment)(name) {
                Some(value) => drop(environment.set(name, value)),
                None if self.env_from.iter().any(|asked| asked == name) => {
                    warn!(name, "a variable of `env_from` is set neither in the environment nor in .env");
                }
                None => {}
            }
        }
        for (name, value) in &self.env {
            environment.set(name, value);
        }
        environment
    }

    /// The account that it runs under, where that is not the gateway's own.
    pub(super) fn account(&self) -> Result<Option<Account>, AgentProblem> {
        let account = self.user.as_deref().map(Account::find).transpose();
        account.map(Option::flatten).map_err(account_problem)
    }
}

/// Looks whether an account can run a program in a folder. Either may be missing as yet.
pub(super) fn check_account(account: &Account, program: &Path, folder: &Path) -> Result<(), AgentProblem> {
    let name = account.name();
    for (what, path) in [("where the agent works", folder), ("the agent's program", program)] {
        if let Some(closed) = closed_to(account, path) {
            let closed = closed.display();
            return Err(AgentProblem::new(
                format!(
                    "the account `{name}` may not enter or execute {closed}, which is on the way to {what}"
                ),
                format!(
                    "chmod o+x {closed}, or choose another place: `cwd` for the work, `command` for the program"
                ),
            ));
        }
    }
    Ok(())
}

/// An absolute path, for what starts in a folder of its own.
fn absolute_path(block: &mut Block, key: &'static str) -> Option<PathBuf> {
    let Setting { value, origin, .. } = block.text(key)?;
    if Path::new(&value).is_absolute() {
        return Some(value.into());
    }
    block.problem(&origin, format!("`{value}` is no absolute path; write one that begins with /"));
    None
}

fn own_names(block: &mut Block) -> BTreeMap<String, String> {
    let Some(Setting { value, origin, .. }) = block.variables("env") else { return BTreeMap::new() };
    for name in value.keys() {
        refuse_withheld(block, &origin, name);
    }
    value
}

fn own_list(block: &mut Block) -> Vec<String> {
    let Some(Setting { value, origin, .. }) = block.words("env_from") else { return Vec::new() };
    for name in &value {
        refuse_withheld(block, &origin, name);
    }
    value
}

fn refuse_withheld(block: &mut Block, origin: &Origin, name: &str) {
    if !Environment::default().set(name, "") {
        block.problem(origin, format!("{name} is the gateway's own and no agent gets it; remove it"));
    }
}

fn account(block: &mut Block) -> Option<String> {
    let user = block.text("user");
    block.otherwise("the gateway's own");
    let user = user?;
    if let Err(error) = Account::find(&user.value) {
        block.problem(&user.origin, error.to_string());
    }
    Some(user.value)
}

fn account_problem(error: AccountError) -> AgentProblem {
    match error {
        AccountError::Unknown(name) => AgentProblem::new(
            format!("there is no account `{name}` in /etc/passwd"),
            "create it, or correct `user`",
        ),
        AccountError::NotRoot(name) => AgentProblem::new(
            format!("only a gateway that runs as root can run an agent as `{name}`"),
            "start it as root, or remove `user`",
        ),
        other => AgentProblem::new(other.to_string(), "name another account, or remove `user`"),
    }
}

/// The first folder on the way to `path`, or the file there, that an account may not enter or execute.
fn closed_to(account: &Account, path: &Path) -> Option<PathBuf> {
    let mut way: Vec<&Path> = path.ancestors().collect();
    way.reverse();
    let closed = way.into_iter().find(|folder| {
        folder.metadata().is_ok_and(|metadata| {
            let bit = if metadata.uid() == account.user() {
                0o100
            } else if metadata.gid() == account.group() || account.groups().contains(&metadata.gid()) {
                0o010
            } else {
                0o001
            };
            metadata.mode() & bit == 0
        })
    });
    closed.map(Path::to_owned)
}
