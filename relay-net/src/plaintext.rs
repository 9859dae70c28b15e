//! Whether a secret may travel to a URL.

use url::{Host, Url};

/// A secret would have travelled unencrypted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{scheme}://{host} is not encrypted and not this machine, so no secret is sent there; change the URL to \
     {secure}://, or allow plaintext explicitly if the network between is trusted"
)]
pub struct PlaintextRefused {
    scheme: String,
    secure: &'static str,
    host: String,
}

/// Refuses an unencrypted URL to another machine, unless plaintext was `allowed`.
pub fn refuse_plaintext(url: &Url, allowed: bool) -> Result<(), PlaintextRefused> {
    let secure = match url.scheme() {
        "ws" => "wss",
        "http" => "https",
        _ => return Ok(()),
    };
    if allowed || is_loopback(url) {
        return Ok(());
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    Err(PlaintextRefused { scheme: url.scheme().to_owned(), secure, host })
}

/// Whether a URL leads to this machine.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        // Schemes that the url crate does not parse a host for are refused elsewhere.
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::refuse_plaintext;

    fn passes(url: &str, allowed: bool) -> bool {
        refuse_plaintext(&Url::parse(url).expect("a URL"), allowed).is_ok()
    }

    #[test]
    fn a_secret_travels_in_plaintext_to_this_machine_only() {
        for url in
            ["ws://localhost:1/relay", "ws://127.9.9.9/relay", "http://[::1]:80/", "ws://[::ffff:127.0.0.1]/"]
        {
            assert!(passes(url, false), "{url}");
        }
        for url in ["ws://10.0.0.1/", "http://localhost.example/", "ws://[fe80::1]/", "ws://128.0.0.1/"] {
            assert!(!passes(url, false), "{url}");
            assert!(passes(url, true), "{url}");
        }
        assert!(passes("wss://connector.example/relay", false));
        assert!(passes("https://connector.example/relay", false));
    }

    #[test]
    fn the_message_says_what_to_change() {
        let refused =
            refuse_plaintext(&Url::parse("ws://10.0.0.1/relay").expect("a URL"), false).expect_err("refused");
        let message = refused.to_string();
        assert!(message.contains("ws://10.0.0.1") && message.contains("wss://"), "{message}");
    }
}
