//! The way out: the proxies of the environment, and roots of the operator's own.

use std::path::Path;
use std::time::SystemTime;

use relay_auth::UnixSeconds;
use relay_net::{CaBundle, CaBundleError, ProxySettings, TcpDialer};

/// What platforms, issuers and wake URLs are called by. `variable` gives the value of a variable of the environment;
/// `ca_file` holds roots to trust beside the machine's and the bundled ones.
///
/// # Errors
/// The roots cannot be used.
pub fn way_out(
    variable: impl Fn(&str) -> Option<String>,
    ca_file: Option<&Path>,
) -> Result<TcpDialer, CaBundleError> {
    let dialer = TcpDialer::default().through(ProxySettings::from_environment(variable));
    let Some(path) = ca_file else { return Ok(dialer) };
    Ok(dialer.trusting(CaBundle::read(path, UnixSeconds::from_system(SystemTime::now()))?))
}
