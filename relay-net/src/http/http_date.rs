//! Points in time as HTTP writes them (RFC 9110, 5.6.7).

use relay_auth::UnixSeconds;

/// Reads a date in any of its three forms.
pub(super) fn parse(text: &str) -> Option<UnixSeconds> {
    httpdate::parse_http_date(text).ok().map(UnixSeconds::from_system)
}
