//! What exactly is wrong when TLS fails.

use std::io;

use rustls::{CertificateError, Error as TlsError};

use crate::DialError;

/// The causes of a TLS failure that have a remedy of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsFault {
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

impl DialError {
    /// What exactly is wrong, where it is TLS that failed.
    pub fn tls_fault(&self) -> Option<TlsFault> {
        match self {
            Self::Tls { source, .. } => Some(fault(source)),
            Self::TlsSetup { .. } => Some(TlsFault::Other),
            _ => None,
        }
    }
}

fn fault(source: &io::Error) -> TlsFault {
    match source.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
        Some(TlsError::InvalidCertificate(certificate)) => match certificate {
            CertificateError::UnknownIssuer => TlsFault::UnknownIssuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                TlsFault::WrongName
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFault::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                TlsFault::NotYetValid
            }
            _ => TlsFault::Other,
        },
        Some(TlsError::InvalidMessage(_)) => TlsFault::NotTls,
        _ => TlsFault::Other,
    }
}
