//! What a platform's own validation is made of: the crates and words that the gateway side does without.

use crate::tree::named;

/// The crates on the gateway's side of the socket.
pub(crate) const GATEWAY_SIDE: &[&str] = &[
    "relay-wire",
    "relay-auth",
    "relay-config",
    "relay-net",
    "relay-runtime",
    "relay-sqlite",
    "relay-transport",
    "relay-adapter",
    "relay-gateway",
];

/// The one crate that verifies anything: the connector's tokens and deliveries, by HMAC.
pub(crate) const VERIFIER: &str = "relay-auth";

/// Packages that check webhooks, interactions or logins, and second TLS stacks; `*` at an end or start.
///
/// ring is not among them: rustls and `relay-auth` stand on it. Nor is sha1, which the WebSocket handshake
/// asks for, nor rustls-webpki, which checks the connector's certificate.
const PACKAGES: &[&str] = &[
    "ed25519*",
    "curve25519*",
    "x25519*",
    "*-dalek",
    "ecdsa",
    "elliptic-curve",
    "p256",
    "p384",
    "p521",
    "k256",
    "secp256k1*",
    "rsa",
    "dsa",
    "hmac",
    "md-5",
    "sha2",
    "sha3",
    "jsonwebtoken",
    "jwt*",
    "*-jwt",
    "jose*",
    "crypto_box",
    "nacl*",
    "sodiumoxide",
    "libsodium*",
    "dryoc",
    "orion",
    "openssl",
    "openssl-sys",
    "native-tls",
    "aws-lc-*",
    "boring*",
    "svix*",
    "standardwebhooks",
];

/// Modules of ring that the gateway side may use beside [`VERIFIER`]: randomness and plain digests.
const RING_FOR_ALL: &[&str] = &["digest", "rand"];

/// Modules of ring that not even [`VERIFIER`] may use: signatures and key agreement are a platform's.
const RING_FOR_NONE: &[&str] = &["agreement", "rsa", "signature"];

/// Words of a platform's validation, in lower case with `_` for `-`, wherever they stand in code.
const WORDS: &[&str] = &[
    "ed25519",
    "hub_signature",
    "secretbox",
    "signing_secret",
    "slack_signature",
    "telegram_bot_api_secret_token",
    "twilio_signature",
    "webhook_secret",
    "webhook_signature",
];

/// Whether a package, or the crate name it is imported by, validates platforms.
pub(crate) fn is_platform_crypto(package: &str) -> bool {
    named(package, PACKAGES) || named(&package.replace('_', "-"), PACKAGES)
}

/// The word of a platform's validation that a name or text contains, if any.
pub(crate) fn platform_word(said: &str) -> Option<&'static str> {
    let said = said.to_ascii_lowercase().replace('-', "_");
    let joined = said.replace('_', "");
    WORDS.iter().copied().find(|word| said.contains(word) || joined.contains(&word.replace('_', "")))
}

/// Whether a function of this name verifies something.
pub(crate) fn verifies(function: &str) -> bool {
    function == "verify" || function.starts_with("verify_")
}

/// Whether a crate may use a path into ring; importing ring as a whole hides which part is used.
pub(crate) fn may_use_of_ring(crate_name: &str, module: Option<&str>) -> bool {
    match module {
        None => false,
        Some(module) if RING_FOR_ALL.contains(&module) => true,
        Some(module) => crate_name == VERIFIER && module != "*" && !RING_FOR_NONE.contains(&module),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_known_by_either_spelling_and_the_tls_stack_is_not_one() {
        for package in
            ["ed25519-dalek", "ed25519_dalek", "p256", "jsonwebtoken", "aws-lc-rs", "libsodium-sys", "hmac"]
        {
            assert!(is_platform_crypto(package), "{package}");
        }
        for package in
            ["ring", "rustls", "rustls-webpki", "webpki-roots", "sha1", "digest", "openssl-probe", "zeroize"]
        {
            assert!(!is_platform_crypto(package), "{package}");
        }
    }

    #[test]
    fn a_word_is_found_in_names_headers_and_environment_variables() {
        assert_eq!(platform_word("X-Signature-Ed25519"), Some("ed25519"));
        assert_eq!(platform_word("SLACK_SIGNING_SECRET"), Some("signing_secret"));
        assert_eq!(platform_word("WebhookSignature"), Some("webhook_signature"));
        assert_eq!(platform_word("x-relay-signature"), None);
        assert_eq!(platform_word("delivery signature"), None);
    }

    #[test]
    fn verifying_is_told_by_the_name_of_the_function() {
        assert!(verifies("verify"));
        assert!(verifies("verify_delivery"));
        assert!(!verifies("verified"));
        assert!(!verifies("one_to_one_verified"));
    }

    #[test]
    fn only_the_verifier_uses_the_macs_of_ring_and_nobody_its_signatures() {
        assert!(may_use_of_ring("relay-auth", Some("hmac")));
        assert!(!may_use_of_ring("relay-auth", Some("signature")));
        assert!(!may_use_of_ring("relay-gateway", Some("hmac")));
        assert!(may_use_of_ring("relay-gateway", Some("rand")));
        assert!(!may_use_of_ring("relay-auth", None));
    }
}
