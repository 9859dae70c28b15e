//! What exactly is wrong when TLS fails.

use std::io;

use rustls::{CertificateError, Error as RustlsError};

/// Why the other end did not prove who it is.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct TlsError(io::Error);

/// The causes of a TLS failure that have a remedy of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsErrorKind {
    /// Nobody whom this machine trusts has signed the certificate.
    UnknownIssuer,
    /// The certificate is another host's.
    WrongName,
    /// The certificate has ended, or this machine's clock is ahead.
    Expired,
    /// The certificate has not begun yet, or this machine's clock is behind.
    NotYetValid,
    /// What answered speaks no TLS.
    NotTls,
    /// Something else, which the error's text says.
    Other,
}

impl TlsError {
    /// What exactly is wrong.
    pub fn kind(&self) -> TlsErrorKind {
        match self.0.get_ref().and_then(|inner| inner.downcast_ref::<RustlsError>()) {
            Some(RustlsError::InvalidCertificate(certificate)) => match certificate {
                CertificateError::UnknownIssuer => TlsErrorKind::UnknownIssuer,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    TlsErrorKind::WrongName
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsErrorKind::Expired,
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                    TlsErrorKind::NotYetValid
                }
                _ => TlsErrorKind::Other,
            },
            Some(RustlsError::InvalidMessage(_)) => TlsErrorKind::NotTls,
            _ => TlsErrorKind::Other,
        }
    }
}

/// What a TLS handshake said, which is an I/O error around rustls' own.
impl From<io::Error> for TlsError {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}
