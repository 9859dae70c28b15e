//! HMAC-SHA256 tags and their hex text.

use ring::hmac;

use crate::secret::Secret;
use crate::verify_list::VerifyList;

/// Bytes of an HMAC-SHA256 tag.
const TAG_BYTES: usize = 32;

/// A decoded tag; still to be compared.
pub(crate) struct Tag([u8; TAG_BYTES]);

impl Tag {
    /// Reads exactly 64 hex digits of either case.
    pub(crate) fn from_hex(text: &str) -> Option<Self> {
        let mut tag = [0; TAG_BYTES];
        // Fewer digits would decode too, into a part of the tag.
        let decoded = base16ct::mixed::decode(text, &mut tag).ok()?.len();
        (decoded == TAG_BYTES).then_some(Self(tag))
    }

    /// Whether any secret of the list made this tag for `message`.
    ///
    /// Every secret is tried, also after a match: the time says nothing about which one it was.
    pub(crate) fn is_by_one_of(&self, list: &VerifyList, message: &[u8]) -> bool {
        let mut genuine = false;
        for secret in list.secrets() {
            genuine |= hmac::verify(&key(secret), message, &self.0).is_ok();
        }
        genuine
    }
}

/// The tag of `message` as 64 lowercase hex digits.
pub(crate) fn sign_hex(secret: &Secret, message: &[u8]) -> String {
    base16ct::lower::encode_string(hmac::sign(&key(secret), message).as_ref())
}

fn key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_reads_back_from_its_hex() {
        let hex = sign_hex(&Secret::new("key"), b"abc");
        assert_eq!(hex, "9c196e32dc0175f86f4b1cb89289d6619de6bee699e4c378e68309ed97a1a6ab");
        let list = VerifyList::new(Secret::new("key"));
        assert!(Tag::from_hex(&hex).unwrap().is_by_one_of(&list, b"abc"));
        assert!(!Tag::from_hex(&hex).unwrap().is_by_one_of(&list, b"abd"));
    }

    #[test]
    fn only_64_hex_digits_are_a_tag() {
        assert!(Tag::from_hex("").is_none());
        assert!(Tag::from_hex(&"0".repeat(63)).is_none());
        assert!(Tag::from_hex(&"0".repeat(65)).is_none());
        assert!(Tag::from_hex(&format!("{}g", "0".repeat(63))).is_none());
        assert!(Tag::from_hex(&"é".repeat(32)).is_none());
        assert!(Tag::from_hex(&"fF".repeat(32)).is_some());
    }
}
