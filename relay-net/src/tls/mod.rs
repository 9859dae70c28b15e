//! Who is trusted, and what is wrong where TLS fails.

mod ca_bundle;
mod config;
mod error;

pub use ca_bundle::{CaBundle, CaBundleError, CaProblem};
pub(crate) use config::tls_trusting;
pub use error::{TlsError, TlsErrorKind};
