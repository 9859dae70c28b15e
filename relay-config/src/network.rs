//! The network between the gateway and everybody it calls: proxies and roots.

use std::path::PathBuf;

use relay_auth::Secret;

use crate::Setting;
use crate::reader::Reader;

/// How the gateway gets out. Proxies and `SSL_CERT_FILE` have the names that other programs know them by.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NetworkSettings {
    /// A PEM file of roots to trust beside the machine's and the bundled ones.
    pub ca_file: Option<Setting<PathBuf>>,
    /// The same, by the name that every program on this machine reads.
    pub ssl_cert_file: Option<Setting<PathBuf>>,
    /// The proxy for `http` and `ws`. It may hold a password.
    pub http_proxy: Option<Setting<Secret>>,
    /// The proxy for `https` and `wss`. It may hold a password.
    pub https_proxy: Option<Setting<Secret>>,
    /// Which hosts are reached without one.
    pub no_proxy: Option<Setting<String>>,
}

/// A variable in lower case goes before the same in upper case, and one for a scheme before `ALL_PROXY`, as with
/// curl.
pub(crate) fn read(reader: &mut Reader<'_>) -> NetworkSettings {
    let path = |text: Setting<String>| text.map(PathBuf::from);
    let ca_file = reader.text("CA_FILE", Some("relay_ca_file")).map(path);
    let ssl_cert_file = reader.shared(&["SSL_CERT_FILE"]).map(path);
    let http = reader.shared(&["http_proxy", "HTTP_PROXY"]);
    let https = reader.shared(&["https_proxy", "HTTPS_PROXY"]);
    let all = reader.shared(&["all_proxy", "ALL_PROXY"]);
    let secret = |text: Setting<String>| text.map(Secret::new);
    NetworkSettings {
        ca_file,
        ssl_cert_file,
        http_proxy: http.or_else(|| all.clone()).map(secret),
        https_proxy: https.or(all).map(secret),
        no_proxy: reader.shared(&["no_proxy", "NO_PROXY"]),
    }
}
