//! The oldest Rust that a crate says it needs, and whether everything it is built from needs no newer one.
//!
//! Whether its own code does is clippy's `incompatible_msrv`, which knows since when each item of the standard
//! library is stable. What neither sees is a feature of the language itself: for that, `cargo xtask oldest` has them
//! built by that compiler.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::MetadataCommand;
use cargo_metadata::semver::Version;

use crate::tree::Tree;
use crate::violation::Violation;

/// The crates that others build on, possibly with an older compiler.
pub(crate) const LOW: &[&str] = &["relay-wire", "relay-auth"];

/// Every package below one of those crates that asks for a newer compiler than the crate says.
pub(crate) fn find(root: &Path, tree: &Tree) -> anyhow::Result<Vec<Violation>> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root.join("Cargo.toml"));
    command.other_options(["--locked", "--filter-platform", "host-tuple"].map(String::from).to_vec());
    let metadata =
        command.exec().context("cannot resolve the workspace; `cargo metadata --locked` shows why")?;
    // Of two versions of a package the newer demand counts: the tree knows packages by name.
    let mut floors = BTreeMap::new();
    for package in metadata.packages {
        let floor = package.rust_version.unwrap_or(Version::new(1, 0, 0));
        let known = floors.entry(package.name.to_string()).or_insert_with(|| floor.clone());
        *known = floor.max(known.clone());
    }
    Ok(violations(tree, &floors))
}

fn violations(tree: &Tree, floors: &BTreeMap<String, Version>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for name in LOW {
        let Some(own) = floors.get(*name) else { continue };
        let newer = tree.ways(name, |package| floors.get(package).is_some_and(|floor| floor > own));
        violations.extend(newer.iter().map(|way| {
            Violation {
                place: format!("{name}/Cargo.toml"),
                expected: format!(
                    "nothing below {name} that needs a newer Rust than its `rust-version`, {own}"
                ),
                actual: format!("{} needs {}", way.join(" -> "), floors[way[way.len() - 1]]),
                remedy: "take a version of that package which needs no more, or raise `rust-version`, which \
                     CHANGELOG.md then says"
                    .into(),
            }
        }));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_needs_a_newer_compiler_is_found_with_the_way_to_it() {
        let tree = Tree::of(&[("relay-wire", "memchr"), ("memchr", "modern"), ("relay-net", "modern")]);
        let floors = |modern| {
            [("relay-wire", 85), ("memchr", 61), ("modern", modern)]
                .map(|(name, minor)| (name.to_owned(), Version::new(1, minor, 0)))
                .into()
        };
        assert!(violations(&tree, &floors(85)).is_empty());
        let found = violations(&tree, &floors(86));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].actual, "relay-wire -> memchr -> modern needs 1.86.0");
    }
}
