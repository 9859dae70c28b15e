//! Why a verifier cannot be set up as its operator wants it.

/// Why identities cannot be checked as the operator wants it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentitySettingsError {
    /// No usable URL.
    #[error("the {what} `{url}` cannot be used ({reason}); write it as https://HOST/PATH")]
    Url {
        /// Which one.
        what: &'static str,
        /// As it was given.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Nobody to be meant for: a token for any other service would open this one.
    #[error("no audience is given; name the one that the issuer writes into tokens for this connector")]
    NoAudience,
    /// A blank claim name.
    #[error("the claim that names the tenant is blank; `sub` is the usual one")]
    NoClaim,
    /// A static token that could be guessed.
    #[error("the token of the tenant {tenant} is shorter than {min} characters; generate a random one")]
    ShortToken {
        /// Whose.
        tenant: String,
        /// The least number of characters.
        min: usize,
    },
    /// One token for two.
    #[error("the tenants {one} and {other} have the same token; give each its own")]
    SharedToken {
        /// One of them.
        one: String,
        /// The other.
        other: String,
    },
    /// A name without its secret cannot log in.
    #[error("the client id and the client secret of the introspection belong together; give both or neither")]
    HalfAClient,
}
