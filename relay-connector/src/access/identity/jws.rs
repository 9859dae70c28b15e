//! A signed token in its compact form (RFC 7515) and the algorithms it may be signed by (RFC 7518, RFC 8037).
//!
//! Read here on ring, which is in every build already. The JWT crates either bring a second cryptography or
//! take their provider and their clock from the process.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::access::identity::{IdentityError, MAX_TOKEN};

/// What an issuer may sign by. Neither `none` nor a shared secret is among them: with those, everybody who
/// knows the public key could sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            // RFC 9864 gives the curve its own name.
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }
}

/// A token taken apart; nothing of it is believed yet.
#[derive(Debug)]
pub(super) struct Jws<'t> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    /// What the signature is made over.
    pub(super) signed: &'t [u8],
    pub(super) signature: Vec<u8>,
    payload: &'t str,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    /// Extensions that must be understood. None is, so none may be asked for.
    crit: Option<IgnoredAny>,
}

impl<'t> Jws<'t> {
    pub(super) fn parse(token: &'t str) -> Result<Self, IdentityError> {
        if token.len() > MAX_TOKEN {
            return Err(IdentityError::TooLong { max: MAX_TOKEN });
        }
        let malformed = |reason| IdentityError::Malformed { reason };
        let (signed, signature) = token.rsplit_once('.').ok_or(malformed("it is no JWT"))?;
        let (header, payload) = signed.split_once('.').ok_or(malformed("it is no JWT"))?;
        if payload.contains('.') {
            return Err(malformed("it is encrypted, or no JWT"));
        }
        let header = decode(header).ok_or(malformed("its header is not base64url"))?;
        let header: Header =
            serde_json::from_slice(&header).map_err(|_| malformed("its header is not that of a JWT"))?;
        if header.crit.is_some() {
            return Err(malformed("its header asks for an extension"));
        }
        if !header.typ.as_deref().is_none_or(is_token_type) {
            return Err(malformed("its type is not that of an access or identity token"));
        }
        let algorithm = Algorithm::named(&header.alg).ok_or(IdentityError::Algorithm)?;
        let signature = decode(signature).ok_or(malformed("its signature is not base64url"))?;
        Ok(Self { algorithm, key_id: header.kid, signed: signed.as_bytes(), signature, payload })
    }

    /// The claims as JSON. To be read once the signature is known to be good, and not before.
    pub(super) fn payload(&self) -> Result<Vec<u8>, IdentityError> {
        decode(self.payload).ok_or(IdentityError::Malformed { reason: "its claims are not base64url" })
    }
}

/// Other tokens of the same issuer and key, such as a logout token, must not log anybody in (RFC 8725, 3.11).
fn is_token_type(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.strip_prefix("application/").unwrap_or(&name), "jwt" | "at+jwt")
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::{Algorithm, Jws};
    use crate::access::identity::IdentityError;

    fn parse(header: &str) -> Result<Algorithm, IdentityError> {
        let token = format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header));
        Jws::parse(&token).map(|jws| jws.algorithm)
    }

    #[test]
    fn only_signatures_by_a_key_pair_are_read() {
        assert_eq!(parse(r#"{"alg":"RS256"}"#), Ok(Algorithm::Rs256));
        for name in ["none", "None", "nOnE", "HS256", "HS512", "rs256", "RS1", "ES256K", "dir", ""] {
            assert_eq!(parse(&format!(r#"{{"alg":"{name}"}}"#)), Err(IdentityError::Algorithm), "{name}");
        }
    }

    #[test]
    fn a_header_with_extensions_or_another_type_is_refused() {
        for header in [
            r#"{"alg":"RS256","crit":["b64"],"b64":false}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","typ":"logout+jwt"}"#,
            r#"{"alg":"RS256","alg":"none"}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":"RS256","kid":7}"#,
            r"{}",
            "[]",
            "",
        ] {
            assert!(matches!(parse(header), Err(IdentityError::Malformed { .. })), "{header}");
        }
        for header in [r#"{"alg":"ES256","typ":"JWT"}"#, r#"{"alg":"ES256","typ":"application/at+jwt"}"#] {
            assert_eq!(parse(header), Ok(Algorithm::Es256));
        }
    }

    #[test]
    fn what_is_not_three_parts_is_no_token_and_a_huge_one_is_not_looked_at() {
        for token in
            ["", ".", "..", "a.b", "a.b.c.d.e", "eyJhbGciOiJSUzI1NiJ9.e30.!", "eyJhbGciOiJSUzI1NiJ9.e30.AA=="]
        {
            assert!(matches!(Jws::parse(token), Err(IdentityError::Malformed { .. })), "{token}");
        }
        let huge = format!("eyJhbGciOiJSUzI1NiJ9.{}.AAAA", "A".repeat(16 * 1024));
        assert!(matches!(Jws::parse(&huge), Err(IdentityError::TooLong { .. })));
    }
}
