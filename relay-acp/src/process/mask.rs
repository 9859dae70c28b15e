//! Text of an agent for the log: without the secrets that it was given and whatever looks like one.

use std::fmt::Write as _;

/// What stands in place of a secret.
const MASK: &str = "[masked]";

/// How API keys and tokens of well-known services begin.
const PREFIXES: &[&str] =
    &["sk-", "sk_", "ghp_", "gho_", "github_pat_", "glpat-", "xox", "AIza", "ya29.", "eyJ"];

/// Shorter values are words, not secrets; masking them would hide the text.
const SECRET_LENGTH: usize = 8;

/// Names whose values are secrets.
const SECRET_NAMES: &[&str] = &["KEY", "TOKEN", "SECRET", "PASSWORD", "PASS", "CREDENTIAL", "AUTH"];

/// Bytes of one text that a log line keeps.
const LOGGED: usize = 2048;

/// Knows the secrets of one agent.
#[derive(Clone, Default)]
pub(crate) struct Mask(Vec<String>);

impl Mask {
    /// The values among these variables whose names say that they are secret.
    pub(crate) fn of<'a>(variables: impl Iterator<Item = (&'a str, &'a std::ffi::OsString)>) -> Self {
        let secrets = variables.filter_map(|(name, value)| {
            let name = name.to_ascii_uppercase();
            let value = value.to_str()?;
            let secret = SECRET_NAMES.iter().any(|word| name.contains(word)) && value.len() >= SECRET_LENGTH;
            secret.then(|| value.to_owned())
        });
        Self(secrets.collect())
    }

    /// At most two kilobytes of the text on one line, without secrets.
    pub(crate) fn apply(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.0 {
            text = text.replace(secret, MASK);
        }
        let mut masked = String::with_capacity(text.len().min(LOGGED));
        let mut bearer = false;
        for word in text.split_whitespace() {
            if masked.len() + word.len() >= LOGGED {
                masked.push('…');
                break;
            }
            if !masked.is_empty() {
                masked.push(' ');
            }
            let begin = word.find(|c: char| c.is_alphanumeric()).unwrap_or(0);
            // A key may stand behind `key=` or in quotes.
            let key = word[begin..].rsplit(['=', ':', '"', '\'']).find(|part| !part.is_empty()).unwrap_or("");
            let looks_secret = key.len() >= 12 && PREFIXES.iter().any(|prefix| key.starts_with(prefix));
            if bearer || looks_secret {
                let _ = write!(
                    masked,
                    "{}{MASK}",
                    if bearer { "" } else { word.split(key).next().unwrap_or("") }
                );
            } else {
                masked.push_str(word);
            }
            bearer = word.eq_ignore_ascii_case("bearer");
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;

    #[test]
    fn what_was_given_as_a_secret_never_shows() {
        let variables = [("GEMINI_API_KEY", "abc-very-own".into()), ("LANG", "en_US.UTF-8".into())];
        let mask = Mask::of(variables.iter().map(|(name, value)| (*name, value)));
        assert_eq!(
            mask.apply("denied for abc-very-own in en_US.UTF-8"),
            "denied for [masked] in en_US.UTF-8"
        );
    }

    #[test]
    fn what_looks_like_a_key_never_shows() {
        let mask = Mask::default();
        assert_eq!(mask.apply("key=sk-0123456789abcdef is wrong"), "key=[masked] is wrong");
        assert_eq!(mask.apply("Authorization: Bearer abc.def.ghi end"), "Authorization: Bearer [masked] end");
        assert_eq!(mask.apply("no key set,\nsee docs"), "no key set, see docs");
    }

    #[test]
    fn a_trace_is_cut() {
        assert!(Mask::default().apply(&"word ".repeat(10_000)).len() < 2100);
    }
}
