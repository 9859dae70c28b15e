//! Can the agent be started?

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::verdict::{Fault, Verdict};
use crate::agent::AgentSpec;
use crate::exit::Exit;

/// The longest first line of a script that the system looks at, in bytes.
const MAX_SHEBANG: u64 = 256;

/// What is known of the program that is to answer. It is looked at and not run: what it would do is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// Part of the gateway.
    BuiltIn,
    /// It is there and may be executed.
    Found(PathBuf),
    /// It is nowhere.
    Missing(String),
    /// It is there and may not be executed.
    NotExecutable(PathBuf),
    /// It is a script for a program that is not there.
    NoInterpreter { script: PathBuf, interpreter: PathBuf },
}

/// `place` says where the agent is named.
pub(crate) fn verdict(spec: &AgentSpec, place: &str, program: &Program) -> Verdict {
    let (what, remedy) = match program {
        Program::BuiltIn => return Verdict::Passed(format!("{spec}, from {place}")),
        Program::Found(path) => {
            return Verdict::Passed(format!("{} can be executed, from {place}", path.display()));
        }
        Program::Missing(name) => {
            (format!("the agent's program {name} was not found, named by {place}"), remedy_of_missing(spec))
        }
        Program::NotExecutable(path) => (
            format!("the agent's program {} may not be executed, named by {place}", path.display()),
            format!("chmod +x {}", path.display()),
        ),
        Program::NoInterpreter { script, interpreter } => (
            format!("{} asks for {}, which is not there", script.display(), interpreter.display()),
            "install that program, or correct the script's first line".to_owned(),
        ),
    };
    Verdict::Failed(Fault::new(what, remedy), Exit::Config)
}

fn remedy_of_missing(spec: &AgentSpec) -> String {
    let install = match spec {
        AgentSpec::Acp(acp) => acp.install(),
        _ => None,
    };
    let install = install.map_or_else(|| "install it".to_owned(), |how| format!("install it ({how})"));
    format!("{install}, or write its whole path: a service may have another PATH than your shell")
}

/// Looks for the program of an agent as starting it would, on this `PATH`.
pub(crate) fn look(spec: &AgentSpec, path: Option<&str>) -> Program {
    let Some(name) = spec.argv().first().map(String::as_str) else { return Program::BuiltIn };
    let mut candidates: Vec<PathBuf> = if name.contains('/') {
        vec![PathBuf::from(name)]
    } else {
        path.map(|path| std::env::split_paths(path).map(|folder| folder.join(name)).collect())
            .unwrap_or_default()
    };
    candidates.retain(|candidate| candidate.is_file());
    match candidates.iter().find(|candidate| is_executable(candidate)) {
        Some(found) => match interpreter(found) {
            Some(interpreter) if !interpreter.exists() => {
                Program::NoInterpreter { script: found.clone(), interpreter }
            }
            _ => Program::Found(found.clone()),
        },
        None => match candidates.into_iter().next() {
            Some(there) => Program::NotExecutable(there),
            None => Program::Missing(name.to_owned()),
        },
    }
}

fn is_executable(path: &Path) -> bool {
    // By the mode: whether it is this user's to execute, only executing would say.
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

/// The program that a script's first line asks for.
fn interpreter(path: &Path) -> Option<PathBuf> {
    let mut line = Vec::new();
    BufReader::new(File::open(path).ok()?.take(MAX_SHEBANG)).read_until(b'\n', &mut line).ok()?;
    let line = String::from_utf8(line).ok()?;
    line.strip_prefix("#!")?.split_whitespace().next().map(PathBuf::from)
}
