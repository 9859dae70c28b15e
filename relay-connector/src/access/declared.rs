//! What a gateway says of itself, checked before it is kept.

use hyper::Uri;

/// The longest text of any kind, in bytes; a URL may be as long.
const MAX_TEXT: usize = 2048;

/// The longest platform, bot, instance or route key, in bytes.
const MAX_NAME: usize = 256;

/// Route keys or scopes of one request.
const MAX_KEYS: usize = 1000;

/// A member of a request that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclaredError {
    /// Empty, too long, or with characters that would end up in a terminal or log.
    #[error("`{member}` must be 1 to {MAX_NAME} bytes without control characters or blanks around it")]
    Name {
        /// Which member.
        member: &'static str,
    },
    /// Too many.
    #[error("`{member}` holds more than {MAX_KEYS} entries")]
    TooMany {
        /// Which member.
        member: &'static str,
    },
    /// Not an address that could be called.
    #[error("`{member}` must be a URL that begins with http:// or https:// and holds no credentials")]
    Url {
        /// Which member.
        member: &'static str,
    },
}

pub(crate) fn platform(platform: &str) -> Result<(), DeclaredError> {
    name("platform", platform)
}

pub(crate) fn name(member: &'static str, text: &str) -> Result<(), DeclaredError> {
    let fits =
        !text.is_empty() && text.len() <= MAX_NAME && text.trim() == text && !text.contains(char::is_control);
    if fits { Ok(()) } else { Err(DeclaredError::Name { member }) }
}

pub(crate) fn keys(member: &'static str, keys: &[String]) -> Result<(), DeclaredError> {
    if keys.len() > MAX_KEYS {
        return Err(DeclaredError::TooMany { member });
    }
    keys.iter().try_for_each(|key| name(member, key))
}

pub(crate) fn url(member: &'static str, text: &str) -> Result<(), DeclaredError> {
    let fits = text.len() <= MAX_TEXT
        && text.parse::<Uri>().is_ok_and(|url| {
            matches!(url.scheme_str(), Some("http" | "https"))
                && url.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        });
    if fits { Ok(()) } else { Err(DeclaredError::Url { member }) }
}

#[cfg(test)]
mod tests {
    use super::{keys, name, url};

    #[test]
    fn a_name_is_visible_text_of_some_length() {
        assert!(name("platform", "discord").is_ok() && name("botId", "Büro 1").is_ok());
        for wrong in ["", " ", " a", "a\n", "\u{1b}[2J", &"x".repeat(257)] {
            assert!(name("platform", wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_list_of_keys_has_an_end() {
        let some = |count: usize| vec!["k".to_owned(); count];
        assert!(keys("routeKeys", &some(1000)).is_ok());
        assert!(keys("routeKeys", &some(1001)).is_err());
        assert!(keys("routeKeys", &["a".to_owned(), String::new()]).is_err());
    }

    #[test]
    fn an_address_is_one_that_could_be_called() {
        assert!(url("wakeUrl", "https://gw.example/wake?x=1").is_ok());
        assert!(url("wakeUrl", "http://127.0.0.1:1").is_ok());
        let long = format!("https://gw.example/{}", "x".repeat(2048));
        for wrong in [
            "",
            "gw.example",
            "/wake",
            "file:///etc/passwd",
            "https://me:pw@gw.example",
            "https://a b",
            &long,
        ] {
            assert!(url("wakeUrl", wrong).is_err(), "{wrong}");
        }
    }
}
