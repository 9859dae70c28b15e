//! Keys of an issuer and tokens signed by them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

use crate::NOW;

/// The example key of RFC 7515, appendix A.2, which everybody has: ring makes no RSA keys.
const RSA: &str = include_str!("rfc7515_rsa.json");

pub(crate) enum Signer {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl Signer {
    pub(crate) fn ed25519() -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::Ed25519(Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap())
    }

    pub(crate) fn p256() -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        Self::P256(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.as_ref(), &random).unwrap())
    }

    pub(crate) fn rsa() -> Self {
        let jwk: Value = serde_json::from_str(RSA).unwrap();
        let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
        let components = KeyPairComponents {
            public_key: PublicKeyComponents { n: number("n"), e: number("e") },
            d: number("d"),
            p: number("p"),
            q: number("q"),
            dP: number("dp"),
            dQ: number("dq"),
            qInv: number("qi"),
        };
        Self::Rsa(RsaKeyPair::from_components(&components).unwrap())
    }

    /// The public key as a JWK of this name.
    pub(crate) fn jwk(&self, kid: &str) -> Value {
        match self {
            Self::Ed25519(key) => {
                json!({"kid": kid, "kty": "OKP", "crv": "Ed25519", "x": encode(key.public_key().as_ref())})
            }
            Self::P256(key) => {
                let (x, y) = key.public_key().as_ref()[1..].split_at(32);
                json!({"kid": kid, "kty": "EC", "crv": "P-256", "use": "sig", "x": encode(x), "y": encode(y)})
            }
            Self::Rsa(_) => {
                let key: Value = serde_json::from_str(RSA).unwrap();
                json!({"kid": kid, "kty": "RSA", "use": "sig", "n": key["n"], "e": key["e"]})
            }
        }
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "EdDSA",
            Self::P256(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    /// A token with the claims, naming the key.
    pub(crate) fn token(&self, kid: &str, claims: &Value) -> String {
        self.sign(&json!({"alg": self.algorithm(), "kid": kid, "typ": "JWT"}), claims)
    }

    /// A token with this very header. The key decides how it is signed, whatever the header says.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let signature = match self {
            Self::Ed25519(key) => key.sign(signed.as_bytes()).as_ref().to_vec(),
            Self::P256(key) => key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec(),
            Self::Rsa(key) => {
                let padding: &'static dyn ring::signature::RsaEncoding =
                    if header["alg"] == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(padding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
                signature
            }
        };
        format!("{signed}.{}", encode(signature))
    }
}

/// What a good token of this issuer says.
pub(crate) fn claims(issuer: &str) -> Value {
    json!({"iss": issuer, "aud": "relay", "sub": "somebody", "tid": "home", "iat": NOW.0, "exp": NOW.0 + 300})
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
