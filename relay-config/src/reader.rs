//! Looks settings up in their sources.

use serde_yaml::Value;

use crate::{Origin, Problems, Setting, Sources};

const PREFIX: &str = "GATEWAY_RELAY_";

/// Reads values and collects what is wrong with them.
pub(crate) struct Reader<'s> {
    sources: &'s Sources,
    problems: Problems,
    warnings: Problems,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(sources: &'s Sources) -> Self {
        Self { sources, problems: Problems::default(), warnings: Problems::default() }
    }

    pub(crate) fn finish(self) -> (Problems, Problems) {
        (self.problems, self.warnings)
    }

    pub(crate) fn problem(&mut self, origin: &Origin, message: &str) {
        self.problems.value(origin, message);
    }

    pub(crate) fn warn(&mut self, origin: &Origin, message: &str) {
        self.warnings.value(origin, message);
    }

    /// A variable by its whole name, from the environment, else from `.env`.
    pub(crate) fn variable(&self, name: &str) -> Option<Setting<String>> {
        let set = |value: &str| Some(value.trim()).filter(|value| !value.is_empty()).map(str::to_owned);
        let from_environment = || {
            let value = self.sources.environment.get(name).and_then(|value| set(value))?;
            Some(Setting { value, origin: Origin::Environment { name: name.to_owned() } })
        };
        let from_dotenv = || {
            let (value, line) = self.sources.dotenv.get(name)?;
            let path = self.sources.dotenv.path().to_owned();
            Some(Setting { value: set(value)?, origin: Origin::DotEnv { path, line, name: name.to_owned() } })
        };
        from_environment().or_else(from_dotenv)
    }

    /// A relay setting: `GATEWAY_RELAY_<name>`, else `gateway.<key>`.
    pub(crate) fn text(&mut self, name: &str, key: Option<&str>) -> Option<Setting<String>> {
        self.variable(&format!("{PREFIX}{name}")).or_else(|| self.yaml_text(&["gateway", key?]))
    }

    /// The same for a setting that stands deeper in config.yaml.
    pub(crate) fn nested(&mut self, name: &str, path: &[&str]) -> Option<Setting<String>> {
        self.variable(&format!("{PREFIX}{name}")).or_else(|| self.yaml_text(path))
    }

    /// The same for an address, which loses its trailing slashes.
    pub(crate) fn url(&mut self, name: &str, key: &str) -> Option<Setting<String>> {
        self.text(name, Some(key)).map(|url| url.map(|url| url.trim_end_matches('/').to_owned()))
    }

    /// The same for a value that has to be parsed.
    pub(crate) fn parsed<T, E: std::fmt::Display>(
        &mut self,
        name: &str,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Setting<T>> {
        let text = self.text(name, Some(key))?;
        match parse(&text.value) {
            Ok(value) => Some(Setting { value, origin: text.origin }),
            Err(error) => {
                self.problems.value(&text.origin, error.to_string());
                None
            }
        }
    }

    /// The same for a list: separated by commas, or a YAML list.
    pub(crate) fn list(&mut self, name: &str, key: &str) -> Setting<Vec<String>> {
        if let Some(text) = self.variable(&format!("{PREFIX}{name}")) {
            return text.map(|text| split(&text));
        }
        let Some((value, origin)) = self.yaml(&["gateway", key]) else { return Setting::default() };
        let Some(value) = words(value) else {
            self.problem(&origin, "the value must be a list, or words separated by commas");
            return Setting::default();
        };
        Setting { value, origin }
    }

    pub(crate) fn yaml(&self, path: &[&str]) -> Option<(&'s Value, Origin)> {
        self.sources.config.get(path)
    }

    /// Text in config.yaml. A number or a flag stands for its digits or word: quoting one is easily forgotten.
    pub(crate) fn yaml_text(&mut self, path: &[&str]) -> Option<Setting<String>> {
        let (value, origin) = self.yaml(path)?;
        let Some(text) = scalar(value) else {
            self.problem(&origin, "the value must be text");
            return None;
        };
        let value = text.trim().to_owned();
        (!value.is_empty()).then_some(Setting { value, origin })
    }

    /// A flag in config.yaml.
    pub(crate) fn flag(&mut self, path: &[&str]) -> Option<Setting<bool>> {
        let (value, origin) = self.yaml(path)?;
        let Value::Bool(value) = value else {
            self.problem(&origin, "the value must be true or false");
            return None;
        };
        Some(Setting { value: *value, origin })
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

fn split(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The words of a YAML list, or of a text separated by commas.
pub(crate) fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::Sequence(items) => {
            let items: Option<Vec<String>> = items.iter().map(scalar).collect();
            Some(items?.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
        }
        value => scalar(value).map(|text| split(&text)),
    }
}
