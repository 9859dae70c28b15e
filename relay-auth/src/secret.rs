//! Text that must not be seen: in logs, in error messages, in memory after its use.

use std::fmt;

use ring::hmac;
use ring::rand::SecureRandom;
use zeroize::Zeroizing;

use crate::error::RandomFailed;

/// Bytes of randomness in a generated secret; its hex text is twice as long.
const GENERATED_BYTES: usize = 32;

/// A secret: zeroed when dropped, redacted in `Debug`, without `Display` or `Serialize`.
///
/// There is no `PartialEq` either, since `==` on text leaks through its timing: see [`Secret::ct_eq`].
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the secret as the connector issued it or the configuration holds it.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// 32 random bytes as 64 lowercase hex digits.
    pub fn generate(rng: &dyn SecureRandom) -> Result<Self, RandomFailed> {
        let mut bytes = Zeroizing::new([0_u8; GENERATED_BYTES]);
        rng.fill(bytes.as_mut_slice()).map_err(|_| RandomFailed)?;
        // Written into a string of its final length: one that grew would leave unzeroed copies of itself behind.
        Ok(Self::new(base16ct::lower::encode_string(bytes.as_slice())))
    }

    /// The text itself. Every call is a place where it can leak; there should be few.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether both hold the same text, in a time that does not depend on where they differ.
    pub fn ct_eq(&self, other: &Self) -> bool {
        // Tags of equal length are compared instead of the texts; the key only separates this use.
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"relay-auth secret comparison");
        let tag = hmac::sign(&key, other.0.as_bytes());
        hmac::verify(&key, self.0.as_bytes(), tag.as_ref()).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_text() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret([redacted])");
        assert_eq!(format!("{:#?}", Secret::new("hunter2")), "Secret([redacted])");
    }

    #[test]
    fn a_generated_secret_is_64_lowercase_hex_digits_and_never_the_same() {
        let rng = ring::rand::SystemRandom::new();
        let one = Secret::generate(&rng).unwrap();
        let two = Secret::generate(&rng).unwrap();
        assert_eq!(one.expose().len(), 64);
        assert!(one.expose().bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
        assert!(!one.ct_eq(&two));
    }

    #[test]
    fn equality_is_that_of_the_whole_text() {
        assert!(Secret::new("abc").ct_eq(&Secret::new("abc")));
        assert!(Secret::new("").ct_eq(&Secret::new("")));
        assert!(!Secret::new("abc").ct_eq(&Secret::new("abd")));
        assert!(!Secret::new("abc").ct_eq(&Secret::new("ab")));
        assert!(!Secret::new("abc").ct_eq(&Secret::new("abc\0")));
    }

    #[test]
    fn only_no_text_at_all_is_empty() {
        assert!(Secret::new("").is_empty());
        assert!(!Secret::new(" ").is_empty());
    }
}
