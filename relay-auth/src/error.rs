//! What can be wrong with a token, a delivery or the source of randomness.
//!
//! No variant carries a token, a signature or a secret: these errors are made to be logged.

use crate::time::UnixSeconds;

/// Why a token was rejected.
///
/// A connector closes with 4401 for all of them, with the reason `expired` for [`TokenError::Expired`] alone
/// (contract, Connection).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It is not the base64url text of `payload:expiry:signature`.
    #[error(
        "the upgrade token is not base64url of payload:expiry:signature; send one as the gateway minted it, \
         unaltered"
    )]
    Malformed,
    /// No secret of the list made its signature.
    #[error(
        "the upgrade token is signed by none of the known secrets; enroll the gateway again or correct its \
         secret"
    )]
    BadSignature,
    /// It is genuine, but too old.
    #[error(
        "the upgrade token expired at {expired_at} and it is {now} (unix seconds); mint one for every dial \
         and compare the clocks of both machines"
    )]
    Expired {
        /// The last second in which it was good.
        expired_at: UnixSeconds,
        /// The verifier's time.
        now: UnixSeconds,
    },
}

/// Why a signed delivery was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeliveryError {
    /// The timestamp header is not a number of seconds.
    #[error("the header x-relay-timestamp is not a number of unix seconds; send it in decimal digits")]
    MalformedTimestamp,
    /// The signature header is not a tag.
    #[error("the header x-relay-signature is not 64 hex digits; send the HMAC-SHA256 of timestamp.body")]
    MalformedSignature,
    /// No key of the list made the signature.
    #[error(
        "the delivery is signed by none of the known delivery keys, or its body was altered on the way; \
         provision the gateway again or correct its delivery key"
    )]
    BadSignature,
    /// It is genuine, but from another time.
    #[error(
        "the delivery was signed at {signed_at} and it is {now} (unix seconds), more than {max_skew_seconds} s \
         apart; compare the clocks of both machines"
    )]
    Skewed {
        /// The time in its header.
        signed_at: UnixSeconds,
        /// The verifier's time.
        now: UnixSeconds,
        /// The distance allowed, in either direction.
        max_skew_seconds: u64,
    },
}

/// The system's source of randomness gave nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the system's random number source failed, so no secret was made; check that /dev/urandom is readable"
)]
pub struct RandomFailed;
