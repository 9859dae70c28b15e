//! The TLS configuration of every connection.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};
use tracing::debug;

use crate::CaBundle;

/// rustls with ring, trusting the roots of this machine and those bundled with the program: the former hold an
/// organization's own, the latter are there in a container that has none.
///
/// Reads the machine's certificates from disk, which takes some milliseconds: build it once.
pub fn default_tls() -> Result<Arc<ClientConfig>, rustls::Error> {
    tls_trusting(&[])
}

/// The same, and trusting these roots too.
pub(crate) fn tls_trusting(further: &[CaBundle]) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let native = rustls_native_certs::load_native_certs();
    let (added, unusable) = roots.add_parsable_certificates(native.certs);
    debug!(added, unusable, errors = native.errors.len(), "the machine's root certificates were read");
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
