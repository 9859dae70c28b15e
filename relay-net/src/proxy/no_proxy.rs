//! Which hosts are reached without a proxy: the value of `NO_PROXY`, as curl and Go read it.
//!
//! hyper-util's matcher would be the crate for it, but it knows no ports, does not let `*` match an address,
//! and is silent about a proxy that it cannot read.

use std::net::IpAddr;

use url::{Host, Url};

/// Hosts that are reached without a proxy.
///
/// Entries are separated by commas or blanks: `*` for every host; a name for itself and all names below it, with
/// or without a leading `.` or `*.`; an address; a block of addresses (`10.0.0.0/8`); each of them, blocks
/// excepted, with a port or without.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    Name(String),
    Address(IpAddr),
    Block(IpAddr, u32),
}

impl NoProxy {
    /// Reads the value. An entry that is none of these matches nothing.
    pub fn parse(text: &str) -> Self {
        let entries = text.split([',', ' ', '\t']).filter(|entry| !entry.is_empty());
        Self(entries.filter_map(Entry::parse).collect())
    }

    /// Whether this URL is reached without a proxy.
    pub fn covers(&self, url: &Url) -> bool {
        let Some(host) = url.host() else { return false };
        let port = url.port_or_known_default();
        self.0.iter().any(|entry| entry.hosts.cover(&host) && (entry.port.is_none() || entry.port == port))
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        if let Some((network, length)) = text.split_once('/') {
            let network: IpAddr = network.parse().ok()?;
            let length = length.parse().ok().filter(|length| *length <= bits(network).1)?;
            return Some(Self { hosts: Hosts::Block(network, length), port: None });
        }
        // Colons in an address are no port.
        if let Ok(address) = text.parse() {
            return Some(Self { hosts: Hosts::Address(address), port: None });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if let Ok(address) = bracketed.unwrap_or(host).parse() {
            return Some(Self { hosts: Hosts::Address(address), port });
        }
        if host == "*" {
            return Some(Self { hosts: Hosts::All, port });
        }
        let name = host.trim_start_matches("*.").trim_start_matches('.').trim_end_matches('.');
        (!name.is_empty()).then(|| Self { hosts: Hosts::Name(name.to_ascii_lowercase()), port })
    }
}

impl Hosts {
    fn cover(&self, host: &Host<&str>) -> bool {
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::from(*address)),
            Host::Ipv6(address) => Some(IpAddr::from(*address)),
        };
        match (self, host, address) {
            (Self::All, ..) => true,
            (Self::Name(name), Host::Domain(host), _) => {
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                host.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Self::Address(one), _, Some(address)) => one.to_canonical() == address.to_canonical(),
            (Self::Block(network, length), _, Some(address)) => {
                let address = if network.is_ipv4() { address.to_canonical() } else { address };
                let ((network, size), (address, other)) = (bits(*network), bits(address));
                // A block of length 0 has nothing to compare.
                size == other && (network ^ address).checked_shr(size - length).is_none_or(|rest| rest == 0)
            }
            _ => false,
        }
    }
}

/// An address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::NoProxy;

    fn covers(list: &str, url: &str) -> bool {
        NoProxy::parse(list).covers(&Url::parse(url).expect("a URL"))
    }

    #[test]
    fn what_an_entry_covers_and_what_it_does_not() {
        for (list, covered, not) in [
            ("*", "wss://c.example", ""),
            ("*", "wss://192.0.2.1", ""),
            ("example.com", "https://example.com", "https://notexample.com"),
            ("example.com", "https://a.b.EXAMPLE.com.", "https://example.com.evil.net"),
            (".example.com", "https://a.example.com", "https://bexample.com"),
            (".example.com", "https://example.com", ""),
            ("*.example.com", "https://a.example.com", "https://example.org"),
            ("Example.COM.", "https://example.com", ""),
            ("a.net, example.com b.net", "https://b.net", "https://c.net"),
            ("c.example:8443", "wss://c.example:8443", "wss://c.example"),
            ("c.example:443", "wss://c.example", "ws://c.example"),
            ("*:8443", "wss://x.example:8443", "wss://x.example"),
            ("192.0.2.1", "https://192.0.2.1", "https://192.0.2.10"),
            ("192.0.2.1:80", "http://192.0.2.1", "https://192.0.2.1"),
            ("192.0.2.1", "https://[::ffff:192.0.2.1]", ""),
            ("10.0.0.0/8", "ws://10.255.0.1", "ws://11.0.0.1"),
            ("10.0.0.0/8", "ws://[::ffff:10.1.1.1]", "ws://[a00::1]"),
            ("192.0.2.64/26", "ws://192.0.2.127", "ws://192.0.2.128"),
            ("0.0.0.0/0", "ws://203.0.113.9", "ws://[2001:db8::1]"),
            ("2001:db8::/32", "wss://[2001:db8:7::1]", "wss://[2001:db9::1]"),
            ("::/0", "wss://[2001:db9::1]", "wss://192.0.2.1"),
            ("2001:db8::1", "wss://[2001:db8::1]", "wss://[2001:db8::2]"),
            ("[2001:db8::1]:8443", "wss://[2001:db8::1]:8443", "wss://[2001:db8::1]"),
        ] {
            assert!(covers(list, covered), "{list} covers {covered}");
            assert!(not.is_empty() || !covers(list, not), "{list} does not cover {not}");
        }
    }

    #[test]
    fn what_is_no_entry_covers_nothing() {
        for list in
            ["", " , ,", ".", "*.", "10.0.0.0/33", "10.0.0.0/x", "host:port", "10.0.0/8", "2001:db8::/129"]
        {
            for url in ["https://c.example", "https://10.0.0.1", "https://host", "https://[2001:db8::1]"] {
                assert!(!covers(list, url), "{list:?} does not cover {url}");
            }
        }
        // Names are no addresses, and an address is below no name.
        assert!(!covers("1", "https://192.0.2.1"));
        assert!(!covers("10.0.0.0/8", "https://ten.example"));
    }
}
