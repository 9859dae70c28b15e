//! Why an identity was not accepted.

use crate::access::identity::FetchError;

/// What is wrong with an identity token, or with finding out. The token itself is never repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Longer than any token of use.
    #[error("the identity token is longer than {max} bytes; get one with fewer claims")]
    TooLong {
        /// The bound, in bytes.
        max: usize,
    },
    /// Not a token of the kind that this connector asks for.
    #[error(
        "the identity token cannot be read ({reason}); get one from the issuer that this connector names"
    )]
    Malformed {
        /// What is wrong.
        reason: &'static str,
    },
    /// `none`, a shared-secret algorithm, or one that nobody here knows.
    #[error("the identity token's algorithm is not accepted; have it signed by RS, PS, ES or EdDSA")]
    Algorithm,
    /// The issuer has no such key, or none of that kind.
    #[error("the key that signed the identity token is none of the issuer's; get a new token")]
    UnknownKey,
    /// The signature does not fit.
    #[error("the identity token's signature is wrong; get a new token")]
    BadSignature,
    /// Too old.
    #[error("the identity token has expired; get a new one")]
    Expired,
    /// Not good yet.
    #[error("the identity token is not good yet; check the clocks of this machine and of the issuer")]
    NotYet,
    /// By somebody else.
    #[error("the identity token is by another issuer than this connector's; get one there")]
    Issuer,
    /// For somebody else.
    #[error("the identity token is not meant for this connector; ask for one with its audience")]
    Audience,
    /// The claim that names the tenant says nothing.
    #[error("the identity token's claim `{claim}` names no tenant; have the issuer put one in")]
    NoTenant {
        /// The claim.
        claim: String,
    },
    /// Not, or no longer, known.
    #[error("the identity token is not known here; get a new one")]
    Unknown,
    /// Too many are being asked about at once.
    #[error("too many identities are being checked; try again")]
    Busy,
    /// Whoever knows could not be asked.
    #[error("the identity cannot be checked now: {0}")]
    Unavailable(#[from] FetchError),
}

impl IdentityError {
    /// Whether the same token may be accepted later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable(_))
    }
}
