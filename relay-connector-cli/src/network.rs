//! The way out of the connector: the proxies of its environment, and roots of its operator's own.

use std::path::Path;
use std::time::SystemTime;

use anyhow::Context as _;
use relay_auth::UnixSeconds;
use relay_net::{CaBundle, ProxySettings, TcpDialer};

/// What issuers and wake URLs are called by. `ca_file` holds roots to trust beside the machine's and the bundled ones.
pub(crate) fn dialer(ca_file: Option<&Path>) -> anyhow::Result<TcpDialer> {
    let proxies = ProxySettings::from_environment(|name| std::env::var(name).ok());
    let dialer = TcpDialer::default().through(proxies);
    let Some(path) = ca_file else { return Ok(dialer) };
    let roots = CaBundle::read(path, UnixSeconds::from_system(SystemTime::now()));
    Ok(dialer.trusting(roots.context("the roots of --ca-file cannot be used")?))
}
