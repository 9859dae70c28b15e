//! The time of day, as both programs are told it.

use relay_auth::UnixSeconds;

/// Follows the simulated time.
pub fn now() -> UnixSeconds {
    UnixSeconds(turmoil::since_epoch().unwrap_or_default().as_secs())
}

/// The same, in the inbox's own type.
pub fn seconds() -> i64 {
    i64::try_from(now().0).unwrap_or(i64::MAX)
}
