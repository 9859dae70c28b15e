//! What the verifiers are told by the operator, checked before anything is served.

use std::net::IpAddr;

use url::{Host, Url};

/// The claim that names the tenant unless told otherwise: whoever the token is about.
pub const DEFAULT_TENANT_CLAIM: &str = "sub";

/// Why identities cannot be checked as the operator wants it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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

/// Reads a URL that tokens or keys cross: encrypted, unless it leads nowhere but to this machine.
pub(super) fn endpoint(what: &'static str, text: &str) -> Result<Url, IdentitySettingsError> {
    let refused = |reason: String| IdentitySettingsError::Url { what, url: text.to_owned(), reason };
    let url = Url::parse(text.trim()).map_err(|error| refused(error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        // Not quoted back: it would be in every log.
        let url = "[with credentials]".to_owned();
        return Err(IdentitySettingsError::Url { what, url, reason: "it holds credentials".to_owned() });
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(&url) => Ok(url),
        "http" => Err(refused("unencrypted, and not on this machine".to_owned())),
        scheme => Err(refused(format!("nothing is fetched by {scheme}"))),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The claim's name, trimmed.
pub(super) fn claim(name: &str) -> Result<String, IdentitySettingsError> {
    match name.trim() {
        "" => Err(IdentitySettingsError::NoClaim),
        name => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{IdentitySettingsError, endpoint};

    #[test]
    fn a_url_is_encrypted_or_on_this_machine() {
        for good in
            ["https://issuer.example/a", "http://127.0.0.1:1/", "http://[::1]:1", "http://localhost:9/x"]
        {
            assert!(endpoint("issuer", good).is_ok(), "{good}");
        }
        for bad in [
            "http://issuer.example",
            "http://127.0.0.1.example",
            "ftp://127.0.0.1",
            "issuer.example",
            "",
            "https://",
        ] {
            assert!(endpoint("issuer", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_refused_and_not_repeated() {
        let error = endpoint("issuer", "https://me:hunter2@issuer.example").unwrap_err();
        assert!(matches!(error, IdentitySettingsError::Url { .. }));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
