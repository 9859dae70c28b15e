//! What the verifiers are told by the operator, checked before anything is served.

use std::net::IpAddr;

use url::{Host, Url};

use crate::access::identity::IdentitySettingsError;

/// The claim that names the tenant unless told otherwise: whoever the token is about.
pub const DEFAULT_TENANT_CLAIM: &str = "sub";

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
    use super::endpoint;
    use crate::access::identity::IdentitySettingsError;

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
