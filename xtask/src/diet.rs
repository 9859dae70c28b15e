//! What a layer does without: the crates of other people that it must not need.

use crate::manifest::{Dependency, Manifest};
use crate::tree::{Tree, named};
use crate::violation::Violation;

/// The foreign crates that one crate may, or must not, depend on; tests are free.
pub(crate) struct Diet {
    /// The package name.
    pub(crate) name: &'static str,
    /// The property that this keeps, as the sentence `relay-wire stays ...`.
    pub(crate) stays: &'static str,
    /// What may stand in its manifest.
    pub(crate) direct: Direct,
    /// Packages that may stand nowhere below it, in groups.
    pub(crate) never_below: &'static [&'static [&'static str]],
    /// Features that it must not ask of tokio.
    pub(crate) never_from_tokio: &'static [&'static str],
}

/// The rule for the entries of one manifest; names may have a `*` at the end or start.
pub(crate) enum Direct {
    /// These and nothing else.
    Only(&'static [&'static str]),
    /// Anything but these.
    Never(&'static [&'static str]),
}

/// What reaches for the outside: runtimes, sockets, protocols.
const RUNTIME_AND_NETWORK: &[&str] = &[
    "tokio*",
    "hyper*",
    "*tungstenite",
    "async-*",
    "smol",
    "futures*",
    "mio",
    "socket2",
    "rustls*",
    "reqwest",
    "ureq",
    "http",
];

/// What only a program needs.
const PROGRAM: &[&str] = &["anyhow", "clap*", "crossterm", "eyre", "ratatui*", "tracing-subscriber"];

/// A second provider of cryptography, or a stack that brings one.
const SECOND_CRYPTO: &[&str] = &["aws-lc*", "boring*", "native-tls", "openssl", "openssl-sys", "reqwest"];

/// The layers that do without something.
pub(crate) const DIETS: &[Diet] = &[
    Diet {
        name: "relay-wire",
        stays: "free of I/O, runtimes, clocks and cryptography, so that any tool can speak the format",
        direct: Direct::Only(&["base64", "memchr", "serde", "serde_json"]),
        never_below: &[RUNTIME_AND_NETWORK, &["ring"]],
        never_from_tokio: &[],
    },
    Diet {
        name: "relay-auth",
        stays: "free of I/O, with ring as its only cryptography",
        direct: Direct::Only(&["base16ct", "base64", "ring", "thiserror", "zeroize"]),
        never_below: &[RUNTIME_AND_NETWORK],
        never_from_tokio: &[],
    },
    Diet {
        name: "relay-markdown",
        stays: "free of I/O and runtimes, so that any tool can show Markdown in a chat",
        direct: Direct::Only(&["pulldown-cmark", "unicode-segmentation", "unicode-width"]),
        never_below: &[RUNTIME_AND_NETWORK, &["ring"]],
        never_from_tokio: &[],
    },
    Diet {
        name: "relay-runtime",
        stays: "free of sockets, files and processes: it is time, chance and order",
        direct: Direct::Only(&[
            "futures-util",
            "relay-auth",
            "ring",
            "thiserror",
            "tokio",
            "tokio-util",
            "tracing",
        ]),
        never_below: &[],
        never_from_tokio: &["full", "fs", "io-std", "net", "process", "signal"],
    },
    // x509-parser is among what it needs: it reads the dates of roots, and its features that verify signatures, by
    // ring or by a provider of their own, stay off.
    Diet {
        name: "relay-net",
        stays: "on rustls with ring as the only cryptography of every connection, whatever parses certificates",
        direct: Direct::Never(SECOND_CRYPTO),
        never_below: &[SECOND_CRYPTO],
        never_from_tokio: &["full", "fs", "io-std", "process", "signal"],
    },
    Diet {
        name: "relay-adapter",
        stays: "free of sockets, files and processes: those come in through its ports",
        direct: Direct::Never(&[
            "hyper*",
            "http-body*",
            "*tungstenite",
            "rustls*",
            "tokio-rustls",
            "reqwest",
            "mio",
            "socket2",
            "rusqlite",
            "tempfile",
            "rustix",
        ]),
        never_below: &[],
        never_from_tokio: &["full", "fs", "io-std", "net", "process", "signal"],
    },
    Diet {
        name: "relay-connector",
        stays: "a library: the command line, the terminal, the log and how errors are shown belong to the program around it",
        direct: Direct::Never(PROGRAM),
        never_below: &[PROGRAM],
        never_from_tokio: &["full", "process", "signal"],
    },
    Diet {
        name: "relay-connector-setup",
        stays: "a library for two programs, each with a command line and words of its own",
        direct: Direct::Never(PROGRAM),
        never_below: &[PROGRAM],
        never_from_tokio: &["full", "process", "signal"],
    },
];

/// Every entry and every package of the tree that breaks a diet.
pub(crate) fn violations(manifests: &[Manifest], tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for diet in DIETS {
        for manifest in manifests.iter().filter(|manifest| manifest.name == diet.name) {
            let foreign = manifest.shipped_dependencies();
            violations.extend(foreign.filter_map(|dependency| diet.judge(manifest, dependency)));
        }
        let ways = tree.ways(diet.name, |package| diet.never_below.iter().any(|group| named(package, group)));
        violations.extend(ways.iter().map(|way| diet.broken_below(way)));
    }
    violations
}

impl Diet {
    fn judge(&self, manifest: &Manifest, dependency: &Dependency) -> Option<Violation> {
        let (fits, rule) = match self.direct {
            Direct::Only(names) => (named(&dependency.name, names), format!("only {}", names.join(", "))),
            Direct::Never(names) => {
                (!named(&dependency.name, names), format!("none of {}", names.join(", ")))
            }
        };
        let place = manifest.place(dependency.kind);
        if !fits {
            return Some(self.broken(place, &rule, format!("`{}`", dependency.name)));
        }
        let asked = &dependency.features;
        let excess: Vec<&str> =
            self.never_from_tokio.iter().copied().filter(|f| asked.iter().any(|a| a == f)).collect();
        (dependency.name == "tokio" && !excess.is_empty()).then(|| {
            let rule = format!("tokio without {}", self.never_from_tokio.join(", "));
            self.broken(place, &rule, format!("tokio with {}", excess.join(", ")))
        })
    }

    fn broken_below(&self, way: &[&str]) -> Violation {
        let place = format!("{}/Cargo.toml [dependencies]", self.name);
        let rule = format!("nothing below it of {}", self.never_below.concat().join(", "));
        self.broken(place, &rule, way.join(" -> "))
    }

    fn broken(&self, place: String, rule: &str, actual: String) -> Violation {
        Violation {
            place,
            expected: format!("{rule}: {} stays {}", self.name, self.stays),
            actual,
            remedy:
                "take it as an argument or a port of this crate, and use the package in a higher layer; the \
                     rule itself stands in `DIETS`, xtask/src/diet.rs"
                    .into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Kind;

    fn found(manifest: Manifest, tree: &[(&str, &str)]) -> Vec<Violation> {
        violations(&[manifest], &Tree::of(tree))
    }

    #[test]
    fn the_wire_format_needs_serde_and_nothing_that_does_io() {
        let manifest =
            Manifest::named("relay-wire").needs("serde", Kind::Normal).needs("criterion", Kind::Dev);
        assert!(found(manifest, &[("relay-wire", "serde"), ("gateway", "tokio")]).is_empty());
    }

    #[test]
    fn tokio_in_the_manifest_of_the_wire_format_is_found() {
        let found = found(Manifest::named("relay-wire").needs("tokio", Kind::Normal), &[]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "relay-wire/Cargo.toml [dependencies]");
        assert_eq!(found[0].actual, "`tokio`");
    }

    #[test]
    fn tokio_deep_below_the_wire_format_is_found_with_the_way_to_it() {
        let tree = [("relay-wire", "memchr"), ("memchr", "clever"), ("clever", "tokio")];
        let found = found(Manifest::named("relay-wire"), &tree);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].actual, "relay-wire -> memchr -> clever -> tokio");
        assert!(found[0].expected.contains("free of I/O"), "{}", found[0]);
    }

    #[test]
    fn cryptography_beside_ring_in_the_auth_crate_is_found() {
        let manifest = Manifest::named("relay-auth").needs("ring", Kind::Normal).needs("sha2", Kind::Normal);
        let found = found(manifest, &[]);
        assert_eq!(found.iter().map(|violation| violation.actual.as_str()).collect::<Vec<_>>(), ["`sha2`"]);
    }

    #[test]
    fn what_only_a_program_needs_is_found_deep_below_the_connector_and_not_below_its_program() {
        for program in ["anyhow", "clap_builder", "crossterm", "ratatui-core", "tracing-subscriber"] {
            let tree = [("relay-connector", "helper"), ("helper", program), ("relay-connector-cli", program)];
            let found = found(Manifest::named("relay-connector"), &tree);
            assert_eq!(found.len(), 1, "{program}");
            assert_eq!(found[0].actual, format!("relay-connector -> helper -> {program}"));
        }
    }

    #[test]
    fn a_socket_crate_in_the_adapter_is_found_and_its_transport_below_is_not() {
        let tree = [("relay-adapter", "relay-transport"), ("relay-transport", "hyper")];
        assert!(found(Manifest::named("relay-adapter"), &tree).is_empty());
        assert_eq!(found(Manifest::named("relay-adapter").needs("hyper-util", Kind::Normal), &tree).len(), 1);
    }

    #[test]
    fn a_second_cryptography_below_a_parser_of_certificates_is_found_and_the_parser_is_not() {
        let manifest = || Manifest::named("relay-net").needs("x509-parser", Kind::Normal);
        assert!(found(manifest(), &[("relay-net", "x509-parser"), ("x509-parser", "der-parser")]).is_empty());
        let verifying = [("relay-net", "x509-parser"), ("x509-parser", "aws-lc-rs")];
        let found = found(manifest(), &verifying);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].actual, "relay-net -> x509-parser -> aws-lc-rs");
    }

    #[test]
    fn the_adapter_asking_tokio_for_sockets_is_found_and_for_tasks_is_not() {
        let mut manifest =
            Manifest::named("relay-adapter").needs("tokio", Kind::Normal).needs("tokio", Kind::Dev);
        manifest.dependencies[0].features = vec!["rt".into(), "sync".into()];
        manifest.dependencies[1].features = vec!["net".into()];
        assert!(found(manifest.clone(), &[]).is_empty());
        manifest.dependencies[0].features.push("net".into());
        let found = found(manifest, &[]);
        assert_eq!(
            found.iter().map(|violation| violation.actual.as_str()).collect::<Vec<_>>(),
            ["tokio with net"]
        );
    }
}
