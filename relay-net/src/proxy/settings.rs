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

    /// The proxies that the environment names: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in lower case or,
    /// after that, in upper case, as with curl. `value` gives the value of a variable; blank counts as unset.
    pub fn from_environment(value: impl Fn(&str) -> Option<String>) -> Self {
        let named = |names: &[&str]| {
            let found = names.iter().find_map(|name| {
                let value = value(name).filter(|value| !value.trim().is_empty())?;
                Some((value, format!("environment ({name})")))
            });
            found.map(|(value, source)| Proxy::parse(&value, source))
        };
        let no_proxy = value("no_proxy").or_else(|| value("NO_PROXY"));
        Self {
            http: named(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"]),
            https: named(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]),
            no_proxy: NoProxy::parse(&no_proxy.unwrap_or_default()),
        }
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
            settings
                .for_url(&url)
                .map(|proxy| proxy.map(Proxy::name))
                .map_err(|error| error.named_by().to_owned())
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

    #[test]
    fn the_environment_names_proxies_in_either_case_and_a_blank_one_is_none() {
        let environment = [
            ("https_proxy", " "),
            ("HTTPS_PROXY", "s.example"),
            ("ALL_PROXY", "all.example:1"),
            ("NO_PROXY", "direct.example"),
        ];
        let settings = ProxySettings::from_environment(|name| {
            environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        let chosen = |url: &str| {
            let proxy = settings.for_url(&Url::parse(url).expect("a URL")).expect("usable");
            proxy.map(|proxy| (proxy.name(), proxy.source().to_owned()))
        };
        let named = |name: &str, by: &str| Some((name.to_owned(), format!("environment ({by})")));
        assert_eq!(chosen("https://c.example"), named("http://s.example", "HTTPS_PROXY"));
        assert_eq!(chosen("http://c.example"), named("http://all.example:1", "ALL_PROXY"));
        assert_eq!(chosen("https://direct.example"), None);
        let none = ProxySettings::from_environment(|_| None);
        assert!(none.for_url(&Url::parse("https://c.example").expect("a URL")).expect("usable").is_none());
    }
}
