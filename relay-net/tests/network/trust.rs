//! A dialer that trusts one authority, by way of a file.

use std::io::Write as _;
use std::path::PathBuf;

use relay_auth::UnixSeconds;
use relay_net::{CaBundle, CaBundleError, TcpDialer};

use crate::authority::Authority;

/// The first second of 2026.
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_767_225_600);

/// A file of its own, removed with the value.
pub(crate) struct PemFile(tempfile::NamedTempFile);

impl PemFile {
    pub(crate) fn holding(text: &str) -> Self {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        Self(file)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    pub(crate) fn read(&self) -> Result<CaBundle, CaBundleError> {
        CaBundle::read(&self.path(), NOW)
    }
}

pub(crate) fn trusting(authority: &Authority) -> TcpDialer {
    let file = PemFile::holding(&authority.pem());
    TcpDialer::default().trusting(file.read().expect("roots"))
}
