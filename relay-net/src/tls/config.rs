//! The TLS configuration of every connection.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tracing::debug;

use crate::CaBundle;

/// The roots of this machine and those bundled with the program: the former hold an organization's own, the latter are
/// there in a container that has none. Reads the machine's from disk, which takes some milliseconds.
fn default_roots() -> RootCertStore {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let native = rustls_native_certs::load_native_certs();
    let (added, unusable) = roots.add_parsable_certificates(native.certs);
    debug!(added, unusable, errors = native.errors.len(), "the machine's root certificates were read");
    roots
}

/// rustls with ring, trusting `base`, or else the roots of this machine and the bundled ones, and `further` ones.
pub(crate) fn tls_trusting(
    base: Option<&RootCertStore>,
    further: &[CaBundle],
) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut roots = base.cloned().unwrap_or_else(default_roots);
    for bundle in further {
        roots.add_parsable_certificates(bundle.certificates().iter().cloned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
