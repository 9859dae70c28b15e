//! What each published crate says of itself: to a registry, to docs.rs, to who thinks of using it, and, by its public
//! types, to who uses it.

use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{MetadataCommand, Package, TargetKind};
use serde_json::Value;

use crate::surface;
use crate::violation::Violation;

/// What is looked at of one package.
#[derive(Debug, Clone, Default)]
struct Facts {
    name: String,
    description: bool,
    keywords: usize,
    categories: usize,
    documentation: bool,
    readme: bool,
    licenses: bool,
    is_library: bool,
    is_program: bool,
    examples: usize,
    docs_rs: bool,
    semver_lints: bool,
}

/// Every published crate below `root` that lacks something.
pub(crate) fn find(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cannot read the manifests of the workspace; `cargo metadata --no-deps` shows why")?;
    // `publish = false` is an empty list of registries.
    let published =
        metadata.packages.iter().filter(|package| package.publish.as_ref().is_none_or(|to| !to.is_empty()));
    let facts: Vec<_> = published.map(facts).collect();
    // The library of a program is for its own tests.
    let libraries = facts.iter().filter(|facts| facts.is_library && !facts.is_program);
    let libraries = libraries.map(|facts| facts.name.as_str());
    let mut found = surface::find(root, libraries)?;
    found.extend(facts.iter().flat_map(violations));
    Ok(found)
}

fn facts(package: &Package) -> Facts {
    let folder =
        package.manifest_path.parent().map(|folder| folder.as_std_path().to_owned()).unwrap_or_default();
    let has = |file: &str| folder.join(file).is_file();
    let of_kind =
        |kind: &TargetKind| package.targets.iter().filter(|target| target.kind.contains(kind)).count();
    Facts {
        name: package.name.to_string(),
        description: package.description.as_ref().is_some_and(|text| !text.is_empty()),
        keywords: package.keywords.len(),
        categories: package.categories.len(),
        documentation: package.documentation.is_some(),
        readme: package.readme.as_ref().is_some_and(|readme| has(readme.as_str())),
        licenses: has("LICENSE-APACHE") && has("LICENSE-MIT"),
        is_library: of_kind(&TargetKind::Lib) > 0,
        is_program: of_kind(&TargetKind::Bin) > 0,
        examples: of_kind(&TargetKind::Example),
        docs_rs: package.metadata.pointer("/docs/rs/all-features") == Some(&Value::Bool(true)),
        semver_lints: package.metadata.pointer("/cargo-semver-checks/lints/workspace")
            == Some(&Value::Bool(true)),
    }
}

fn violations(facts: &Facts) -> Vec<Violation> {
    let library = |holds: bool| !facts.is_library || holds;
    let rules = [
        (facts.description, "a `description`"),
        ((1..=5).contains(&facts.keywords), "one to five `keywords`"),
        ((1..=5).contains(&facts.categories), "one to five `categories`"),
        (facts.documentation, "`documentation`"),
        (facts.readme, "`readme = \"README.md\"`, and the file"),
        (facts.licenses, "links LICENSE-APACHE and LICENSE-MIT to the texts above it"),
        (facts.docs_rs, "`all-features = true` under [package.metadata.docs.rs]"),
        (
            library(facts.semver_lints),
            "`workspace = true` under [package.metadata.cargo-semver-checks.lints]",
        ),
        (library(facts.examples > 0), "a program in examples/ that shows what the library is for"),
    ];
    let missing = rules.into_iter().filter(|(holds, _)| !holds);
    missing
        .map(|(_, rule)| Violation {
            place: format!("{}/Cargo.toml", facts.name),
            expected: rule.into(),
            actual: "there is none".into(),
            remedy: "write it, or set `publish = false` for a crate that nobody else needs".into(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complete() -> Facts {
        Facts {
            name: "relay-a".into(),
            description: true,
            keywords: 3,
            categories: 1,
            documentation: true,
            readme: true,
            licenses: true,
            is_library: true,
            is_program: false,
            examples: 1,
            docs_rs: true,
            semver_lints: true,
        }
    }

    #[test]
    fn a_complete_crate_passes_and_each_thing_that_it_lacks_is_found() {
        assert_eq!(violations(&complete()), []);
        let lacking = [
            Facts { description: false, ..complete() },
            Facts { keywords: 0, ..complete() },
            Facts { keywords: 6, ..complete() },
            Facts { categories: 0, ..complete() },
            Facts { documentation: false, ..complete() },
            Facts { readme: false, ..complete() },
            Facts { licenses: false, ..complete() },
            Facts { examples: 0, ..complete() },
            Facts { docs_rs: false, ..complete() },
            Facts { semver_lints: false, ..complete() },
        ];
        for facts in lacking {
            assert_eq!(violations(&facts).len(), 1, "{facts:?}");
        }
    }

    #[test]
    fn a_program_needs_no_example() {
        let program = Facts { is_library: false, examples: 0, semver_lints: false, ..complete() };
        assert_eq!(violations(&program), []);
    }
}
