//! One step of a run: a command or a check, and how to run it alone.

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::check::Check;

/// What a step does.
pub(crate) enum Step {
    /// A cargo command, run in the workspace root.
    Cargo {
        /// What follows `cargo`, separated by single spaces.
        arguments: &'static str,
        /// Variables that are set for it.
        environment: &'static [(&'static str, &'static str)],
    },
    /// A check of this program.
    Check(&'static Check),
}

impl Step {
    /// A cargo command in the environment as it is.
    pub(crate) const fn cargo(arguments: &'static str) -> Self {
        Self::Cargo { arguments, environment: &[] }
    }

    /// Runs the step to its end, its output shown as it comes.
    pub(crate) fn run(&self, root: &Path) -> anyhow::Result<()> {
        match self {
            Self::Check(check) => check.verify(root),
            Self::Cargo { arguments, environment } => {
                let status = Command::new("cargo")
                    .args(arguments.split(' '))
                    .envs(environment.iter().copied())
                    .current_dir(root)
                    .status()
                    .context("cannot start cargo; is it in PATH?")?;
                if !status.success() {
                    bail!("{status}");
                }
                Ok(())
            }
        }
    }
}

/// The line that runs the step alone, from the workspace root.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check(check) => write!(f, "cargo xtask {}", check.name),
            Self::Cargo { arguments, environment } => {
                for (name, value) in *environment {
                    write!(f, "{name}='{value}' ")?;
                }
                write!(f, "cargo {arguments}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn a_step_is_shown_as_the_line_that_runs_it_alone() {
        assert_eq!(Step::Check(&check::LAYERS).to_string(), "cargo xtask check-layers");
        let step =
            Step::Cargo { arguments: "doc --no-deps", environment: &[("RUSTDOCFLAGS", "-D warnings")] };
        assert_eq!(step.to_string(), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }

    #[test]
    fn a_command_that_fails_is_an_error() {
        let error = Step::cargo("fails-on-purpose").run(crate::root()).unwrap_err();
        assert!(error.to_string().contains("exit status"), "{error}");
        assert!(Step::cargo("--version").run(crate::root()).is_ok());
    }
}
