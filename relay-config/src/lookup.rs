//! What was looked up, in a form that may be shown.

use crate::Origin;

/// A setting that was looked up: its names, what was found, and where. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookup {
    /// The variable of the environment and of `.env`; `None` where there is none.
    pub variable: Option<String>,
    /// The key in config.yaml, its parts joined by dots; `None` where there is none.
    pub key: Option<String>,
    /// What was found.
    pub found: Found,
    /// Where.
    pub origin: Origin,
}

/// What a lookup found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A value that may be shown; of an address or a command only the part that can hold no credential.
    Text(String),
    /// A value that may not.
    Secret,
    /// Nothing; this is the built-in value, empty where there is none.
    Default(String),
}

impl Lookup {
    /// The name that a person would look for: the variable, else the key.
    pub fn name(&self) -> &str {
        self.variable.as_deref().or(self.key.as_deref()).unwrap_or_default()
    }

    /// A lookup under these names. Whether the value may be shown is decided by the names, so that no reader of
    /// a new secret has to remember it.
    pub(crate) fn new(
        variable: Option<String>,
        key: Option<&[&str]>,
        found: Option<(&str, &Origin)>,
    ) -> Self {
        let key = key.map(|key| key.join(".").replace(".[", "["));
        let names = [variable.as_deref(), key.as_deref()];
        let names = || names.into_iter().flatten().map(str::to_uppercase);
        let (found, origin) = match found {
            None => (Found::Default(String::new()), Origin::Default),
            Some((_, origin)) if names().any(|name| is_secret(&name)) => (Found::Secret, origin.clone()),
            Some((text, origin)) => (Found::Text(shown(&names().collect::<Vec<_>>(), text)), origin.clone()),
        };
        Self { variable, key, found, origin }
    }

    /// An agent in one line, whatever its name is: of its command only the program is shown.
    pub(crate) fn agent(path: &[&str], line: &str, origin: &Origin) -> Self {
        Self { found: Found::Text(shown_command(line)), ..Self::new(None, Some(path), Some(("", origin))) }
    }
}

/// Whether a name is a secret's. A name that only looks like one hides too much, never too little.
fn is_secret(name: &str) -> bool {
    let harmless =
        ["ROUTE_KEYS", "TOKEN_URL", "TOKEN_FILE", "TOKEN_COMMAND"].iter().any(|end| name.ends_with(end));
    !harmless && ["SECRET", "TOKEN", "KEY", "PASSWORD", "CREDENTIAL"].iter().any(|part| name.contains(part))
}

fn shown(names: &[String], text: &str) -> String {
    let ends = |end: &str| names.iter().any(|name| name.ends_with(end));
    if ends("_PROXY") && !ends("NO_PROXY") {
        return shown_url(text, false);
    }
    if ends("WAKE_URL") {
        // Whoever knows the whole of it can wake the gateway.
        return shown_url(text, false);
    }
    if ends("URL") || ends("ENDPOINT") {
        return shown_url(text, true);
    }
    if ends("TOKEN_COMMAND") {
        return shown_program(text);
    }
    if ends("AGENT") { shown_command(text) } else { text.to_owned() }
}

/// An address without a user, a password, a query or a fragment.
fn shown_url(text: &str, with_path: bool) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let authority_end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    // Before the last @, wherever it stands: in a malformed address a password may hold a slash.
    let (user, start) = match rest.rfind('@') {
        Some(at) => ("…@", at + 1),
        None => ("", 0),
    };
    let end = if with_path { end } else { authority_end };
    let kept = rest.get(start..end.max(start)).unwrap_or_default();
    let cut = if start.max(end) < rest.trim_end_matches('/').len() { "…" } else { "" };
    format!("{scheme}{user}{kept}{cut}")
}

/// The kind of an agent and its program; arguments may hold what no screen should.
fn shown_command(text: &str) -> String {
    let (kind, rest) = match text.split_once(':') {
        Some((kind, rest)) => (format!("{kind}:"), rest.trim_start()),
        None => (String::new(), text),
    };
    format!("{kind}{}", shown_program(rest))
}

fn shown_program(text: &str) -> String {
    match text.split_once(char::is_whitespace) {
        Some((program, _)) => format!("{program} …"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, Lookup};
    use crate::Origin;

    fn found(variable: &str, text: &str) -> Found {
        Lookup::new(Some(variable.to_owned()), None, Some((text, &Origin::Default))).found
    }

    fn text(variable: &str, value: &str) -> String {
        match found(variable, value) {
            Found::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_value_whose_name_is_a_secrets_is_never_shown() {
        for name in [
            "GATEWAY_RELAY_SECRET",
            "GATEWAY_RELAY_DELIVERY_KEY",
            "GATEWAY_RELAY_ENROLL_TOKEN",
            "GATEWAY_RELAY_ACCESS_TOKEN",
            "GATEWAY_RELAY_IDP_CLIENT_SECRET",
            "gateway.some.password",
            "gateway.a_secret_of_later",
        ] {
            assert_eq!(found(name, "hunter2"), Found::Secret, "{name}");
            let by_key = Lookup::new(None, Some(&[name]), Some(("hunter2", &Origin::Default)));
            assert_eq!(by_key.found, Found::Secret, "{name}");
        }
        assert_eq!(text("GATEWAY_RELAY_ROUTE_KEYS", "a,b"), "a,b");
    }

    #[test]
    fn an_address_loses_whatever_may_be_a_credential() {
        for (given, kept) in [
            ("https://c.example/base/", "https://c.example/base/"),
            ("https://me:hunter2@c.example/base", "https://…@c.example/base"),
            ("https://me:hun/ter2@c.example", "https://…@c.example"),
            ("https://c.example/?token=hunter2", "https://c.example/…"),
            ("c.example#hunter2", "c.example…"),
            ("me:hunter2@c.example", "…@c.example"),
            ("https://c.example?a=hunter2@b", "https://…@…"),
        ] {
            assert_eq!(text("GATEWAY_RELAY_URL", given), kept);
        }
        assert_eq!(text("GATEWAY_RELAY_WAKE_URL", "https://h.example/wake/hunter2"), "https://h.example…");
        assert_eq!(text("GATEWAY_RELAY_WAKE_URL", "https://h.example/"), "https://h.example");
        for name in ["HTTPS_PROXY", "http_proxy", "ALL_PROXY"] {
            assert_eq!(text(name, "http://me:hunter2@p.example:3128/"), "http://…@p.example:3128");
            assert_eq!(text(name, "me:hunter2@p.example"), "…@p.example");
        }
        assert_eq!(text("no_proxy", "a.example,10.0.0.0/8"), "a.example,10.0.0.0/8");
    }

    #[test]
    fn of_a_command_the_program_is_shown_and_its_arguments_are_not() {
        assert_eq!(text("agent", "command: ./answer --key hunter2"), "command:./answer …");
        assert_eq!(text("agent", "command:./answer"), "command:./answer");
        assert_eq!(text("agent", "echo"), "echo");
        assert_eq!(text("GATEWAY_RELAY_ACCESS_TOKEN_COMMAND", "vault read a:b hunter2"), "vault …");
        assert_eq!(text("GATEWAY_RELAY_ACCESS_TOKEN_FILE", "/run/token"), "/run/token");
    }
}
