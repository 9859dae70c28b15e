//! The time of day, as both programs are told it.

use relay_auth::UnixSeconds;

/// Follows the simulated time.
pub fn now() -> UnixSeconds {
    UnixSeconds(turmoil::since_epoch().unwrap_or_default().as_secs())
}
