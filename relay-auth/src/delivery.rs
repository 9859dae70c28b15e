//! Signatures of deliveries over HTTP (contract, HTTP routes). The socket has superseded them; connectors
//! that still call a gateway's endpoint use them.

use std::fmt;

use crate::error::DeliveryError;
use crate::mac::{Tag, sign_hex};
use crate::secret::Secret;
use crate::time::UnixSeconds;
use crate::verify_list::VerifyList;

/// The header with the time of signing, in unix seconds.
pub const DELIVERY_TIMESTAMP_HEADER: &str = "x-relay-timestamp";
/// The header with the signature, in hex.
pub const DELIVERY_SIGNATURE_HEADER: &str = "x-relay-signature";
/// How far the time of signing may lie from the verifier's, in either direction.
pub const DELIVERY_MAX_SKEW_SECONDS: u64 = 300;

/// The signature of a body: `hex(HMAC_SHA256(key, "{timestamp}.{body}"))`, over the exact bytes.
///
/// `timestamp` is signed as it displays, which is how it has to stand in its header.
pub fn sign_delivery(timestamp: impl fmt::Display, body: &[u8], key: &Secret) -> String {
    sign_hex(key, &signed_bytes(&timestamp, body))
}

/// Checks a delivery's two headers against its body and every key of the list, at the time `now`.
///
/// As for tokens the signature is checked first: [`DeliveryError::Skewed`] is only said of a genuine one.
pub fn verify_delivery(
    timestamp: &str,
    signature: &str,
    body: &[u8],
    keys: &VerifyList,
    now: UnixSeconds,
    max_skew_seconds: u64,
) -> Result<(), DeliveryError> {
    if timestamp.is_empty() || !timestamp.bytes().all(|b| b.is_ascii_digit()) {
        return Err(DeliveryError::MalformedTimestamp);
    }
    let signed_at = UnixSeconds(timestamp.parse().map_err(|_| DeliveryError::MalformedTimestamp)?);
    let tag = Tag::from_hex(signature).ok_or(DeliveryError::MalformedSignature)?;
    if !tag.is_by_one_of(keys, &signed_bytes(&timestamp, body)) {
        return Err(DeliveryError::BadSignature);
    }
    if signed_at.0.abs_diff(now.0) > max_skew_seconds {
        return Err(DeliveryError::Skewed { signed_at, now, max_skew_seconds });
    }
    Ok(())
}

fn signed_bytes(timestamp: &dyn fmt::Display, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{timestamp}.").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_750_000_000);

    fn key() -> Secret {
        Secret::new("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff")
    }

    fn check(timestamp: &str, signature: &str, body: &[u8]) -> Result<(), DeliveryError> {
        verify_delivery(timestamp, signature, body, &VerifyList::new(key()), NOW, DELIVERY_MAX_SKEW_SECONDS)
    }

    #[test]
    fn a_signature_is_these_digits() {
        let body = br#"{"type":"message","event":{"text":"hi","source":{"chat_id":"c1"}}}"#;
        let expected = "ac9509c8dae52b5590f06378260877334ff1adc4b1c96bafa4b514165fae6dc6";
        assert_eq!(sign_delivery(NOW, body, &key()), expected);
        assert_eq!(sign_delivery("1750000000", body, &key()), expected);
        assert_eq!(check("1750000000", expected, body), Ok(()));
    }

    #[test]
    fn the_skew_is_allowed_in_both_directions_and_no_further() {
        for (signed_at, accepted) in
            [(1_749_999_699, false), (1_749_999_700, true), (1_750_000_300, true), (1_750_000_301, false)]
        {
            let signed_at = UnixSeconds(signed_at);
            let result = check(&signed_at.to_string(), &sign_delivery(signed_at, b"", &key()), b"");
            let skewed = DeliveryError::Skewed { signed_at, now: NOW, max_skew_seconds: 300 };
            assert_eq!(result, if accepted { Ok(()) } else { Err(skewed) });
        }
    }

    #[test]
    fn a_forged_delivery_is_never_called_skewed() {
        let forged = sign_delivery("1", b"", &Secret::new("guess"));
        assert_eq!(check("1", &forged, b""), Err(DeliveryError::BadSignature));
    }

    #[test]
    fn the_timestamp_is_decimal_digits_even_when_it_was_signed_otherwise() {
        for timestamp in ["", "abc", "1750000000x", "+1750000000", " 1750000000", "99999999999999999999"] {
            let signature = sign_delivery(timestamp, b"{}", &key());
            assert_eq!(check(timestamp, &signature, b"{}"), Err(DeliveryError::MalformedTimestamp));
        }
    }

    #[test]
    fn a_shortened_signature_is_malformed() {
        let signature = sign_delivery(NOW, b"{}", &key());
        assert_eq!(check("1750000000", &signature[..32], b"{}"), Err(DeliveryError::MalformedSignature));
        assert_eq!(check("1750000000", "", b"{}"), Err(DeliveryError::MalformedSignature));
    }

    #[test]
    fn an_uppercase_signature_is_the_same_signature() {
        let signature = sign_delivery(NOW, b"{}", &key()).to_uppercase();
        assert_eq!(check("1750000000", &signature, b"{}"), Ok(()));
    }
}
