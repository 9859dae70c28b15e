//! What other people's code the workspace is built from: its licenses, its sources, and what is banned.
//!
//! The rules are those of `deny.toml`, which cargo-deny reads too. It checks advisories as well, for which it
//! fetches a database; this check needs the lock file and the packages that a build has downloaded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{CargoOpt, MetadataCommand};
use serde::Deserialize;
use spdx::{Expression, LicenseReq, ParseMode};

use crate::tree::Tree;
use crate::violation::Violation;

/// The part of `deny.toml` that this check holds the tree to.
#[derive(Debug, Deserialize)]
struct Rules {
    licenses: Licenses,
    bans: Bans,
    sources: Sources,
}

#[derive(Debug, Deserialize)]
struct Licenses {
    /// Licenses that any package may have.
    allow: BTreeSet<String>,
    /// Licenses that one package may have.
    #[serde(default)]
    exceptions: Vec<LicenseException>,
}

#[derive(Debug, Deserialize)]
struct LicenseException {
    #[serde(rename = "crate")]
    package: String,
    allow: BTreeSet<String>,
}

#[derive(Debug, Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Debug, Deserialize)]
struct Ban {
    #[serde(rename = "crate")]
    package: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Sources {
    unknown_registry: String,
    unknown_git: String,
}

/// One package of a lock file.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
struct Locked {
    name: String,
    version: String,
    /// Where it comes from; nothing for a crate of the workspace.
    source: Option<String>,
}

/// The public registry, as Cargo writes it into lock files.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The lock files; that of the fuzz targets is its own.
const LOCK_FILES: &[&str] = &["Cargo.lock", "fuzz/Cargo.lock"];

/// Every package below `root` that `deny.toml` does not allow.
pub(crate) fn find(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let rules = fs::read_to_string(root.join("deny.toml")).context("cannot read deny.toml")?;
    let rules: Rules = toml::from_str(&rules).context("deny.toml lacks what `xtask/src/supply.rs` reads")?;
    let tree = Tree::resolve(root, &[CargoOpt::AllFeatures])?;
    let mut violations = rules.loosened();
    violations.extend(rules.unlicensed(&licenses(root)?));
    for place in LOCK_FILES {
        let locked =
            locked(&fs::read_to_string(root.join(place)).with_context(|| format!("cannot read {place}"))?)
                .with_context(|| format!("{place} is no lock file"))?;
        violations.extend(rules.banned(place, &locked, &tree));
        violations.extend(unknown_sources(place, &locked));
    }
    Ok(violations)
}

fn locked(text: &str) -> Result<Vec<Locked>, toml::de::Error> {
    #[derive(Deserialize)]
    struct LockFile {
        package: Vec<Locked>,
    }
    toml::from_str::<LockFile>(text).map(|file| file.package)
}

/// The license expression of each package, ours included; nothing where a package states none.
fn licenses(root: &Path) -> anyhow::Result<BTreeMap<String, Option<String>>> {
    let mut command = MetadataCommand::new();
    command.manifest_path(root.join("Cargo.toml")).features(CargoOpt::AllFeatures);
    command.other_options(["--locked", "--filter-platform", "host-tuple"].map(String::from).to_vec());
    let metadata =
        command.exec().context("cannot resolve the workspace; `cargo metadata --locked` shows why")?;
    let named = |package: &cargo_metadata::Package| format!("{} {}", package.name, package.version);
    Ok(metadata.packages.iter().map(|package| (named(package), package.license.clone())).collect())
}

impl Rules {
    /// Rules that would let anything pass.
    fn loosened(&self) -> Vec<Violation> {
        let rules = [
            ("unknown-registry", &self.sources.unknown_registry),
            ("unknown-git", &self.sources.unknown_git),
        ];
        let loose = rules.into_iter().filter(|(_, level)| *level != "deny");
        let loose = loose.map(|(rule, level)| Violation {
            place: "deny.toml [sources]".into(),
            expected: format!("{rule} = \"deny\": what is published can only need what is published"),
            actual: format!("{rule} = \"{level}\""),
            remedy: "set it back".into(),
        });
        loose
            .chain(self.bans.deny.iter().filter(|ban| ban.reason.split(' ').count() < 4).map(|ban| {
                Violation {
                    place: "deny.toml [bans]".into(),
                    expected: "a reason for each ban".into(),
                    actual: format!("`{}`: \"{}\"", ban.package, ban.reason),
                    remedy: "write what is used instead, and why".into(),
                }
            }))
            .collect()
    }

    fn unlicensed(&self, licenses: &BTreeMap<String, Option<String>>) -> Vec<Violation> {
        let unlicensed = licenses.iter().filter(|(package, license)| {
            let name = package.split(' ').next().unwrap_or_default();
            !license.as_deref().is_some_and(|license| self.allows(name, license))
        });
        let violation = |(package, license): (&String, &Option<String>)| Violation {
            place: format!("Cargo.lock: {package}"),
            expected: "a license that deny.toml allows".into(),
            actual: license.clone().unwrap_or_else(|| "none stated".into()),
            remedy: "do without the package, or read its license and add it to deny.toml: to `allow`, or to \
                     `exceptions` with the reason"
                .into(),
        };
        unlicensed.map(violation).collect()
    }

    fn allows(&self, package: &str, license: &str) -> bool {
        let own: BTreeSet<&str> = self
            .licenses
            .exceptions
            .iter()
            .filter(|exception| exception.package == package)
            .flat_map(|exception| exception.allow.iter().map(String::as_str))
            .collect();
        let named = |license: &LicenseReq| {
            let license = license.to_string();
            self.licenses.allow.contains(&license) || own.contains(license.as_str())
        };
        Expression::parse_mode(license, ParseMode::LAX).is_ok_and(|expression| expression.evaluate(named))
    }

    fn banned(&self, place: &str, locked: &[Locked], tree: &Tree) -> Vec<Violation> {
        let violation = |(ban, package): (&Ban, &Locked)| {
            let ways = crate::layers::LAYERS
                .iter()
                .flat_map(|layer| tree.ways(layer.name, |name| name == ban.package));
            Violation {
                place: place.to_owned(),
                expected: format!("no `{}`: {}", ban.package, ban.reason),
                actual: ways.min_by_key(Vec::len).map_or_else(
                    || {
                        format!(
                            "{} {}; `cargo tree --target all -i {}` shows who asks for it",
                            package.name, package.version, package.name
                        )
                    },
                    |way| way.join(" -> "),
                ),
                remedy: "turn off the feature that asks for it, or do without the package above it".into(),
            }
        };
        let pairs = self.bans.deny.iter().flat_map(|ban| locked.iter().map(move |package| (ban, package)));
        pairs.filter(|(ban, package)| ban.package == package.name).map(violation).collect()
    }
}

fn unknown_sources(place: &str, locked: &[Locked]) -> Vec<Violation> {
    let unknown =
        locked.iter().filter(|package| package.source.as_deref().is_some_and(|from| from != REGISTRY));
    let violation = |package: &Locked| Violation {
        place: place.to_owned(),
        expected: "packages of the public registry, and our own".into(),
        actual: format!(
            "{} {} from {}",
            package.name,
            package.version,
            package.source.as_deref().unwrap_or_default()
        ),
        remedy: "take a version that is published".into(),
    };
    unknown.map(violation).collect()
}
#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [licenses]
        allow = ["MIT", "Apache-2.0"]
        exceptions = [{ crate = "roots", allow = ["CDLA-Permissive-2.0"] }]
        [bans]
        deny = [{ crate = "openssl", reason = "TLS is rustls over ring" }]
        [sources]
        unknown-registry = "deny"
        unknown-git = "deny"
    "#;

    fn rules() -> Rules {
        toml::from_str(RULES).unwrap()
    }

    fn locked_one(name: &str, source: Option<&str>) -> Vec<Locked> {
        vec![Locked { name: name.into(), version: "1.0.0".into(), source: source.map(Into::into) }]
    }

    #[test]
    fn a_license_is_allowed_when_one_way_through_its_expression_is() {
        for license in
            ["MIT", "MIT OR Apache-2.0", "MIT/Apache-2.0", "GPL-3.0-only OR MIT", "MIT AND Apache-2.0"]
        {
            assert!(rules().allows("any", license), "{license}");
        }
        for license in
            ["GPL-3.0-only", "MIT AND GPL-3.0-only", "Apache-2.0 WITH LLVM-exception", "", "no license"]
        {
            assert!(!rules().allows("any", license), "{license}");
        }
    }

    #[test]
    fn an_exception_is_for_its_package_alone_and_no_license_is_none() {
        let found = |package: &str, license: Option<&str>| {
            rules().unlicensed(&[(format!("{package} 1.0.0"), license.map(Into::into))].into())
        };
        assert_eq!(found("roots", Some("CDLA-Permissive-2.0")), []);
        assert_eq!(found("other", Some("CDLA-Permissive-2.0")).len(), 1);
        assert_eq!(found("other", None)[0].actual, "none stated");
    }

    #[test]
    fn a_banned_package_is_found_with_the_reason_and_the_way_to_it() {
        let tree = Tree::of(&[("relay-net", "http-thing"), ("http-thing", "openssl")]);
        let found = rules().banned("Cargo.lock", &locked_one("openssl", Some(REGISTRY)), &tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].expected, "no `openssl`: TLS is rustls over ring");
        assert_eq!(found[0].actual, "relay-net -> http-thing -> openssl");
        // Locked for another platform: the host's tree does not have it.
        let elsewhere =
            rules().banned("Cargo.lock", &locked_one("openssl", Some(REGISTRY)), &Tree::default());
        assert!(elsewhere[0].actual.starts_with("openssl 1.0.0; `cargo tree"), "{}", elsewhere[0].actual);
        assert_eq!(rules().banned("Cargo.lock", &locked_one("rustls", Some(REGISTRY)), &tree), []);
    }

    #[test]
    fn a_package_from_a_repository_or_another_registry_is_found() {
        let found = |source| unknown_sources("Cargo.lock", &locked_one("a", source)).len();
        assert_eq!(found(Some(REGISTRY)), 0);
        assert_eq!(found(None), 0);
        assert_eq!(found(Some("git+https://example.org/a?rev=1#1")), 1);
        assert_eq!(found(Some("registry+https://example.org/index")), 1);
    }

    #[test]
    fn rules_that_let_anything_pass_are_found() {
        assert_eq!(rules().loosened(), []);
        let loose: Rules = toml::from_str(&RULES.replace("git = \"deny\"", "git = \"allow\"")).unwrap();
        assert_eq!(loose.loosened().len(), 1);
        let silent: Rules = toml::from_str(&RULES.replace("TLS is rustls over ring", "no")).unwrap();
        assert_eq!(silent.loosened().len(), 1);
    }
}
