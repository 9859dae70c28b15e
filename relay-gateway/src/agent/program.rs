//! The program of an agent, looked for as starting it would.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::kind::AgentProblem;

/// The longest first line of a script that the system looks at, in bytes.
const MAX_SHEBANG: u64 = 256;

/// Looks for a program on this `PATH`, and says where it is. It is looked at and not run. `install` is how it is
/// installed, where that is known.
pub(super) fn find(name: &str, path: Option<&str>, install: Option<&str>) -> Result<PathBuf, AgentProblem> {
    let mut candidates: Vec<PathBuf> = if name.contains('/') {
        vec![PathBuf::from(name)]
    } else {
        path.map(|path| std::env::split_paths(path).map(|folder| folder.join(name)).collect())
            .unwrap_or_default()
    };
    candidates.retain(|candidate| candidate.is_file());
    let Some(found) = candidates.iter().find(|candidate| is_executable(candidate)) else {
        return Err(match candidates.into_iter().next() {
            Some(there) => AgentProblem::new(
                format!("the agent's program {} may not be executed", there.display()),
                format!("chmod +x {}", there.display()),
            ),
            None => missing(name, install),
        });
    };
    match interpreter(found) {
        Some(interpreter) if !interpreter.exists() => Err(AgentProblem::new(
            format!("{} asks for {}, which is not there", found.display(), interpreter.display()),
            "install that program, or correct the script's first line",
        )),
        _ => Ok(found.clone()),
    }
}

fn missing(name: &str, install: Option<&str>) -> AgentProblem {
    let install = install.map_or_else(|| "install it".to_owned(), |how| format!("install it ({how})"));
    AgentProblem::new(
        format!("the agent's program {name} was not found"),
        format!("{install}, or write its whole path: a service may have another PATH than your shell"),
    )
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
