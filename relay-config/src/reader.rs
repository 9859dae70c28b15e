//! Looks settings up in their sources.

use serde_yaml::Value;

use crate::{Block, Found, Lookup, Origin, Problems, Setting, Sources};

const PREFIX: &str = "GATEWAY_RELAY_";

/// The longest value of one setting, in bytes: 64 KiB.
const MAX_VALUE: usize = 64 * 1024;

/// Reads values and collects what is wrong with them.
pub(crate) struct Reader<'s> {
    sources: &'s Sources,
    problems: Problems,
    warnings: Problems,
    lookups: Vec<Lookup>,
}

impl<'s> Reader<'s> {
    pub(crate) fn new(sources: &'s Sources) -> Self {
        Self { sources, problems: Problems::default(), warnings: Problems::default(), lookups: Vec::new() }
    }

    pub(crate) fn finish(self) -> (Problems, Problems, Vec<Lookup>) {
        (self.problems, self.warnings, self.lookups)
    }

    /// Notes what was looked up, for people to see.
    pub(crate) fn note(
        &mut self,
        variable: Option<String>,
        key: Option<&[&str]>,
        found: Option<(&str, &Origin)>,
    ) {
        self.lookups.push(Lookup::new(variable, key, found));
    }

    /// Says what counts where the last lookup found nothing.
    pub(crate) fn otherwise(&mut self, value: &str) {
        if let Some(Lookup { found: Found::Default(default), .. }) = self.lookups.last_mut() {
            value.clone_into(default);
        }
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
        match key {
            Some(key) => self.nested(name, &["gateway", key]),
            None => self.lookup(Some(name), None),
        }
    }

    /// The same for a setting that stands deeper in config.yaml.
    pub(crate) fn nested(&mut self, name: &str, path: &[&str]) -> Option<Setting<String>> {
        self.lookup(Some(name), Some(path))
    }

    fn lookup(&mut self, name: Option<&str>, path: Option<&[&str]>) -> Option<Setting<String>> {
        let variable = name.map(|name| format!("{PREFIX}{name}"));
        let found = variable.as_deref().and_then(|variable| self.variable(variable));
        let found = found.or_else(|| self.scalar(path?)).and_then(|found| self.bounded(found));
        self.note(variable, path, found.as_ref().map(|found| (found.value.as_str(), &found.origin)));
        found
    }

    /// A variable by its whole name, which has no key in config.yaml.
    pub(crate) fn named(&mut self, name: &str) -> Option<Setting<String>> {
        let found = self.variable(name);
        self.note(
            Some(name.to_owned()),
            None,
            found.as_ref().map(|found| (found.value.as_str(), &found.origin)),
        );
        found
    }

    /// The portal, under either of its names.
    pub(crate) fn portal_url(&mut self) -> Option<Setting<String>> {
        let (first, second) = (self.named("HERMES_PORTAL_BASE_URL"), self.named("NOUS_PORTAL_BASE_URL"));
        first.or(second).map(|url| url.map(|url| url.trim_end_matches('/').to_owned()))
    }

    /// A variable that other programs read too, by the first of its names that is set; only noted where one is.
    pub(crate) fn shared(&mut self, names: &[&str]) -> Option<Setting<String>> {
        let (name, found) = names.iter().find_map(|name| Some((*name, self.variable(name)?)))?;
        let found = self.bounded(found)?;
        self.note(Some(name.to_owned()), None, Some((&found.value, &found.origin)));
        Some(found)
    }

    /// A value that is no longer than any can be.
    fn bounded(&mut self, found: Setting<String>) -> Option<Setting<String>> {
        let length = found.value.len();
        if length <= MAX_VALUE {
            return Some(found);
        }
        let message =
            format!("the value has {length} bytes, and no more than {MAX_VALUE} are read; shorten it");
        self.problem(&found.origin, &message);
        None
    }

    /// The same for an address, which loses its trailing slashes; one of slashes alone is the root.
    pub(crate) fn url(&mut self, name: &str, key: &str) -> Option<Setting<String>> {
        let trimmed = |url: String| match url.trim_end_matches('/') {
            "" => "/".to_owned(),
            rest => rest.to_owned(),
        };
        self.text(name, Some(key)).map(|url| url.map(trimmed))
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
        let variable = format!("{PREFIX}{name}");
        let path = ["gateway", key];
        let found = match (self.variable(&variable), self.yaml(&path)) {
            (Some(text), _) => Some(text.map(|text| split(&text))),
            (None, None) => None,
            (None, Some((value, origin))) => {
                let value = words(value);
                if value.is_none() {
                    self.problem(&origin, "the value must be a list, or words separated by commas");
                }
                value.map(|value| Setting { value, origin })
            }
        };
        let shown = found.as_ref().map(|found| (found.value.join(", "), &found.origin));
        self.note(Some(variable), Some(&path), shown.as_ref().map(|(text, origin)| (text.as_str(), *origin)));
        found.unwrap_or_default()
    }

    /// A block in config.yaml, which is read by whoever knows its keys.
    pub(crate) fn block(&mut self, path: &[&str]) -> Option<Block> {
        let (_, origin) = self.yaml(path)?;
        let block = Block::at(&self.sources.config, path);
        if block.is_none() {
            self.problem(&origin, "the value must be keys and values");
        }
        block
    }

    pub(crate) fn yaml(&self, path: &[&str]) -> Option<(&'s Value, Origin)> {
        self.sources.config.get(path)
    }

    /// Text in config.yaml alone. A number or a flag stands for its digits or word: quoting one is easily forgotten.
    pub(crate) fn yaml_text(&mut self, path: &[&str]) -> Option<Setting<String>> {
        self.lookup(None, Some(path))
    }

    fn scalar(&mut self, path: &[&str]) -> Option<Setting<String>> {
        let (value, origin) = self.yaml(path)?;
        let Some(text) = scalar_text(value) else {
            self.problem(&origin, "the value must be text");
            return None;
        };
        let value = text.trim().to_owned();
        (!value.is_empty()).then_some(Setting { value, origin })
    }

    /// A flag in config.yaml, and what counts without it.
    pub(crate) fn flag_or(&mut self, path: &[&str], default: bool) -> bool {
        let flag = self.flag(path).map_or(default, |flag| flag.value);
        self.otherwise(if default { "true" } else { "false" });
        flag
    }

    /// A flag in config.yaml.
    pub(crate) fn flag(&mut self, path: &[&str]) -> Option<Setting<bool>> {
        let found = match self.yaml(path) {
            Some((Value::Bool(value), origin)) => Some(Setting { value: *value, origin }),
            Some((_, origin)) => {
                self.problem(&origin, "the value must be true or false");
                None
            }
            None => None,
        };
        let shown = found.as_ref().map(|flag| (if flag.value { "true" } else { "false" }, &flag.origin));
        self.note(None, Some(path), shown);
        found
    }
}

pub(crate) fn scalar_text(value: &Value) -> Option<String> {
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
            let items: Option<Vec<String>> = items.iter().map(scalar_text).collect();
            Some(items?.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect())
        }
        value => scalar_text(value).map(|text| split(&text)),
    }
}
