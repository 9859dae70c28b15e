//! Roots of an organization's own: a PEM file.

use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use relay_auth::UnixSeconds;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tracing::warn;

/// The largest file that is read, in bytes: 16 MiB. The roots of a whole system are a quarter of one.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Certificates to trust beside the machine's and the bundled ones.
#[derive(Clone)]
pub struct CaBundle {
    certificates: Vec<CertificateDer<'static>>,
}

/// Why a file gives no roots.
#[derive(Debug, thiserror::Error)]
#[error("{path} {problem}", path = .path.display())]
pub struct CaBundleError {
    path: PathBuf,
    #[source]
    problem: CaProblem,
}

impl CaBundleError {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &CaProblem {
        &self.problem
    }
}

/// What is wrong with a file of roots.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaProblem {
    /// It cannot be read.
    #[error("cannot be read ({0}); name a file with PEM certificates")]
    Unreadable(#[source] io::Error),
    /// It is too long to be one.
    #[error("is longer than {MAX_FILE} bytes; name a file with PEM certificates")]
    TooLarge,
    /// There is nothing in it.
    #[error("is empty; put PEM certificates into it")]
    Empty,
    /// There is no certificate in it.
    #[error("holds no PEM certificate (-----BEGIN CERTIFICATE-----); convert it, or name another file")]
    NoCertificate,
    /// What says that it is a certificate is none.
    #[error("holds a certificate that cannot be read, number {number} ({reason}); replace it")]
    Malformed {
        /// Its place in the file, counted from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// All of its certificates have ended.
    #[error("holds expired certificates only; replace them, or set this machine's clock")]
    Expired,
    /// None of its certificates has begun.
    #[error("holds only certificates that are not valid yet; set this machine's clock, or replace them")]
    NotYetValid,
}

impl CaBundle {
    /// Reads a file at the time `now`. Certificates that are not valid now are left out with a warning, as long as
    /// there are others.
    pub fn read(path: &Path, now: UnixSeconds) -> Result<Self, CaBundleError> {
        let failed = |problem| CaBundleError { path: path.to_owned(), problem };
        let pem = pem(path).map_err(failed)?;
        let (bundle, left_out) = Self::parse(&pem, now).map_err(failed)?;
        if left_out > 0 {
            warn!(file = %path.display(), left_out, "certificates that are not valid now are not trusted");
        }
        Ok(bundle)
    }

    /// The certificates that are valid now, and how many are not.
    fn parse(pem: &[u8], now: UnixSeconds) -> Result<(Self, usize), CaProblem> {
        if pem.trim_ascii().is_empty() {
            return Err(CaProblem::Empty);
        }
        let (mut certificates, mut expired, mut early) = (Vec::new(), 0, 0);
        for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let malformed = |reason: String| CaProblem::Malformed { number: index + 1, reason };
            let certificate = certificate.map_err(|error| malformed(error.to_string()))?;
            match validity(&certificate, now).map_err(malformed)? {
                Validity::Valid => certificates.push(certificate),
                Validity::Expired => expired += 1,
                Validity::Early => early += 1,
            }
        }
        match (certificates.is_empty(), expired, early) {
            (false, ..) => Ok((Self { certificates }, expired + early)),
            (true, 0, 0) => Err(CaProblem::NoCertificate),
            (true, 0, _) => Err(CaProblem::NotYetValid),
            (true, ..) => Err(CaProblem::Expired),
        }
    }

    pub(crate) fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }
}

impl fmt::Debug for CaBundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaBundle").field("certificates", &self.certificates.len()).finish()
    }
}

fn pem(path: &Path) -> Result<Vec<u8>, CaProblem> {
    let mut pem = Vec::new();
    let file = std::fs::File::open(path).map_err(CaProblem::Unreadable)?;
    // A pipe or a device may have no end.
    file.take(MAX_FILE + 1).read_to_end(&mut pem).map_err(CaProblem::Unreadable)?;
    if u64::try_from(pem.len()).is_ok_and(|length| length <= MAX_FILE) {
        Ok(pem)
    } else {
        Err(CaProblem::TooLarge)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Validity {
    Valid,
    Expired,
    Early,
}

/// Whether a root may be used now; what is wrong with one that cannot be read. rustls looks at the dates of a server's
/// certificate and never at those of a root.
fn validity(certificate: &CertificateDer<'static>, now: UnixSeconds) -> Result<Validity, String> {
    RootCertStore::empty().add(certificate.clone()).map_err(|error| error.to_string())?;
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).map_err(|error| error.to_string())?;
    let dates = parsed.validity();
    let now = i64::try_from(now.0).unwrap_or(i64::MAX);
    Ok(match now {
        now if now > dates.not_after.timestamp() => Validity::Expired,
        now if now < dates.not_before.timestamp() => Validity::Early,
        _ => Validity::Valid,
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
    use relay_auth::UnixSeconds;
    use rustls::pki_types::CertificateDer;

    use super::{Validity, validity};

    #[test]
    fn a_root_is_valid_from_its_first_second_to_its_last_in_either_form_of_a_date() {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Years from 2050 on have four digits, those before have two.
        params.not_before = date_time_ymd(2026, 1, 1);
        params.not_after = date_time_ymd(2100, 3, 1);
        let root = params.self_signed(&KeyPair::generate().expect("a key")).expect("a root");
        let (first, last) = (20_454 * 86_400, 47_541 * 86_400);
        for (now, expected) in [
            (0, Validity::Early),
            (first - 1, Validity::Early),
            (first, Validity::Valid),
            (last, Validity::Valid),
            (last + 1, Validity::Expired),
            (u64::MAX, Validity::Expired),
        ] {
            assert_eq!(validity(root.der(), UnixSeconds(now)), Ok(expected), "{now}");
        }
    }

    #[test]
    fn a_certificate_that_is_cut_off_is_told_and_never_a_panic() {
        let root = CertificateParams::new(Vec::new())
            .expect("no names")
            .self_signed(&KeyPair::generate().expect("a key"))
            .expect("a root");
        for end in 0..root.der().len() {
            let cut = CertificateDer::from(root.der()[..end].to_vec());
            assert!(validity(&cut, UnixSeconds(0)).is_err(), "{end}");
        }
    }
}
