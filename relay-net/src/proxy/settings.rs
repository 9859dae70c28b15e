//! Which proxy a connection goes through.

use url::Url;

use super::{NoProxy, Proxy, ProxyUrlError};
use crate::plaintext::is_loopback;

/// The proxies of a network. Hosts on this machine are never reached through one.
#[derive(Clone, Debug, Default)]
pub struct ProxySettings {
    http: Option<Result<Proxy, ProxyUrlError>>,
    https: Option<Result<Proxy, ProxyUrlError>>,
    no_proxy: NoProxy,
}

impl ProxySettings {
    /// Proxies for `http` and `ws`, and for `https` and `wss`. One that cannot be used is an error only where it
    /// would be.
    pub fn new(
        http: Option<Result<Proxy, ProxyUrlError>>,
        https: Option<Result<Proxy, ProxyUrlError>>,
        no_proxy: NoProxy,
    ) -> Self {
        Self { http, https, no_proxy }
    }

    /// The proxy for a URL; `None` where it is reached directly.
    pub fn for_url(&self, url: &Url) -> Result<Option<&Proxy>, ProxyUrlError> {
        let proxy = match url.scheme() {
            "https" | "wss" => &self.https,
            _ => &self.http,
        };
        match proxy {
            Some(proxy) if !is_loopback(url) && !self.no_proxy.covers(url) => {
                proxy.as_ref().map(Some).map_err(Clone::clone)
            }
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::ProxySettings;
    use crate::{NoProxy, Proxy};

    fn proxy(text: &str) -> Proxy {
        Proxy::parse(text, "test").expect("a proxy")
    }

    #[test]
    fn each_scheme_has_its_proxy_and_this_machine_has_none() {
        let broken = || Proxy::parse("socks5://p.example", "test");
        let settings = ProxySettings::new(
            Some(broken()),
            Some(Ok(proxy("s.example"))),
            NoProxy::parse("direct.example"),
        );
        let chosen = |url: &str| {
            let url = Url::parse(url).expect("a URL");
            settings.for_url(&url).map(|proxy| proxy.map(Proxy::name)).map_err(|error| error.named_by)
        };
        assert_eq!(chosen("wss://c.example/relay"), Ok(Some("http://s.example".to_owned())));
        assert_eq!(chosen("https://c.example/relay"), Ok(Some("http://s.example".to_owned())));
        assert_eq!(chosen("ws://c.example/relay"), Err("test".to_owned()));
        for direct in [
            "wss://direct.example",
            "ws://direct.example",
            "ws://localhost:1",
            "http://127.0.0.2",
            "wss://[::1]",
        ] {
            assert_eq!(chosen(direct), Ok(None), "{direct}");
        }
    }
}
