//! The layers: which crate of the workspace may depend on which.

use std::collections::BTreeSet;
use std::path::Path;

use cargo_metadata::CargoOpt;

use crate::demo_gate;
use crate::diet;
use crate::floor;
use crate::manifest::{self, Dependency, Kind, Manifest};
use crate::tree::Tree;
use crate::violation::Violation;

/// One crate and the arrows that leave it in the picture of the layers.
pub(crate) struct Layer {
    /// The package name.
    pub(crate) name: &'static str,
    /// The crates it stands on. It may use these and whatever they stand on.
    pub(crate) stands_on: &'static [Arrow],
}

/// That a crate may depend on another, and for what.
pub(crate) struct Arrow {
    /// The package name of the lower crate.
    pub(crate) to: &'static str,
    /// What it needs of it.
    pub(crate) why: &'static str,
}

const fn arrow(to: &'static str, why: &'static str) -> Arrow {
    Arrow { to, why }
}

/// Every crate of the workspace, the lowest layer first; the picture in `docs/architecture.md`.
///
/// Some arrows are not in here: `relay-gateway` reaches `relay-connector` and its set-up through the features `demo` and
/// `up` and in its tests, see [`demo_gate`].
pub(crate) const LAYERS: &[Layer] = &[
    Layer { name: "relay-wire", stands_on: &[] },
    Layer { name: "relay-auth", stands_on: &[] },
    Layer {
        name: "relay-config",
        stands_on: &[
            arrow("relay-auth", "settings hold secrets, and one redacting type is enough"),
            arrow("relay-wire", "a platform and a bot id are named as on the wire"),
        ],
    },
    Layer {
        name: "relay-runtime",
        stands_on: &[arrow(
            "relay-auth",
            "its clock shows the seconds of tokens, its randomness makes secrets",
        )],
    },
    // SQLite, and nothing of ours: what is stored is its users' business.
    Layer { name: "relay-sqlite", stands_on: &[] },
    Layer {
        name: "relay-net",
        stands_on: &[arrow("relay-auth", "requests and proxies carry secrets; dates are its seconds")],
    },
    Layer {
        name: "relay-transport",
        stands_on: &[
            arrow("relay-net", "the link and the HTTP routes go out by one dialer"),
            arrow("relay-auth", "each dial proves itself by a token"),
            arrow("relay-wire", "what crosses the link are its frames"),
            arrow("relay-runtime", "the link takes its clock and its randomness from whoever starts it"),
        ],
    },
    Layer {
        name: "relay-adapter",
        stands_on: &[
            arrow("relay-transport", "turns take deliveries from its port and give actions to it"),
            arrow("relay-runtime", "it runs on that clock and in that order"),
        ],
    },
    Layer {
        name: "relay-acp",
        stands_on: &[
            arrow("relay-adapter", "it is one more kind of agent behind the adapter's port"),
            arrow("relay-runtime", "it notes by that clock when a session was taken up"),
        ],
    },
    Layer {
        name: "relay-gateway",
        stands_on: &[
            arrow("relay-acp", "the program offers it among its agents"),
            arrow("relay-adapter", "the program wires the adapter to a link and an agent"),
            arrow("relay-config", "the program is set up by its settings"),
            arrow("relay-sqlite", "the inbox is in a file that survives the process"),
        ],
    },
    Layer {
        name: "relay-connector",
        stands_on: &[
            arrow("relay-net", "issuers and wake URLs are called over the one HTTP client"),
            arrow("relay-auth", "it checks the gateways' tokens"),
            arrow("relay-wire", "what crosses its sockets are these frames"),
            arrow("relay-sqlite", "its store is in a file that survives the process"),
            arrow("relay-runtime", "time, chance and the order of a chat's actions come from there"),
        ],
    },
    Layer {
        name: "relay-terminal",
        stands_on: &[arrow(
            "relay-connector",
            "it shows the in-memory front to a person, apart from who embeds it",
        )],
    },
    Layer { name: "relay-markdown", stands_on: &[] },
    Layer {
        name: "relay-front-telegram",
        stands_on: &[
            arrow("relay-connector", "it is a front of the connector"),
            arrow("relay-net", "the Bot API is called through the one dialer"),
            arrow("relay-markdown", "answers are shown as entities"),
            arrow("relay-auth", "a bot's token is a secret"),
            arrow("relay-wire", "events and actions are those of the wire"),
        ],
    },
    Layer {
        name: "relay-connector-setup",
        stands_on: &[
            arrow("relay-connector", "it builds one as a file says"),
            arrow(
                "relay-config",
                "connector.yaml is read like config.yaml: lines, nearest names, all problems together",
            ),
            arrow("relay-front-telegram", "a file may name Telegram (feature telegram)"),
            arrow("relay-net", "fronts and wake calls go out by one dialer"),
        ],
    },
    Layer {
        name: "relay-connector-cli",
        stands_on: &[
            arrow("relay-connector-setup", "the program serves what a file says, and keeps a data folder"),
            arrow("relay-connector", "the program adds a command line and a data folder to it"),
            arrow("relay-terminal", "the program opens a chat where there is a terminal"),
            arrow("relay-front-telegram", "the program serves Telegram (feature telegram)"),
            arrow("relay-net", "fronts go out by one dialer"),
        ],
    },
    Layer {
        name: "relay-examples",
        stands_on: &[
            arrow("relay-adapter", "two of the examples are a gateway and an agent"),
            arrow(
                "relay-connector",
                "the other two are a connector and a front, and what the first two talk to",
            ),
            arrow("relay-net", "a gateway enrolls over its HTTP client"),
            arrow(
                "relay-front-telegram",
                "its tests hold a conversation over it, with all that lies between",
            ),
        ],
    },
    Layer { name: "xtask", stands_on: &[] },
];

/// Everything below `root` that breaks the layers: edges, foreign crates, the way to the connector.
pub(crate) fn find(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let manifests = manifest::read(root)?;
    let tree = Tree::resolve(root, &[CargoOpt::AllFeatures])?;
    let mut violations = unlisted(&manifests);
    violations.extend(forbidden_edges(&manifests));
    violations.extend(diet::violations(&manifests, &tree));
    violations.extend(floor::find(root, &tree)?);
    violations.extend(demo_gate::violations(&manifests));
    violations.extend(demo_gate::open_ways(&demo_gate::tree_without_connector(root, &manifests)?));
    Ok(violations)
}

/// The crates that a crate may depend on.
pub(crate) fn allowed(name: &str) -> BTreeSet<&'static str> {
    let mut below = BTreeSet::new();
    let mut open = vec![name];
    while let Some(name) = open.pop() {
        let layer = LAYERS.iter().find(|layer| layer.name == name);
        for arrow in layer.into_iter().flat_map(|layer| layer.stands_on) {
            if below.insert(arrow.to) {
                open.push(arrow.to);
            }
        }
    }
    below
}

fn is_ours(name: &str) -> bool {
    LAYERS.iter().any(|layer| layer.name == name)
}

/// Crates that the table does not know, and crates that only the table knows.
fn unlisted(manifests: &[Manifest]) -> Vec<Violation> {
    let here: BTreeSet<&str> = manifests.iter().map(|manifest| manifest.name.as_str()).collect();
    let listed: BTreeSet<&str> = LAYERS.iter().map(|layer| layer.name).collect();
    let differing = here.symmetric_difference(&listed).map(|name| {
        let is_here = here.contains(name);
        Violation {
            place: if is_here { format!("{name}/Cargo.toml") } else { "xtask/src/layers.rs".into() },
            expected: format!("`{name}` both in the workspace and in the table of layers"),
            actual: format!("it is only in {}", if is_here { "the workspace" } else { "the table" }),
            remedy: "decide on its layer in `LAYERS`, xtask/src/layers.rs, or remove it".into(),
        }
    });
    differing.collect()
}

/// Every dependency between crates of the workspace that no arrow allows, tests included.
fn forbidden_edges(manifests: &[Manifest]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for manifest in manifests {
        let allowed = allowed(&manifest.name);
        for dependency in manifest.dependencies.iter().filter(|dependency| is_ours(&dependency.name)) {
            let fits = allowed.contains(dependency.name.as_str())
                || demo_gate::is_guarded(&manifest.name, &dependency.name);
            if !fits {
                violations.push(forbidden(manifest, dependency, &allowed));
            }
        }
    }
    violations
}

fn forbidden(manifest: &Manifest, dependency: &Dependency, allowed: &BTreeSet<&str>) -> Violation {
    let allowed: Vec<&str> = allowed.iter().copied().collect();
    let purpose = if dependency.kind == Kind::Dev { "in its tests" } else { "in its code" };
    Violation {
        place: manifest.place(dependency.kind),
        expected: if allowed.is_empty() {
            format!("`{}` depends on no other crate of the workspace", manifest.name)
        } else {
            format!(
                "`{}` depends on no other crate of the workspace than {}{}",
                manifest.name,
                allowed.join(", "),
                reasons(&manifest.name)
            )
        },
        actual: format!("`{}` depends on `{}` {purpose}", manifest.name, dependency.name),
        remedy: "move the code to the layer that owns it; a new arrow is a decision on the design \
                 (docs/architecture.md, then `LAYERS` in xtask/src/layers.rs)"
            .into(),
    }
}

/// Why each arrow that leaves a crate is there.
fn reasons(name: &str) -> String {
    let arrows = LAYERS.iter().filter(|layer| layer.name == name).flat_map(|layer| layer.stands_on);
    let reasons: Vec<_> = arrows.map(|arrow| format!("{}: {}", arrow.to, arrow.why)).collect();
    if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forbidden_in(manifest: Manifest) -> Vec<String> {
        forbidden_edges(&[manifest]).into_iter().map(|violation| violation.to_string()).collect()
    }

    #[test]
    fn a_crate_may_use_whatever_its_layer_stands_on_at_any_depth() {
        let below = allowed("relay-gateway");
        assert_eq!(
            below.into_iter().collect::<Vec<_>>(),
            [
                "relay-acp",
                "relay-adapter",
                "relay-auth",
                "relay-config",
                "relay-net",
                "relay-runtime",
                "relay-sqlite",
                "relay-transport",
                "relay-wire"
            ]
        );
        assert!(allowed("relay-wire").is_empty());
        assert!(allowed("relay-auth").is_empty());
    }

    #[test]
    fn an_edge_along_an_arrow_passes() {
        let manifest = Manifest::named("relay-adapter")
            .needs("relay-transport", Kind::Normal)
            .needs("relay-wire", Kind::Normal)
            .needs("tokio", Kind::Normal);
        assert!(forbidden_in(manifest).is_empty());
    }

    #[test]
    fn an_edge_against_the_arrows_is_found_with_its_place_and_the_way_out() {
        let found = forbidden_in(Manifest::named("relay-transport").needs("relay-adapter", Kind::Normal));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("relay-transport/Cargo.toml [dependencies]\n"), "{}", found[0]);
        assert!(
            found[0].contains(
                "no other crate of the workspace than relay-auth, relay-net, relay-runtime, relay-wire"
            ),
            "{}",
            found[0]
        );
        assert!(found[0].contains("actual:   `relay-transport` depends on `relay-adapter`"), "{}", found[0]);
        assert!(found[0].contains("relay-auth: each dial proves itself by a token"), "{}", found[0]);
        assert!(found[0].contains("next:"), "{}", found[0]);
    }

    #[test]
    fn every_arrow_leads_to_a_lower_layer_and_says_why() {
        for (index, layer) in LAYERS.iter().enumerate() {
            for arrow in layer.stands_on {
                let lower = LAYERS[..index].iter().any(|lower| lower.name == arrow.to);
                assert!(lower, "{} stands on {}, which is no lower layer", layer.name, arrow.to);
                assert!(arrow.why.split(' ').count() > 3, "{} -> {}: why?", layer.name, arrow.to);
            }
        }
    }

    #[test]
    fn tests_and_build_scripts_follow_the_same_arrows() {
        assert_eq!(forbidden_in(Manifest::named("relay-auth").needs("relay-wire", Kind::Dev)).len(), 1);
        assert_eq!(forbidden_in(Manifest::named("relay-wire").needs("relay-auth", Kind::Build)).len(), 1);
    }

    #[test]
    fn only_the_gateway_may_test_against_the_connector() {
        assert!(
            forbidden_in(Manifest::named("relay-gateway").needs("relay-connector", Kind::Dev)).is_empty()
        );
        assert_eq!(
            forbidden_in(Manifest::named("relay-adapter").needs("relay-connector", Kind::Dev)).len(),
            1
        );
    }

    #[test]
    fn nothing_depends_on_the_developer_commands_and_they_on_nothing_of_ours() {
        assert_eq!(forbidden_in(Manifest::named("relay-gateway").needs("xtask", Kind::Dev)).len(), 1);
        assert_eq!(forbidden_in(Manifest::named("xtask").needs("relay-wire", Kind::Normal)).len(), 1);
    }

    #[test]
    fn a_crate_without_a_layer_and_a_layer_without_a_crate_are_found() {
        let mut manifests: Vec<_> = LAYERS.iter().map(|layer| Manifest::named(layer.name)).collect();
        assert!(unlisted(&manifests).is_empty());
        manifests[0].name = "relay-extra".into();
        let found: Vec<_> = unlisted(&manifests).into_iter().map(|violation| violation.place).collect();
        assert_eq!(found, ["relay-extra/Cargo.toml", "xtask/src/layers.rs"]);
    }
}
