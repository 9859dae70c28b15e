//! The connector's address, as configured, and the addresses that follow from it.

use std::fmt;

use url::{Host, Url};

/// Where a connector is (contract, Connection). Any of `http`, `https`, `ws`, `wss` may be configured, or a
/// bare host; the socket is at `…/relay` and the HTTP routes below it.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectorUrl {
    /// `ws(s)://…/relay`.
    dial: Url,
}

/// Why an address is no connector's. The address itself is not repeated: a person may have pasted a
/// credential into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectorUrlError {
    /// Nothing is there.
    #[error("the connector URL is empty; write for example https://connector.example")]
    Empty,
    /// It is no URL at all.
    #[error("the connector URL cannot be read as a URL; write for example https://connector.example")]
    Malformed,
    /// It names another kind of place.
    #[error("the connector URL must begin with https:// or wss://; http:// and ws:// are for this machine")]
    Scheme,
    /// It holds a user name or password.
    #[error("the connector URL holds a user name or password; remove what stands before the @")]
    Credentials,
    /// It holds a query or fragment.
    #[error("the connector URL holds a ? or #; remove it and what follows")]
    Query,
}

impl ConnectorUrl {
    /// Reads a configured address. A bare host means TLS, unless it is this machine.
    pub fn parse(text: &str) -> Result<Self, ConnectorUrlError> {
        let text = text.trim().trim_end_matches('/');
        if text.is_empty() {
            return Err(ConnectorUrlError::Empty);
        }
        // Without a host after it, a scheme would be taken for one.
        let parts = text.split_once("://");
        let host = parts.map_or(text, |(_, host)| host);
        // `https:/host` names a host `https` without a port, which is nobody's intention.
        let authority = host.split('/').next().unwrap_or_default();
        if authority.is_empty() || authority.ends_with(':') {
            return Err(ConnectorUrlError::Malformed);
        }
        let scheme = parts.map(|(scheme, _)| scheme.to_ascii_lowercase());
        let url = match scheme.as_deref() {
            Some("http" | "ws") => format!("ws://{host}"),
            Some("https" | "wss") => format!("wss://{host}"),
            Some(_) => return Err(ConnectorUrlError::Scheme),
            None => bare(text)?,
        };
        let mut dial = Url::parse(&url).map_err(|_| ConnectorUrlError::Malformed)?;
        if dial.host_str().is_none_or(str::is_empty) {
            return Err(ConnectorUrlError::Malformed);
        }
        if !dial.username().is_empty() || dial.password().is_some() {
            return Err(ConnectorUrlError::Credentials);
        }
        if dial.query().is_some() || dial.fragment().is_some() {
            return Err(ConnectorUrlError::Query);
        }
        let path = dial.path().trim_end_matches('/').to_owned();
        if path.rsplit('/').next() == Some("relay") {
            dial.set_path(&path);
        } else {
            dial.set_path(&format!("{path}/relay"));
        }
        Ok(Self { dial })
    }

    /// Where the WebSocket is dialed.
    pub fn dial(&self) -> &Url {
        &self.dial
    }

    /// `POST` here to provision.
    pub fn provision(&self) -> Url {
        self.route("provision")
    }

    /// `POST` here to enroll.
    pub fn enroll(&self) -> Url {
        self.route("enroll")
    }

    /// `POST` here to declare a policy.
    pub fn policy(&self) -> Url {
        self.route("policy")
    }

    /// `POST` media here, and `GET` it below.
    pub fn media(&self) -> Url {
        self.route("media")
    }

    /// Whether it is on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.dial)
    }

    /// Whether what is sent there is not encrypted.
    pub fn is_plaintext(&self) -> bool {
        self.dial.scheme() == "ws"
    }

    fn route(&self, name: &str) -> Url {
        let scheme = if self.is_plaintext() { "http" } else { "https" };
        let rest = self.dial.as_str().split_once("://").map_or("", |(_, rest)| rest);
        Url::parse(&format!("{scheme}://{rest}/{name}"))
            .expect("a connector URL stays one with another scheme")
    }
}

fn bare(text: &str) -> Result<String, ConnectorUrlError> {
    let probe = Url::parse(&format!("ws://{text}")).map_err(|_| ConnectorUrlError::Malformed)?;
    let scheme = if is_loopback(&probe) { "ws" } else { "wss" };
    Ok(format!("{scheme}://{text}"))
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Display for ConnectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.dial.as_str())
    }
}

impl fmt::Debug for ConnectorUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConnectorUrl({})", self.dial)
    }
}

#[cfg(test)]
mod tests {
    use super::{ConnectorUrl, ConnectorUrlError};

    fn dialed(text: &str) -> Result<String, ConnectorUrlError> {
        ConnectorUrl::parse(text).map(|url| url.to_string())
    }

    #[test]
    fn a_scheme_counts_in_any_case_and_one_with_a_single_slash_is_no_host() {
        for text in ["https://c.example", "HTTPS://c.example", "Wss://c.example", "c.example"] {
            assert_eq!(dialed(text).as_deref(), Ok("wss://c.example/relay"), "{text}");
        }
        for text in ["https:/c.example", "https:c.example:/x", "http:", "https:///x", "c.example:/x"] {
            assert_eq!(dialed(text), Err(ConnectorUrlError::Malformed), "{text}");
        }
        assert_eq!(dialed("c.example:8443/x").as_deref(), Ok("wss://c.example:8443/x/relay"));
        assert_eq!(dialed("FTP://c.example"), Err(ConnectorUrlError::Scheme));
    }
}
