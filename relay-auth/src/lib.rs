//! Bearer tokens, delivery signatures and secrets of the relay protocol (contract, Connection).
//!
//! A gateway proves who it is with a token that it mints for every dial; a connector checks it against a
//! list of secrets, so that a secret can be rotated without a pause. Nothing here reads a clock, touches a
//! socket or holds state: the time and the randomness are arguments. The only cryptography is ring's.
//!
//! ```
//! use relay_auth::{Expiry, Secret, TokenError, UnixSeconds, VerifyList, mint, verify};
//!
//! let secret = Secret::new("topsecret");
//! let now = UnixSeconds(1_754_700_000);
//! let token = mint("gw-test", &secret, Expiry::At(now.plus(relay_auth::UPGRADE_TOKEN_TTL_SECONDS)));
//!
//! let list = VerifyList::new(secret);
//! assert_eq!(verify(&token, &list, now).unwrap().payload, "gw-test");
//! assert!(matches!(verify(&token, &list, now.plus(301)), Err(TokenError::Expired { .. })));
//! ```

mod delivery;
mod error;
mod mac;
mod secret;
mod time;
mod token;
mod verify_list;

pub use delivery::{
    DELIVERY_MAX_SKEW_SECONDS, DELIVERY_SIGNATURE_HEADER, DELIVERY_TIMESTAMP_HEADER, sign_delivery,
    verify_delivery,
};
pub use error::{DeliveryError, RandomFailed, TokenError};
pub use secret::Secret;
pub use time::UnixSeconds;
pub use token::{Expiry, UPGRADE_TOKEN_TTL_SECONDS, Verified, mint, unverified_payload, verify};
pub use verify_list::VerifyList;
