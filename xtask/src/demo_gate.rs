//! The feature `demo`: the only way from the gateway to the connector.

use std::path::Path;

use cargo_metadata::CargoOpt;

use crate::manifest::{Kind, Manifest};
use crate::tree::Tree;
use crate::violation::Violation;

/// The crate that may hold a connector.
pub(crate) const HOST: &str = "relay-gateway";
/// The connector it may hold.
pub(crate) const GUEST: &str = "relay-connector";
/// All that it may hold so: the connector, and the chat on a terminal over it.
const GUESTS: &[&str] = &[GUEST, "relay-terminal"];
/// The feature of the host that lets it in.
pub(crate) const FEATURE: &str = "demo";

/// Whether this module, not the table of layers, judges an edge.
pub(crate) fn is_guarded(from: &str, to: &str) -> bool {
    from == HOST && GUESTS.contains(&to)
}

/// What the manifest of the host gets wrong about the gate.
pub(crate) fn violations(manifests: &[Manifest]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for host in manifests.iter().filter(|manifest| manifest.name == HOST) {
        let guests =
            host.shipped_dependencies().filter(|dependency| GUESTS.contains(&dependency.name.as_str()));
        for dependency in guests.filter(|dependency| !dependency.optional || dependency.kind == Kind::Build) {
            violations.push(broken(
                host.place(dependency.kind),
                format!(
                    "`{}` as an optional dependency that the feature `{FEATURE}` enables",
                    dependency.name
                ),
                format!("`{}` is always needed", dependency.name),
            ));
        }
        for (feature, enables) in host.features.iter().filter(|(feature, _)| *feature != FEATURE) {
            for enabled in enables.iter().filter(|enabled| lets_in(enabled)) {
                violations.push(broken(
                    format!("{HOST}/Cargo.toml [features] {feature}"),
                    format!("no other feature than `{FEATURE}` enables `{}`", GUESTS.join("` or `")),
                    format!("`{feature}` enables `{enabled}`"),
                ));
            }
        }
    }
    violations
}

/// `dep:guest`, `guest` or `guest/feature`; not `guest?/feature`, which enables nothing by itself.
fn lets_in(enabled: &str) -> bool {
    let name = enabled.strip_prefix("dep:").unwrap_or(enabled);
    GUESTS
        .iter()
        .any(|guest| name == *guest || name.strip_prefix(guest).is_some_and(|rest| rest.starts_with('/')))
}

/// The workspace as it is built with every feature of the host but the demo.
pub(crate) fn tree_without_demo(root: &Path, manifests: &[Manifest]) -> anyhow::Result<Tree> {
    let host = manifests.iter().find(|manifest| manifest.name == HOST);
    let features = host.map(|host| host.features_without(FEATURE)).unwrap_or_default();
    let features = features.into_iter().map(|feature| format!("{HOST}/{feature}")).collect();
    Tree::resolve(root, &[CargoOpt::NoDefaultFeatures, CargoOpt::SomeFeatures(features)])
}

/// Every way from the host to the guest in a tree built without the demo.
pub(crate) fn open_ways(without_demo: &Tree) -> Vec<Violation> {
    let ways = without_demo.ways(HOST, |package| GUESTS.contains(&package));
    let ways = ways.iter().map(|way| {
        broken(
            format!("{HOST}/Cargo.toml [features]"),
            format!("without the feature `{FEATURE}`, `{HOST}` is built without `{GUEST}`"),
            way.join(" -> "),
        )
    });
    ways.collect()
}

fn broken(place: String, expected: String, actual: String) -> Violation {
    let remedy = format!(
        "declare it `optional = true` and enable it by `{FEATURE} = [\"dep:{GUEST}\"]` alone; `cargo tree -p {HOST} \
         --no-default-features -e normal -i {GUEST}` shows who asks for it"
    );
    Violation { place, expected, actual, remedy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Manifest {
        Manifest::named(HOST)
            .may_need(GUEST)
            .needs(GUEST, Kind::Dev)
            .feature("default", &["demo"])
            .feature("demo", &["dep:relay-connector"])
    }

    #[test]
    fn a_connector_behind_the_demo_feature_and_in_tests_passes() {
        assert_eq!(violations(&[host()]), []);
        let weak = host().feature("metrics", &["relay-connector?/metrics"]);
        assert_eq!(violations(&[weak]), []);
    }

    #[test]
    fn a_connector_that_is_always_needed_is_found() {
        let found = violations(&[host().needs(GUEST, Kind::Normal)]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].actual, "`relay-connector` is always needed");
    }

    #[test]
    fn another_feature_that_lets_the_connector_in_is_found() {
        for enabled in
            ["dep:relay-connector", "relay-connector", "relay-connector/metrics", "dep:relay-terminal"]
        {
            let found = violations(&[host().feature("chat", &[enabled])]);
            assert_eq!(found.len(), 1, "{enabled}");
            assert_eq!(found[0].place, "relay-gateway/Cargo.toml [features] chat");
        }
    }

    #[test]
    fn a_way_to_the_connector_without_the_demo_is_found() {
        let closed = Tree::of(&[(HOST, "relay-adapter")]);
        assert!(open_ways(&closed).is_empty());
        let open = Tree::of(&[(HOST, "relay-adapter"), ("relay-adapter", GUEST)]);
        let found = open_ways(&open);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].actual, "relay-gateway -> relay-adapter -> relay-connector");
    }
}
