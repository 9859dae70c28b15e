//! Where a secret is: never in the file itself.

use std::fmt;
use std::path::{Path, PathBuf};

use relay_auth::Secret;
use relay_config::{Block, Origin};

use crate::FrontProblem;

/// A secret's place: a file of its own, or a variable of the environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretReference {
    /// The content of this file, without the blanks around it.
    File(PathBuf),
    /// The value of this variable.
    Variable(String),
}

impl SecretReference {
    /// Reads `NAME_file` or `NAME_env` of a block, whose keys are given; files are looked for in `folder`. A secret under
    /// `inline` is refused, and not repeated. What is wrong is noted in the block.
    pub(crate) fn read(
        block: &mut Block,
        inline: &'static str,
        in_file: &'static str,
        in_variable: &'static str,
        folder: &Path,
    ) -> Option<(Self, Origin)> {
        if block.keys().iter().any(|key| key == inline) {
            block.leave(inline);
            let origin = block.origin_of(inline);
            block.problem(
                &origin,
                format!(
                    "a secret does not stand in this file; put it into a file that only you can read, and name that \
                     with `{in_file}`"
                ),
            );
            return None;
        }
        let (file, variable) = (block.text(in_file), block.text(in_variable));
        match (file, variable) {
            (Some(file), None) => Some((Self::File(folder.join(file.value)), file.origin)),
            (None, Some(name)) => Some((Self::Variable(name.value), name.origin)),
            (Some(_), Some(name)) => {
                block.problem(
                    &name.origin,
                    format!("`{in_file}` and `{in_variable}` both say where the secret is; keep one of them"),
                );
                None
            }
            (None, None) => {
                let origin = block.origin();
                block.problem(&origin, format!("nothing says where the secret is; write `{in_file}: FILE`"));
                None
            }
        }
    }

    /// The secret.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub fn secret(&self) -> Result<Secret, FrontProblem> {
        let text = match self {
            Self::File(path) => std::fs::read_to_string(path).map_err(|error| {
                FrontProblem::new(
                    format!("{} cannot be read: {error}", path.display()),
                    "put the secret into that file, mode 0600",
                )
            })?,
            Self::Variable(name) => std::env::var(name).map_err(|_| {
                FrontProblem::new(
                    format!("the variable {name} is not set"),
                    format!("set {name} for this program, or name a file"),
                )
            })?,
        };
        let text = text.trim();
        if text.is_empty() {
            return Err(FrontProblem::new(format!("{self} is empty"), "put the secret there"));
        }
        Ok(Secret::new(text))
    }
}

impl fmt::Display for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Variable(name) => write!(f, "the variable {name}"),
        }
    }
}
