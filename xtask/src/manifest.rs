//! What the crates of the workspace declare in their manifests, on every platform.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{DependencyKind, MetadataCommand};

/// The declarations of one crate of the workspace that the checks look at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Manifest {
    /// The package name.
    pub(crate) name: String,
    /// All dependencies, one entry for each table they are declared in.
    pub(crate) dependencies: Vec<Dependency>,
    /// Each feature with what it enables, as written.
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// One line of a `[dependencies]`, `[build-dependencies]` or `[dev-dependencies]` table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The name of the package, whatever it is renamed to.
    pub(crate) name: String,
    /// The table.
    pub(crate) kind: Kind,
    /// Whether a feature has to enable it.
    pub(crate) optional: bool,
    /// The features asked for, without the default ones.
    pub(crate) features: Vec<String>,
}

/// When a dependency is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By the crate itself.
    Normal,
    /// By its build script.
    Build,
    /// By its tests, examples and benches.
    Dev,
}

impl Kind {
    /// The manifest table of this kind.
    pub(crate) const fn table(self) -> &'static str {
        match self {
            Self::Normal => "[dependencies]",
            Self::Build => "[build-dependencies]",
            Self::Dev => "[dev-dependencies]",
        }
    }
}

impl Manifest {
    /// The file and table of a dependency, for a [`Violation`](crate::violation::Violation).
    pub(crate) fn place(&self, kind: Kind) -> String {
        format!("{}/Cargo.toml {}", self.name, kind.table())
    }

    /// What the crate needs to be built, tests left out.
    pub(crate) fn shipped_dependencies(&self) -> impl Iterator<Item = &Dependency> {
        self.dependencies.iter().filter(|dependency| dependency.kind != Kind::Dev)
    }

    /// Every feature that leaves `excluded` off, the features it enables in turn included.
    pub(crate) fn features_without(&self, excluded: &[&str]) -> Vec<&str> {
        let lets_none_in = |feature: &&str| !excluded.iter().any(|excluded| self.enables(feature, excluded));
        self.features.keys().map(String::as_str).filter(lets_none_in).collect()
    }

    fn enables(&self, feature: &str, wanted: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![feature];
        while let Some(feature) = open.pop() {
            if feature == wanted {
                return true;
            }
            if seen.insert(feature) {
                open.extend(self.features.get(feature).into_iter().flatten().map(String::as_str));
            }
        }
        false
    }
}

/// Reads the manifests of all workspace members; resolves and downloads nothing.
pub(crate) fn read(root: &Path) -> anyhow::Result<Vec<Manifest>> {
    let metadata = MetadataCommand::new()
        .manifest_path(root.join("Cargo.toml"))
        .no_deps()
        .exec()
        .context("cannot read the manifests of the workspace; `cargo metadata --no-deps` shows why")?;
    Ok(metadata.packages.iter().map(from_package).collect())
}

fn from_package(package: &cargo_metadata::Package) -> Manifest {
    let dependencies = package.dependencies.iter().map(|dependency| Dependency {
        name: dependency.name.clone(),
        kind: match dependency.kind {
            DependencyKind::Development => Kind::Dev,
            DependencyKind::Build => Kind::Build,
            _ => Kind::Normal,
        },
        optional: dependency.optional,
        features: dependency.features.clone(),
    });
    Manifest {
        name: package.name.to_string(),
        dependencies: dependencies.collect(),
        features: package.features.clone().into_iter().collect(),
    }
}

#[cfg(test)]
impl Manifest {
    /// A manifest without dependencies, to be filled by a test.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Adds a dependency that is not optional.
    pub(crate) fn needs(mut self, name: &str, kind: Kind) -> Self {
        self.dependencies.push(Dependency { name: name.into(), kind, optional: false, features: Vec::new() });
        self
    }

    /// Adds an optional dependency of the crate itself.
    pub(crate) fn may_need(mut self, name: &str) -> Self {
        let kind = Kind::Normal;
        self.dependencies.push(Dependency { name: name.into(), kind, optional: true, features: Vec::new() });
        self
    }

    /// Adds a feature.
    pub(crate) fn feature(mut self, name: &str, enables: &[&str]) -> Self {
        self.features.insert(name.into(), enables.iter().map(ToString::to_string).collect());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_enables_the_excluded_one_through_another_is_left_out() {
        let manifest = Manifest::named("gateway")
            .feature("default", &["chat"])
            .feature("chat", &["demo"])
            .feature("demo", &["dep:connector"])
            .feature("metrics", &[]);
        assert_eq!(manifest.features_without(&["demo"]), ["metrics"]);
    }

    #[test]
    fn the_manifests_of_this_tree_are_read_with_kind_features_and_optionality() {
        let manifests = read(crate::root()).unwrap();
        let gateway = manifests.iter().find(|manifest| manifest.name == "relay-gateway").unwrap();
        let connector: Vec<_> =
            gateway.dependencies.iter().filter(|dependency| dependency.name == "relay-connector").collect();
        assert!(connector.iter().any(|dependency| dependency.kind == Kind::Normal && dependency.optional));
        assert!(connector.iter().any(|dependency| dependency.kind == Kind::Dev && !dependency.optional));
        assert!(gateway.features.contains_key("demo"));
        let adapter = manifests.iter().find(|manifest| manifest.name == "relay-adapter").unwrap();
        let tokio = adapter.shipped_dependencies().find(|dependency| dependency.name == "tokio").unwrap();
        assert!(tokio.features.iter().any(|feature| feature == "sync"), "{:?}", tokio.features);
    }
}
