//! The features `demo` and `up`: the only ways from the gateway to the connector.

use std::path::Path;

use cargo_metadata::CargoOpt;

use crate::manifest::{Kind, Manifest};
use crate::tree::Tree;
use crate::violation::Violation;

/// The crate that may hold a connector.
pub(crate) const HOST: &str = "relay-gateway";
/// The connector it may hold.
pub(crate) const GUEST: &str = "relay-connector";
/// All that it may hold so: the connector, the chat on a terminal over it, and its set-up with the fronts.
const GUESTS: &[&str] = &[GUEST, "relay-terminal", "relay-connector-setup", "relay-front-telegram"];
/// The features of the host that let it in: a connector for a try, and one to live with.
const FEATURES: &[&str] = &["demo", "up"];

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
                    "`{}` as an optional dependency that the features `{}` enable",
                    dependency.name,
                    FEATURES.join("` and `")
                ),
                format!("`{}` is always needed", dependency.name),
            ));
        }
        for (feature, enables) in
            host.features.iter().filter(|(feature, _)| !FEATURES.contains(&feature.as_str()))
        {
            for enabled in enables.iter().filter(|enabled| lets_in(enabled)) {
                violations.push(broken(
                    format!("{HOST}/Cargo.toml [features] {feature}"),
                    format!(
                        "no other feature than `{}` enables `{}`",
                        FEATURES.join("` and `"),
                        GUESTS.join("` or `")
                    ),
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

/// The workspace as it is built with every feature of the host but those that let the connector in.
pub(crate) fn tree_without_connector(root: &Path, manifests: &[Manifest]) -> anyhow::Result<Tree> {
    let host = manifests.iter().find(|manifest| manifest.name == HOST);
    let features = host.map(|host| host.features_without(FEATURES)).unwrap_or_default();
    let features = features.into_iter().map(|feature| format!("{HOST}/{feature}")).collect();
    Tree::resolve(root, &[CargoOpt::NoDefaultFeatures, CargoOpt::SomeFeatures(features)])
}

/// Every way from the host to the guests in a tree built without those features.
pub(crate) fn open_ways(without_connector: &Tree) -> Vec<Violation> {
    let ways = without_connector.ways(HOST, |package| GUESTS.contains(&package));
    let ways = ways.iter().map(|way| {
        broken(
            format!("{HOST}/Cargo.toml [features]"),
            format!(
                "without the features `{}`, `{HOST}` is built without `{GUEST}`",
                FEATURES.join("` and `")
            ),
            way.join(" -> "),
        )
    });
    ways.collect()
}

fn broken(place: String, expected: String, actual: String) -> Violation {
    let remedy = format!(
        "declare it `optional = true` and enable it by {} alone; `cargo tree -p {HOST} --no-default-features -e normal -i \
         {GUEST}` shows who asks for it",
        FEATURES
            .iter()
            .map(|feature| format!("`{feature} = [\"dep:{GUEST}\"]`"))
            .collect::<Vec<_>>()
            .join(" or ")
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
            .feature("default", &["demo", "up"])
            .feature("demo", &["dep:relay-connector"])
            .feature("up", &["dep:relay-connector", "dep:relay-connector-setup"])
    }

    #[test]
    fn a_connector_behind_its_features_and_in_tests_passes() {
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
        for enabled in [
            "dep:relay-connector",
            "relay-connector",
            "relay-connector/metrics",
            "dep:relay-terminal",
            "dep:relay-connector-setup",
        ] {
            let found = violations(&[host().feature("chat", &[enabled])]);
            assert_eq!(found.len(), 1, "{enabled}");
            assert_eq!(found[0].place, "relay-gateway/Cargo.toml [features] chat");
        }
    }

    #[test]
    fn a_way_to_the_connector_without_its_features_is_found() {
        let closed = Tree::of(&[(HOST, "relay-adapter")]);
        assert!(open_ways(&closed).is_empty());
        let open = Tree::of(&[(HOST, "relay-adapter"), ("relay-adapter", GUEST)]);
        let found = open_ways(&open);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].actual, "relay-gateway -> relay-adapter -> relay-connector");
    }
}
