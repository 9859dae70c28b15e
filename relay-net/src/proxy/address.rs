//! One proxy: its address, its credentials, and who named it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use relay_auth::Secret;
use url::Url;

/// An HTTP proxy, and who named it.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Without its user and password.
    url: Url,
    /// The value of `Proxy-Authorization`.
    authorization: Option<Secret>,
    source: String,
}

/// A proxy that was named and cannot be used. The address itself is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{named_by}: {reason}")]
pub struct ProxyUrlError {
    named_by: String,
    reason: &'static str,
}

impl ProxyUrlError {
    /// Who named it, such as `HTTPS_PROXY`.
    pub fn named_by(&self) -> &str {
        &self.named_by
    }

    /// What is wrong, and what to write instead.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl Proxy {
    /// Reads an address such as `http://user:password@proxy.example:3128`. Without a scheme it is `http`.
    /// `source` says who named it, for errors.
    pub fn parse(text: &str, source: impl Into<String>) -> Result<Self, ProxyUrlError> {
        let named_by = source.into();
        let wrong = |reason| ProxyUrlError { named_by: named_by.clone(), reason };
        let unreadable = "the proxy cannot be read as a URL; write for example http://proxy.example:3128";
        let text = text.trim();
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let mut url = Url::parse(&whole).map_err(|_| wrong(unreadable))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong(
                "only http:// and https:// proxies can be used, which SOCKS is not; name one of these",
            ));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(wrong(unreadable));
        }
        let authorization = (!url.username().is_empty() || url.password().is_some()).then(|| {
            let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
            pair.push(b':');
            pair.extend(percent_decode_str(url.password().unwrap_or_default()));
            Secret::new(format!("Basic {}", STANDARD.encode(pair)))
        });
        // Both can be removed from any URL that has a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        Ok(Self { url, authorization, source: named_by })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn authorization(&self) -> Option<&Secret> {
        self.authorization.as_ref()
    }

    /// Who named it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The proxy for people, without its credentials: `http://proxy.example:3128`.
    pub fn name(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

#[cfg(test)]
mod tests {
    use relay_auth::Secret;

    use super::Proxy;

    fn proxy(text: &str) -> Proxy {
        Proxy::parse(text, "test").expect("a proxy")
    }

    #[test]
    fn a_proxy_is_read_with_and_without_a_scheme_a_port_and_credentials() {
        for (text, name) in [
            ("http://p.example:3128", "http://p.example:3128"),
            ("p.example:3128", "http://p.example:3128"),
            ("p.example", "http://p.example"),
            ("https://p.example/", "https://p.example"),
            ("me:hunter2@p.example:1", "http://p.example:1"),
            ("http://[2001:db8::1]:3128", "http://[2001:db8::1]:3128"),
        ] {
            assert_eq!(proxy(text).name(), name);
        }
        let basic = |text: &str| proxy(text).authorization().map(Secret::expose).map(str::to_owned);
        assert_eq!(basic("http://p.example"), None);
        // me:hunter2
        assert_eq!(basic("me:hunter2@p.example").as_deref(), Some("Basic bWU6aHVudGVyMg=="));
        // m@e:p:ss%
        assert_eq!(basic("http://m%40e:p%3Ass%25@p.example").as_deref(), Some("Basic bUBlOnA6c3Ml"));
        // me: without a password, and one % that is none
        assert_eq!(basic("http://me@p.example").as_deref(), Some("Basic bWU6"));
        assert_eq!(basic("http://me:5%@p.example").as_deref(), Some("Basic bWU6NSU="));
        assert!(!format!("{:?}", proxy("me:hunter2@p.example")).contains("hunter2"));
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_told_by_who_named_it_and_without_its_password() {
        for (text, told) in [
            ("socks5://me:hunter2@p.example", "only http:// and https://"),
            ("http://me:hunter2@", "cannot be read as a URL"),
            ("http://me:hunter2@p.example:99999", "cannot be read as a URL"),
            ("ftp://p.example", "only http:// and https://"),
        ] {
            let error = Proxy::parse(text, "environment (ALL_PROXY)").expect_err("unusable").to_string();
            assert!(error.starts_with("environment (ALL_PROXY): ") && error.contains(told), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
