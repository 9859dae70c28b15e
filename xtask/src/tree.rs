//! The resolved dependency tree: what really gets built, through however many crates.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use anyhow::Context as _;
use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand};

/// Which package needs which, by name, dev-dependencies left out.
///
/// Features are unified over the whole workspace, so an edge here may be one that a build of a single
/// crate would lack. No edge of a build is ever missing, which is the side a check has to err on.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Tree {
    /// Resolves the workspace from its lock file with these features.
    ///
    /// Only the host's part is resolved, since that is what a build has downloaded; what is declared for
    /// other platforms is seen in the [manifests](crate::manifest).
    pub(crate) fn resolve(root: &Path, features: &[CargoOpt]) -> anyhow::Result<Self> {
        let mut command = MetadataCommand::new();
        command.manifest_path(root.join("Cargo.toml"));
        command.other_options(["--locked", "--filter-platform", "host-tuple"].map(String::from).to_vec());
        for option in features {
            command.features(option.clone());
        }
        let metadata =
            command.exec().context("cannot resolve the workspace; `cargo metadata --locked` shows why")?;
        Self::from_metadata(&metadata)
    }

    fn from_metadata(metadata: &Metadata) -> anyhow::Result<Self> {
        let names: BTreeMap<_, _> =
            metadata.packages.iter().map(|package| (&package.id, &package.name)).collect();
        let resolve = metadata.resolve.as_ref().context("`cargo metadata` gave no resolved tree")?;
        let mut tree = Self::default();
        for node in &resolve.nodes {
            for dependency in &node.deps {
                if dependency.dep_kinds.iter().any(|info| info.kind != DependencyKind::Development) {
                    tree.insert(names[&node.id], names[&dependency.pkg]);
                }
            }
        }
        Ok(tree)
    }

    /// Adds the edge `from` -> `to`.
    pub(crate) fn insert(&mut self, from: &str, to: &str) {
        self.edges.entry(from.into()).or_default().insert(to.into());
    }

    /// For each package below `from` that the predicate names, one shortest way to it, `from` first.
    ///
    /// A package that is only reached through another one that is named goes away with that, and is left out.
    pub(crate) fn ways(&self, from: &str, wanted: impl Fn(&str) -> bool) -> Vec<Vec<&str>> {
        let Some((from, _)) = self.edges.get_key_value(from) else { return Vec::new() };
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::from([(from.as_str(), "")]);
        let mut open = VecDeque::from([from.as_str()]);
        let mut found = Vec::new();
        while let Some(package) = open.pop_front() {
            for next in self.edges.get(package).into_iter().flatten() {
                if came_from.contains_key(next.as_str()) {
                    continue;
                }
                came_from.insert(next, package);
                if wanted(next) {
                    found.push(way_back(&came_from, next));
                } else {
                    open.push_back(next);
                }
            }
        }
        found
    }
}

fn way_back<'tree>(came_from: &BTreeMap<&'tree str, &'tree str>, to: &'tree str) -> Vec<&'tree str> {
    let mut way = vec![to];
    let mut package = to;
    while let Some(&previous) = came_from.get(package).filter(|previous| !previous.is_empty()) {
        way.push(previous);
        package = previous;
    }
    way.reverse();
    way
}

/// Whether a package name is one of `patterns`: a name, or one with `*` at its end or start.
pub(crate) fn named(package: &str, patterns: &[&str]) -> bool {
    patterns.iter().any(|pattern| {
        if let Some(end) = pattern.strip_prefix('*') {
            package.ends_with(end)
        } else if let Some(start) = pattern.strip_suffix('*') {
            package.starts_with(start)
        } else {
            package == *pattern
        }
    })
}

#[cfg(test)]
impl Tree {
    /// A tree of these edges.
    pub(crate) fn of(edges: &[(&str, &str)]) -> Self {
        let mut tree = Self::default();
        for (from, to) in edges {
            tree.insert(from, to);
        }
        tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_a_package_names_every_crate_on_it() {
        let tree =
            Tree::of(&[("wire", "codec"), ("codec", "bytes"), ("codec", "tokio"), ("gateway", "tokio")]);
        assert_eq!(tree.ways("wire", |name| name == "tokio"), [["wire", "codec", "tokio"]]);
        assert!(tree.ways("wire", |name| name == "gateway").is_empty());
        assert!(tree.ways("absent", |_| true).is_empty());
    }

    #[test]
    fn what_stands_below_a_package_that_was_found_is_not_reported_again() {
        let tree = Tree::of(&[("wire", "tokio"), ("tokio", "mio"), ("tokio", "tokio-macros")]);
        assert_eq!(tree.ways("wire", |name| name != "wire"), [["wire", "tokio"]]);
    }

    #[test]
    fn crates_that_need_each_other_end_the_search() {
        let tree = Tree::of(&[("a", "b"), ("b", "a")]);
        assert!(tree.ways("a", |name| name == "c").is_empty());
    }

    #[test]
    fn a_pattern_is_a_name_a_start_or_an_end() {
        assert!(named("tokio-util", &["tokio*"]));
        assert!(named("tokio-tungstenite", &["*tungstenite"]));
        assert!(named("ring", &["ring"]));
        assert!(!named("string", &["ring"]));
        assert!(!named("memchr", &["tokio*", "*tungstenite", "ring"]));
    }

    #[test]
    fn the_tree_of_this_workspace_knows_its_builds_and_not_its_tests() {
        let tree = Tree::resolve(crate::root(), &[CargoOpt::AllFeatures]).unwrap();
        assert_eq!(tree.ways("relay-wire", |name| name == "serde_json"), [["relay-wire", "serde_json"]]);
        assert!(tree.ways("relay-wire", |name| name == "proptest").is_empty());
        assert_eq!(tree.ways("relay-gateway", |name| name == "relay-connector").len(), 1);
    }
}
