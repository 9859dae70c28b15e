//! An issuer's public keys (RFC 7517), and whether a token is signed by one of them.

use ring::signature::{
    self, EcdsaVerificationAlgorithm, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::{Map, Value};

use crate::access::identity::IdentityError;
use crate::access::identity::jws::{Algorithm, Jws, decode};

/// Keys of one issuer that are looked at. Large ones publish fewer than ten.
const MAX_KEYS: usize = 100;

/// The keys of an issuer that can check a signature; the others of its document are left out.
#[derive(Debug, Default)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The only algorithm it may be used for, where the issuer says so.
    algorithm: Option<Algorithm>,
    material: Material,
}

#[derive(Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl KeySet {
    /// Reads `{"keys": [...]}`; `None` if it is none, or no key in it is of use.
    pub(super) fn read(document: &[u8]) -> Option<Self> {
        let document: Map<String, Value> = serde_json::from_slice(document).ok()?;
        let keys = document.get("keys")?.as_array()?;
        let keys: Vec<Key> = keys.iter().take(MAX_KEYS).filter_map(Key::read).collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Whether there is a key that the token can have been signed by.
    pub(super) fn knows(&self, jws: &Jws<'_>) -> bool {
        self.candidate(jws).is_some()
    }

    pub(super) fn check(&self, jws: &Jws<'_>) -> Result<(), IdentityError> {
        let key = self.candidate(jws).ok_or(IdentityError::UnknownKey)?;
        if key.material.signed(jws) { Ok(()) } else { Err(IdentityError::BadSignature) }
    }

    /// The key by its id and kind; by its kind alone where the token names none and there is but one.
    fn candidate(&self, jws: &Jws<'_>) -> Option<&Key> {
        let mut fitting = self.0.iter().filter(|key| key.fits(jws.algorithm));
        match &jws.key_id {
            Some(id) => fitting.find(|key| key.id.as_ref() == Some(id)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        }
    }
}

impl Key {
    fn read(value: &Value) -> Option<Self> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(decode);
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        if let Some(operations) = value.get("key_ops").and_then(Value::as_array)
            && !operations.iter().any(|operation| operation == "verify")
        {
            return None;
        }
        let algorithm = match text("alg") {
            Some(name) => Some(Algorithm::named(name)?),
            None => None,
        };
        // By length: a point of another length is no point of the curve.
        let point = |length: usize| {
            let (x, y) = (bytes("x")?, bytes("y")?);
            (x.len() == length && y.len() == length).then(|| [&[4], x.as_slice(), y.as_slice()].concat())
        };
        let material = match (text("kty")?, text("crv")) {
            ("RSA", _) => Material::Rsa { n: unpadded(bytes("n")?), e: unpadded(bytes("e")?) },
            ("EC", Some("P-256")) => Material::P256(point(32)?),
            ("EC", Some("P-384")) => Material::P384(point(48)?),
            ("OKP", Some("Ed25519")) => Material::Ed25519(bytes("x").filter(|x| x.len() == 32)?),
            _ => return None,
        };
        Some(Self { id: text("kid").map(str::to_owned), algorithm, material })
    }

    fn fits(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|only| only == algorithm) && self.material.can(algorithm)
    }
}

impl Material {
    /// The kind of key decides, never the token: that is what keeps a public key from being taken for a secret.
    fn can(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => rsa(algorithm).is_some(),
            Self::P256(_) => algorithm == Algorithm::Es256,
            Self::P384(_) => algorithm == Algorithm::Es384,
            Self::Ed25519(_) => algorithm == Algorithm::EdDsa,
        }
    }

    fn signed(&self, jws: &Jws<'_>) -> bool {
        let ecdsa = |algorithm: &'static EcdsaVerificationAlgorithm, point: &[u8]| {
            UnparsedPublicKey::new(algorithm, point).verify(jws.signed, &jws.signature)
        };
        match self {
            Self::Rsa { n, e } => {
                let Some(parameters) = rsa(jws.algorithm) else { return false };
                RsaPublicKeyComponents { n, e }.verify(parameters, jws.signed, &jws.signature)
            }
            Self::P256(point) => ecdsa(&signature::ECDSA_P256_SHA256_FIXED, point),
            Self::P384(point) => ecdsa(&signature::ECDSA_P384_SHA384_FIXED, point),
            Self::Ed25519(x) => {
                UnparsedPublicKey::new(&signature::ED25519, x).verify(jws.signed, &jws.signature)
            }
        }
        .is_ok()
    }
}

/// From 2048 bits up: shorter ones can be broken.
fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => return None,
    })
}

/// Some issuers write a leading zero, which ring does not take.
fn unpadded(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::KeySet;
    use crate::access::identity::IdentityError;
    use crate::access::identity::jws::Jws;

    /// The example keys and tokens of the RFCs: RFC 7515 A.2 and A.3, RFC 8037 A.4.
    fn examples() -> [(Value, String); 3] {
        let claims =
            "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        [
            (
                json!({"kty": "RSA", "e": "AQAB",
                    "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}),
                format!("eyJhbGciOiJSUzI1NiJ9.{claims}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"),
            ),
            (
                json!({"kty": "EC", "crv": "P-256",
                    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
                    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}),
                format!("eyJhbGciOiJFUzI1NiJ9.{claims}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"),
            ),
            (
                json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
                "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg".to_owned(),
            ),
        ]
    }

    fn check(key: &Value, token: &str) -> Result<(), IdentityError> {
        KeySet::read(json!({"keys": [key]}).to_string().as_bytes())
            .unwrap()
            .check(&Jws::parse(token).unwrap())
    }

    #[test]
    fn the_examples_of_the_rfcs_are_good_and_with_one_bit_changed_they_are_not() {
        for (key, token) in examples() {
            assert_eq!(check(&key, &token), Ok(()));
            let (signed, signature) = token.rsplit_once('.').unwrap();
            let first = if signature.starts_with('c') { 'd' } else { 'c' };
            let changed = format!("{signed}.{first}{}", &signature[1..]);
            assert_eq!(check(&key, &changed), Err(IdentityError::BadSignature));
        }
    }

    #[test]
    fn a_leading_zero_in_a_number_changes_nothing() {
        let [(mut key, token), ..] = examples();
        key["e"] = json!("AAEAAQ");
        assert_eq!(check(&key, &token), Ok(()));
    }

    #[test]
    fn keys_beyond_the_first_hundred_are_not_looked_at() {
        let [_, (key, token), _] = examples();
        let mut keys = vec![
            json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
            100
        ];
        keys.push(key);
        let set = KeySet::read(json!({ "keys": keys }).to_string().as_bytes()).unwrap();
        assert_eq!(set.check(&Jws::parse(&token).unwrap()), Err(IdentityError::UnknownKey));
    }
}
