//! Who validates platforms: the connector, and nobody on the gateway's side of the socket.

use std::collections::BTreeSet;
use std::path::Path;

use crate::demo_gate;
use crate::manifest::{self, Manifest};
use crate::mention::{What, mentions};
use crate::platform_crypto::{
    GATEWAY_SIDE, VERIFIER, is_platform_crypto, may_use_of_ring, platform_word, verifies,
};
use crate::source::{self, SourceFile};
use crate::tree::Tree;
use crate::violation::Violation;

/// Everything below `root` by which the gateway side would validate a platform itself.
pub(crate) fn find(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let manifests = manifest::read(root)?;
    let without_connector = demo_gate::tree_without_connector(root, &manifests)?;
    let mut violations = declared(&manifests);
    violations.extend(built(&without_connector));
    violations.extend(spoken(&source::read(root, GATEWAY_SIDE.iter().copied())?)?);
    Ok(violations)
}

/// Platform crypto in the manifests, on any platform, and ring beside its one owner.
fn declared(manifests: &[Manifest]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for manifest in manifests.iter().filter(|manifest| GATEWAY_SIDE.contains(&manifest.name.as_str())) {
        for dependency in
            manifest.shipped_dependencies().filter(|dependency| is_platform_crypto(&dependency.name))
        {
            violations.push(Violation {
                place: manifest.place(dependency.kind),
                expected: format!(
                    "no platform crypto on the gateway side; ring, in `{VERIFIER}`, is all there is"
                ),
                actual: format!("`{}`", dependency.name),
                remedy: REMEDY.into(),
            });
        }
    }
    violations
}

/// Platform crypto in what the gateway is built from.
fn built(without_connector: &Tree) -> Vec<Violation> {
    let ways = without_connector.ways(demo_gate::HOST, is_platform_crypto);
    let ways = ways.iter().map(|way| Violation {
        place: format!(
            "{}/Cargo.toml",
            way.iter().rfind(|name| GATEWAY_SIDE.contains(name)).unwrap_or(&way[0])
        ),
        expected: format!("no platform crypto below `{}` without the connector", demo_gate::HOST),
        actual: way.join(" -> "),
        remedy: "switch off the feature that asks for it, or choose a dependency that does without; \
                 TLS stands on rustls with ring alone"
            .into(),
    });
    ways.collect()
}

const REMEDY: &str = "remove it: the connector has validated the platform's request before it is relayed; what \
                      belongs to the relay protocol itself goes to relay-auth (xtask/src/platform_crypto.rs \
                      holds the lists)";

/// Platform crypto, platform secrets and verification in the shipped code of these files.
fn spoken(files: &[SourceFile]) -> anyhow::Result<Vec<Violation>> {
    let mut violations: Vec<Violation> = Vec::new();
    for file in source::shipped(files)? {
        let mentions = mentions(&file);
        let local: BTreeSet<&str> = mentions.iter().filter_map(|mention| local_name(&mention.what)).collect();
        for mention in &mentions {
            if matches!(&mention.what, What::Path(path) if local.contains(path[0].as_str())) {
                continue;
            }
            let Some((expected, actual)) = fault(file.crate_name(), &mention.what) else { continue };
            let place = format!("{}:{}", file.place, mention.line);
            if violations.last().is_none_or(|last| last.place != place || last.expected != expected) {
                violations.push(Violation { place, expected, actual, remedy: REMEDY.into() });
            }
        }
    }
    Ok(violations)
}

/// A name that an import or a module introduces: a path that begins with it begins in no other crate, and
/// the import is judged by itself.
fn local_name(what: &What) -> Option<&str> {
    match what {
        What::Import(path) if path.len() > 1 => path.last().map(String::as_str),
        What::Module(name) => Some(name),
        _ => None,
    }
}

/// What a crate of the gateway side is expected to say, and what it says instead.
fn fault(crate_name: &str, what: &What) -> Option<(String, String)> {
    let no_validation = || "no platform crypto, secret or signature header on the gateway side".to_owned();
    match what {
        What::Import(path) | What::Path(path) if is_platform_crypto(&path[0]) => {
            Some((no_validation(), format!("`{}`", path.join("::"))))
        }
        What::Import(path) | What::Path(path)
            if path[0] == "ring" && !may_use_of_ring(crate_name, path.get(1).map(String::as_str)) =>
        {
            let expected =
                format!("ring's macs only in `{VERIFIER}`, its signatures nowhere, imported by module");
            Some((expected, format!("`{}`", path.join("::"))))
        }
        What::Function(name) if crate_name != VERIFIER && verifies(name) => {
            Some((format!("verification only in `{VERIFIER}`"), format!("`{name}`")))
        }
        What::Name(said) | What::Text(said) => {
            platform_word(said).map(|word| (no_validation(), format!("`{said}`, by the word `{word}`")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Kind;

    fn spoken_in(place: &str, text: &str) -> Vec<Violation> {
        spoken(&[SourceFile::new(place, text)]).unwrap()
    }

    #[test]
    fn an_import_of_platform_crypto_in_the_adapter_is_found_with_its_line() {
        let found = spoken_in("relay-adapter/src/passthrough.rs", "\n\nuse ed25519_dalek::VerifyingKey;");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "relay-adapter/src/passthrough.rs:3");
        assert_eq!(found[0].actual, "`ed25519_dalek::VerifyingKey`");
    }

    #[test]
    fn every_way_to_validate_a_platform_is_found() {
        for text in [
            "fn f() { p256::ecdsa::sign() }",
            "extern crate hmac; type Mac = hmac::Hmac<u8>;",
            "use ring::signature::UnparsedPublicKey;",
            "use ring::hmac;",
            "use ring;",
            "use ring::*;",
            "fn f() { ring::hmac::verify(a, b, c) }",
            "fn f(key: &Key) { key.verify(message) }",
            "use relay_auth::verify_delivery;",
            "fn verify_webhook() {}",
            "fn f() { assert!(jsonwebtoken::decode(x)) }",
            "const HEADER: &str = \"x-signature-ed25519\";",
            "const NAME: &str = \"SLACK_SIGNING_SECRET\";",
        ] {
            assert!(!spoken_in("relay-gateway/src/main.rs", text).is_empty(), "{text}");
        }
    }

    #[test]
    fn the_auth_crate_verifies_by_mac_and_not_by_signature() {
        let text = "use ring::{constant_time, hmac}; pub fn verify_delivery() { hmac::verify(a, b, c) }";
        assert_eq!(spoken_in("relay-auth/src/delivery.rs", text), []);
        let text = "use ring::signature::UnparsedPublicKey;";
        assert_eq!(spoken_in("relay-auth/src/delivery.rs", text).len(), 1);
    }

    #[test]
    fn what_the_relay_protocol_itself_says_passes() {
        for text in [
            "struct Event { one_to_one_verified: bool }",
            "use relay_auth::{Secret, UpgradeToken}; use ring::rand::SystemRandom;",
            "fn f(ring: u8, rsa: u8) -> u8 { assert!(ring > 0); ring + rsa }",
            "#[cfg(test)] mod tests { use relay_auth::verify_delivery; use ed25519_dalek::Key; }",
        ] {
            assert_eq!(spoken_in("relay-transport/src/link.rs", text), [], "{text}");
        }
    }

    #[test]
    fn platform_crypto_in_a_manifest_of_the_gateway_side_is_found() {
        let adapter = Manifest::named("relay-adapter").needs("ed25519-dalek", Kind::Normal);
        assert_eq!(declared(&[adapter])[0].place, "relay-adapter/Cargo.toml [dependencies]");
        assert_eq!(declared(&[Manifest::named("relay-adapter").needs("ed25519-dalek", Kind::Dev)]), []);
        assert_eq!(declared(&[Manifest::named("relay-connector").needs("ed25519-dalek", Kind::Normal)]), []);
    }

    #[test]
    fn platform_crypto_deep_below_the_gateway_is_found_and_ring_below_rustls_is_not() {
        let edges = [
            ("relay-gateway", "relay-transport"),
            ("relay-transport", "rustls"),
            ("rustls", "ring"),
            ("rustls", "rustls-webpki"),
        ];
        assert_eq!(built(&Tree::of(&edges)), []);
        let broken = [&edges[..], &[("rustls", "aws-lc-rs"), ("aws-lc-rs", "aws-lc-sys")]].concat();
        let found = built(&Tree::of(&broken));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "relay-transport/Cargo.toml");
        assert_eq!(found[0].actual, "relay-gateway -> relay-transport -> rustls -> aws-lc-rs");
    }
}
