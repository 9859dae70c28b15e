//! Where the portal is.

use url::{Host, Url};

const PORTAL: &str = "https://portal.nousresearch.com";
const HOST: &str = "portal.nousresearch.com";

/// The token endpoint: of the portal that the operator named, trusted as it stands; else of the one that the
/// login came from, if that is the known one or this machine; else of the known one. A file must not be able to
/// send a refresh token anywhere else.
pub(super) fn portal(named: Option<&str>, stored: Option<&str>) -> Result<Url, &'static str> {
    const UNREADABLE: &str =
        "HERMES_PORTAL_BASE_URL (or NOUS_PORTAL_BASE_URL) is no address of a portal: correct it";
    let endpoint = |base: &str| Url::parse(&format!("{}/api/oauth/token", base.trim().trim_end_matches('/')));
    if let Some(named) = named {
        return endpoint(named).map_err(|_| UNREADABLE);
    }
    let stored = stored.and_then(|stored| endpoint(stored).ok()).filter(is_trusted);
    Ok(stored.unwrap_or_else(|| endpoint(PORTAL).expect("a constant URL")))
}

fn is_trusted(url: &Url) -> bool {
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    match url.host() {
        Some(Host::Domain(HOST)) => url.scheme() == "https" && url.port().is_none(),
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::portal;

    fn chosen(named: Option<&str>, stored: Option<&str>) -> String {
        portal(named, stored).expect("a portal").to_string()
    }

    #[test]
    fn the_operator_is_trusted_and_the_file_only_where_it_names_the_portal_or_this_machine() {
        let known = "https://portal.nousresearch.com/api/oauth/token";
        assert_eq!(chosen(None, None), known);
        assert_eq!(
            chosen(Some("https://p.example/base/"), Some("http://127.0.0.1:1")),
            "https://p.example/base/api/oauth/token"
        );
        assert_eq!(chosen(None, Some("http://127.0.0.1:1/")), "http://127.0.0.1:1/api/oauth/token");
        assert_eq!(chosen(None, Some("http://localhost:2")), "http://localhost:2/api/oauth/token");
        for stored in [
            "https://portal.nousresearch.com/",
            "http://portal.nousresearch.com",
            "https://portal.nousresearch.com:444",
            "https://portal.nousresearch.com.evil.example",
            "https://portal.nousresearch.com@evil.example",
            "https://me:pw@portal.nousresearch.com",
            "https://evil.example/portal.nousresearch.com",
            "http://10.0.0.1",
            "nonsense",
            "",
        ] {
            assert_eq!(chosen(None, Some(stored)), known, "{stored}");
        }
        assert!(portal(Some("nonsense"), None).unwrap_err().contains("HERMES_PORTAL_BASE_URL"));
    }
}
