//! From settings to the one dialer that everything goes out by.

use std::sync::Arc;

use relay_config::{Origin, Place, Problem, Problems, Setting, Settings};
use relay_net::{CaBundle, HttpClient, NoProxy, Proxy, ProxySettings, ProxyUrlError, TcpDialer};
use relay_runtime::Clock;

/// The way out: proxies and roots, as the settings name them.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    dialer: TcpDialer,
}

impl Network {
    /// Reads the files that the settings name. All that is wrong is told together; a proxy that cannot be used is,
    /// where the connector would be reached through it.
    pub(crate) fn of(settings: &Settings, clock: &Clock) -> Result<Self, Problems> {
        let named = &settings.network;
        let no_proxy = named.no_proxy.as_ref().map(|list| NoProxy::parse(&list.value));
        let proxies = ProxySettings::new(
            named.http_proxy.as_ref().map(proxy),
            named.https_proxy.as_ref().map(proxy),
            no_proxy.unwrap_or_default(),
        );
        let mut problems = Problems::default();
        let mut wrong = |origin: &Origin, message: String| {
            problems.0.push(Problem::new(Place::Value(origin.clone()), message));
        };
        let mut dialer = TcpDialer::default().through(proxies.clone());
        let now = clock.now();
        for file in [&named.ca_file, &named.ssl_cert_file].into_iter().flatten() {
            match CaBundle::read(&file.value, now) {
                Ok(roots) => dialer = dialer.trusting(roots),
                Err(error) => wrong(&file.origin, error.to_string()),
            }
        }
        if let Some(url) = settings.relay_url.as_ref().map(|url| url.value.dial())
            && let Err(error) = proxies.for_url(url)
        {
            let proxy = if url.scheme() == "ws" { &named.http_proxy } else { &named.https_proxy };
            let origin = proxy.as_ref().map_or(&Origin::Default, |proxy| &proxy.origin);
            wrong(origin, error.reason().to_owned());
        }
        if problems.0.is_empty() { Ok(Self { dialer }) } else { Err(problems) }
    }

    /// Opens connections.
    pub(crate) fn dialer(&self) -> TcpDialer {
        self.dialer.clone()
    }

    /// Sends HTTP requests.
    pub(crate) fn http(&self) -> HttpClient {
        HttpClient::new(Arc::new(self.dialer()))
    }
}

fn proxy(named: &Setting<relay_auth::Secret>) -> Result<Proxy, ProxyUrlError> {
    Proxy::parse(named.value.expose(), named.origin.to_string())
}
