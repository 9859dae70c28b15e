//! `cargo xtask oldest`: the crates with a low `rust-version`, built by that very compiler.
//!
//! `check-layers` and clippy compare what they are built from and which parts of the standard library they use; only a
//! compiler of that age sees a feature of the language that it does not know.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail};
use cargo_metadata::MetadataCommand;

use crate::floor::LOW;

/// Checks each crate with the compiler that its manifest names, where rustup has that one.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cannot read the manifests of the workspace; `cargo metadata --no-deps` shows why")?;
    let installed = installed();
    for name in LOW {
        let package = metadata.packages.iter().find(|package| package.name.as_str() == *name);
        let version = package.and_then(|package| package.rust_version.as_ref()).with_context(|| {
            format!("{name}/Cargo.toml names no `rust-version`; name the oldest that it needs")
        })?;
        let Some(toolchain) = toolchain(&installed, &version.to_string()) else {
            println!(
                "{name}: not built with Rust {version}, which is not installed; \
                 `rustup toolchain install {version} --profile minimal` has it built from then on"
            );
            continue;
        };
        let built = Command::new("cargo")
            .arg(format!("+{toolchain}"))
            .args(["check", "--package", name, "--locked", "--target-dir"])
            .arg(metadata.target_directory.join("oldest").as_std_path())
            .current_dir(root)
            // Of the cargo that runs this.
            .env_remove("CARGO")
            .env_remove("RUSTC")
            .env_remove("RUSTUP_TOOLCHAIN")
            .status()
            .context("cannot start cargo; is it in PATH?")?;
        if !built.success() {
            bail!(
                "{name} does not build with Rust {version}, which it says it needs at most; write it in older terms, or \
                 raise `rust-version`, which CHANGELOG.md then says"
            );
        }
        println!("{name}: builds with Rust {version}");
    }
    Ok(())
}

/// What rustup has; nothing where there is no rustup.
fn installed() -> String {
    let list = Command::new("rustup").args(["toolchain", "list"]).output();
    list.map(|list| String::from_utf8_lossy(&list.stdout).into_owned()).unwrap_or_default()
}

/// The name of an installed toolchain of this version.
fn toolchain<'i>(installed: &'i str, version: &str) -> Option<&'i str> {
    let short = version.trim_end_matches(".0");
    let names = installed.lines().filter_map(|line| line.split_whitespace().next());
    names
        .into_iter()
        .find(|name| [version, short].iter().any(|version| name.starts_with(&format!("{version}-"))))
}

#[cfg(test)]
mod tests {
    use super::toolchain;

    #[test]
    fn the_toolchain_of_a_version_is_found_under_either_name() {
        let installed =
            "stable-x86_64-unknown-linux-gnu (active, default)\n1.85.0-x86_64-unknown-linux-gnu\n1.9-x\n";
        assert_eq!(toolchain(installed, "1.85.0"), Some("1.85.0-x86_64-unknown-linux-gnu"));
        assert_eq!(toolchain(installed, "1.9.0"), Some("1.9-x"));
        assert_eq!(toolchain(installed, "1.8.0"), None);
        assert_eq!(toolchain("", "1.85.0"), None);
    }
}
