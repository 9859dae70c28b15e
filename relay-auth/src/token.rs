//! Upgrade tokens: `base64url_nopad("{payload}:{expiry}:{signature}")` (contract, Connection).

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};

use crate::error::TokenError;
use crate::mac::{Tag, sign_hex};
use crate::secret::Secret;
use crate::time::UnixSeconds;
use crate::verify_list::VerifyList;

/// How long an upgrade token is good, in seconds. One is minted for every dial, so it only has to outlive
/// the dial and the difference between two clocks.
pub const UPGRADE_TOKEN_TTL_SECONDS: u64 = 300;

/// Until when a token is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// For ever; 0 in the token.
    Never,
    /// Up to and including this second.
    At(UnixSeconds),
}

impl Expiry {
    fn in_token(self) -> u64 {
        match self {
            Self::Never => 0,
            // 0 would turn the oldest of all expiries into none at all.
            Self::At(second) => second.0.max(1),
        }
    }

    fn from_token(text: &str) -> Option<Self> {
        // `u64::from_str` would let a sign through.
        if !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        match text.parse().ok()? {
            0 => Some(Self::Never),
            second => Some(Self::At(UnixSeconds(second))),
        }
    }
}

/// What a genuine, current token says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// The gateway id, for an upgrade token. It may hold colons.
    pub payload: String,
    /// Until when the token is good.
    pub expires: Expiry,
}

/// Mints a token for `payload`, signed with `secret`.
pub fn mint(payload: &str, secret: &Secret, expires: Expiry) -> String {
    let mut text = format!("{payload}:{}", expires.in_token());
    let signature = sign_hex(secret, text.as_bytes());
    text.push(':');
    text.push_str(&signature);
    URL_SAFE_NO_PAD.encode(text)
}

/// Checks a token against every secret of the list, at the time `now`.
///
/// The signature is checked before the expiry, so that [`TokenError::Expired`] is only ever said of a genuine
/// token: the gateway on the other side then dials again instead of taking itself for revoked.
///
/// Each token has two spellings, with and without base64 padding. All others are malformed, also those a
/// lenient decoder would read as the same bytes.
pub fn verify(token: &str, list: &VerifyList, now: UnixSeconds) -> Result<Verified, TokenError> {
    let text = decode(token).ok_or(TokenError::Malformed)?;
    let parts = Parts::split(&text).ok_or(TokenError::Malformed)?;
    if !parts.tag.is_by_one_of(list, parts.signed.as_bytes()) {
        return Err(TokenError::BadSignature);
    }
    match parts.expires {
        Expiry::At(expired_at) if now > expired_at => Err(TokenError::Expired { expired_at, now }),
        expires => Ok(Verified { payload: parts.payload.to_owned(), expires }),
    }
}

/// The payload of a token whose signature **nobody has checked**; `None` when it is malformed.
///
/// A verifier with many gateways needs it to find the list of secrets for [`verify`]. It proves nothing:
/// whoever sent the token may have written any name into it.
pub fn unverified_payload(token: &str) -> Option<String> {
    let text = decode(token)?;
    Parts::split(&text).map(|parts| parts.payload.to_owned())
}

/// The text of a token, which is UTF-8.
fn decode(token: &str) -> Option<String> {
    // Both engines refuse set trailing bits, so that the last character has one spelling only.
    let engine = if token.ends_with('=') { &URL_SAFE } else { &URL_SAFE_NO_PAD };
    String::from_utf8(engine.decode(token).ok()?).ok()
}

/// `payload:expiry:signature`, taken apart from the right because a payload may hold colons.
struct Parts<'a> {
    payload: &'a str,
    expires: Expiry,
    tag: Tag,
    /// `payload:expiry`, as it was signed.
    signed: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once(':')?;
        let (payload, expiry) = signed.rsplit_once(':')?;
        // An uppercase digit would be a second spelling of the same signature.
        if signature.bytes().any(|b| b.is_ascii_uppercase()) {
            return None;
        }
        Some(Self { payload, expires: Expiry::from_token(expiry)?, tag: Tag::from_hex(signature)?, signed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `gw-test`, signed with `topsecret`, good until 1754700300.
    const TOKEN: &str = "Z3ctdGVzdDoxNzU0NzAwMzAwOjQ0OGNlNjE1NjY2MzU0MGM3YzY5NjZhMzRjZGJkMWMzNDAwOGNjMDU2OGEyODgzMWJiZjZjMjkxZWRmOWU5ZDA";
    const EXPIRY: UnixSeconds = UnixSeconds(1_754_700_300);

    fn list() -> VerifyList {
        VerifyList::new(Secret::new("topsecret"))
    }

    /// A token of this text, whatever it is.
    fn raw(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }

    #[test]
    fn a_minted_token_is_these_bytes() {
        assert_eq!(mint("gw-test", &Secret::new("topsecret"), Expiry::At(EXPIRY)), TOKEN);
    }

    #[test]
    fn a_token_is_good_up_to_and_including_its_last_second() {
        let verified = Verified { payload: "gw-test".to_owned(), expires: Expiry::At(EXPIRY) };
        assert_eq!(verify(TOKEN, &list(), EXPIRY), Ok(verified));
        let now = EXPIRY.plus(1);
        assert_eq!(verify(TOKEN, &list(), now), Err(TokenError::Expired { expired_at: EXPIRY, now }));
    }

    #[test]
    fn a_forged_token_is_never_called_expired() {
        let forged = mint("gw-test", &Secret::new("guess"), Expiry::At(UnixSeconds(1)));
        assert_eq!(verify(&forged, &list(), EXPIRY), Err(TokenError::BadSignature));
    }

    #[test]
    fn every_secret_of_the_list_is_tried() {
        let rotated = VerifyList::new(Secret::new("new")).with_secondary(Secret::new("topsecret"));
        assert!(verify(TOKEN, &rotated, EXPIRY).is_ok());
        let rotating = list().with_secondary(Secret::new("new"));
        assert!(verify(TOKEN, &rotating, EXPIRY).is_ok());
    }

    #[test]
    fn a_list_without_secrets_verifies_nothing() {
        let by_nobody = mint("gw-test", &Secret::new(""), Expiry::Never);
        assert_eq!(verify(&by_nobody, &VerifyList::default(), EXPIRY), Err(TokenError::BadSignature));
        let blank = VerifyList::new(Secret::new(""));
        assert_eq!(verify(&by_nobody, &blank, EXPIRY), Err(TokenError::BadSignature));
    }

    #[test]
    fn an_expiry_at_zero_does_not_become_never() {
        let secret = Secret::new("topsecret");
        let token = mint("gw", &secret, Expiry::At(UnixSeconds(0)));
        let expired = TokenError::Expired { expired_at: UnixSeconds(1), now: UnixSeconds(2) };
        assert_eq!(verify(&token, &list(), UnixSeconds(2)), Err(expired));
    }

    #[test]
    fn padding_is_tolerated_when_it_is_the_right_amount() {
        assert!(verify(&format!("{TOKEN}="), &list(), EXPIRY).is_ok());
        for wrong in [format!("{TOKEN}=="), format!("={TOKEN}"), format!("{TOKEN}=A"), "=".to_owned()] {
            assert_eq!(verify(&wrong, &list(), EXPIRY), Err(TokenError::Malformed), "{wrong}");
        }
        // Two characters are missing; one `=` is not the padding of that.
        let short = mint("gw-tes", &Secret::new("topsecret"), Expiry::At(EXPIRY));
        assert_eq!(short.len() % 4, 2);
        assert!(verify(&format!("{short}=="), &list(), EXPIRY).is_ok());
        assert_eq!(verify(&format!("{short}="), &list(), EXPIRY), Err(TokenError::Malformed));
    }

    #[test]
    fn a_last_character_with_set_trailing_bits_is_another_spelling_and_rejected() {
        // `A` and `B` differ only in bits that no byte is made of.
        assert!(TOKEN.ends_with('A'));
        for spelling in ["B", "C", "D", "B="] {
            let token = format!("{}{spelling}", &TOKEN[..TOKEN.len() - 1]);
            assert_eq!(verify(&token, &list(), EXPIRY), Err(TokenError::Malformed), "{token}");
        }
    }

    #[test]
    fn an_uppercase_signature_is_another_spelling_and_rejected() {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(TOKEN).unwrap()).unwrap();
        let (signed, signature) = text.rsplit_once(':').unwrap();
        let upper = raw(&format!("{signed}:{}", signature.to_uppercase()));
        assert_eq!(verify(&upper, &list(), EXPIRY), Err(TokenError::Malformed));
    }

    #[test]
    fn an_expiry_is_decimal_digits_that_fit() {
        let secret = Secret::new("topsecret");
        for expiry in ["", "+5", "-1", "1.0", " 7", "٣", "18446744073709551616"] {
            let signed = format!("gw:{expiry}");
            let signature = sign_hex(&secret, signed.as_bytes());
            let token = raw(&format!("{signed}:{signature}"));
            assert_eq!(verify(&token, &list(), EXPIRY), Err(TokenError::Malformed), "expiry {expiry:?}");
        }
    }

    #[test]
    fn the_unverified_payload_is_what_the_sender_claims() {
        assert_eq!(unverified_payload(TOKEN).as_deref(), Some("gw-test"));
        let forged = mint("gw:with:colons", &Secret::new("guess"), Expiry::Never);
        assert_eq!(unverified_payload(&forged).as_deref(), Some("gw:with:colons"));
        assert_eq!(unverified_payload("not-base64url!!!"), None);
        assert_eq!(unverified_payload(""), None);
    }
}
