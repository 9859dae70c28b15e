//! What an agent's process sees of the gateway's environment: a few names, and what its settings add.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Handed down as they are; nothing else of the gateway's environment is.
const INHERITED: &[&str] = &[
    "PATH",
    "HOME",
    "LANG",
    "TERM",
    "TZ",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// Names that belong to the gateway alone, also where somebody asks for them.
const WITHHELD: &[&str] = &["GATEWAY_RELAY_", "RELAY_AGENT_", "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_"];

/// The whole environment of an agent's process.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The inherited names out of `source`, the gateway's environment.
    pub fn inherited(source: impl Fn(&str) -> Option<OsString>) -> Self {
        Self(INHERITED.iter().filter_map(|&name| Some((name.to_owned(), source(name)?))).collect())
    }

    /// Sets one variable. A name of the gateway's own is left out; the answer says whether it was set.
    pub fn set(&mut self, name: &str, value: impl Into<OsString>) -> bool {
        if WITHHELD.iter().any(|withheld| name.starts_with(withheld)) {
            return false;
        }
        self.0.insert(name.to_owned(), value.into());
        true
    }

    /// The value of one variable.
    pub fn get(&self, name: &str) -> Option<&OsString> {
        self.0.get(name)
    }

    /// Each variable, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OsString)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// Names only: values may be secrets.
impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[expect(clippy::unnecessary_wraps, reason = "it stands for a lookup that can fail")]
    fn gateways(name: &str) -> Option<std::ffi::OsString> {
        Some(format!("the gateway's {name}").into())
    }

    #[test]
    fn an_agent_sees_the_few_names_that_every_program_needs() {
        let names: Vec<_> =
            Environment::inherited(gateways).iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(
            names,
            [
                "ALL_PROXY",
                "HOME",
                "HTTPS_PROXY",
                "HTTP_PROXY",
                "LANG",
                "NO_PROXY",
                "PATH",
                "TERM",
                "TZ",
                "all_proxy",
                "http_proxy",
                "https_proxy",
                "no_proxy",
            ]
        );
    }

    #[test]
    fn nothing_of_the_gateways_own_can_be_asked_for() {
        let mut environment = Environment::default();
        for name in
            ["GATEWAY_RELAY_SECRET", "GATEWAY_RELAY_URL", "NOTIFY_SOCKET", "WATCHDOG_USEC", "RELAY_AGENT_RUN"]
        {
            assert!(!environment.set(name, "x"), "{name}");
        }
        assert!(environment.set("GEMINI_API_KEY", "k"));
        assert_eq!(environment.iter().count(), 1);
    }

    #[test]
    fn values_never_show() {
        let mut environment = Environment::default();
        environment.set("KEY", "secret-value");
        assert_eq!(format!("{environment:?}"), r#"{"KEY"}"#);
    }
}
