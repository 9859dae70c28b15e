//! What holds for every token and every delivery, not only for those of the vectors.

use proptest::prelude::*;
use relay_auth::{
    DeliveryError, Expiry, Secret, TokenError, UnixSeconds, VerifyList, mint, sign_delivery,
    unverified_payload, verify, verify_delivery,
};

const NOW: UnixSeconds = UnixSeconds(1_750_000_000);

/// Secrets without NUL: HMAC pads its key with zeros, so `a` and `a\0` are one and the same key.
fn secret() -> impl Strategy<Value = String> {
    "[^\\x00]{1,80}"
}

fn list(secret: &str) -> VerifyList {
    VerifyList::new(Secret::new(secret))
}

/// The token with one bit of its text flipped; `None` where that is no longer text at all.
fn flipped(text: &str, bit: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    String::from_utf8(bytes).ok()
}

proptest! {
    #[test]
    fn a_token_verifies_under_its_secret_and_under_no_other(
        payload in ".*", secret in secret(), other in secret(), expiry in proptest::option::of(0..u64::MAX),
    ) {
        let expires = expiry.map_or(Expiry::Never, |second| Expiry::At(NOW.plus(second)));
        let token = mint(&payload, &Secret::new(&*secret), expires);
        prop_assert_eq!(verify(&token, &list(&secret), NOW).map(|v| (v.payload, v.expires)), Ok((payload.clone(), expires)));
        prop_assert_eq!(unverified_payload(&token), Some(payload));
        if secret != other {
            prop_assert_eq!(verify(&token, &list(&other), NOW), Err(TokenError::BadSignature));
        }
    }

    #[test]
    fn any_flipped_bit_of_a_token_is_rejected(
        payload in ".{0,12}", secret in secret(), padded: bool,
    ) {
        let mut token = mint(&payload, &Secret::new(&*secret), Expiry::Never);
        while padded && !token.len().is_multiple_of(4) {
            token.push('=');
        }
        prop_assert!(verify(&token, &list(&secret), NOW).is_ok());
        for altered in (0..token.len() * 8).filter_map(|bit| flipped(&token, bit)) {
            prop_assert!(verify(&altered, &list(&secret), NOW).is_err(), "{altered}");
        }
    }

    #[test]
    fn verifying_any_text_is_an_answer_and_never_a_panic(token in ".*", other in "[A-Za-z0-9_=-]{0,200}") {
        for text in [token, other] {
            prop_assert!(verify(&text, &list("s"), NOW).is_err());
            let _ = unverified_payload(&text);
        }
    }

    #[test]
    fn a_delivery_verifies_under_its_key_and_under_no_other(
        body in proptest::collection::vec(any::<u8>(), 0..64), key in secret(), other in secret(), at in 0..=600_u64,
    ) {
        let signed_at = UnixSeconds(NOW.0 - 300 + at);
        let signature = sign_delivery(signed_at, &body, &Secret::new(&*key));
        let check = |key: &str| verify_delivery(&signed_at.to_string(), &signature, &body, &list(key), NOW, 300);
        prop_assert_eq!(check(&key), Ok(()));
        if key != other {
            prop_assert_eq!(check(&other), Err(DeliveryError::BadSignature));
        }
    }

    #[test]
    fn any_flipped_bit_of_a_delivery_is_rejected(
        body in proptest::collection::vec(any::<u8>(), 1..64), key in secret(), bit: usize,
    ) {
        let signature = sign_delivery(NOW, &body, &Secret::new(&*key));
        let mut altered = body.clone();
        let at = bit % (body.len() * 8);
        altered[at / 8] ^= 1 << (at % 8);
        prop_assert!(verify_delivery("1750000000", &signature, &altered, &list(&key), NOW, 300).is_err());
        // Hex reads in either case, so only a flip to another digit is another signature.
        if let Some(other) = flipped(&signature, bit).filter(|other| !other.eq_ignore_ascii_case(&signature)) {
            prop_assert!(verify_delivery("1750000000", &other, &body, &list(&key), NOW, 300).is_err());
        }
    }

    #[test]
    fn verifying_any_headers_is_an_answer_and_never_a_panic(
        timestamp in ".*", signature in ".*", body in proptest::collection::vec(any::<u8>(), 0..64), skew: u64,
    ) {
        prop_assert!(verify_delivery(&timestamp, &signature, &body, &list("s"), NOW, skew).is_err());
    }

    #[test]
    fn no_error_ever_shows_the_secret_or_the_token(payload in "[a-z]{8}", now in 0..u64::MAX) {
        let secret = Secret::new("hunter2-hunter2");
        let token = mint(&payload, &secret, Expiry::At(NOW));
        for list in [list("hunter2-hunter2"), list("hunter2-hunter3")] {
            for token in [token.as_str(), &token[1..]] {
                if let Err(error) = verify(token, &list, UnixSeconds(now)) {
                    let shown = format!("{error} {error:?}");
                    prop_assert!(!shown.contains("hunter2") && !shown.contains(token), "{shown}");
                }
            }
            let signature = sign_delivery(NOW, b"{}", &secret);
            if let Err(error) = verify_delivery("1750000000", &signature, b"{}", &list, UnixSeconds(now), 300) {
                let shown = format!("{error} {error:?}");
                prop_assert!(!shown.contains("hunter2") && !shown.contains(&signature), "{shown}");
            }
        }
    }
}
