//! A block of config.yaml: keys that belong together, read by whoever knows them.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_yaml::Value;

use crate::duration::duration;
use crate::nearest::instead;
use crate::reader::scalar_text;
use crate::{AgentSetting, ConfigFile, Found, Lookup, Origin, Problems, Setting, size};

/// How somebody switches a thing off. YAML of old reads some of them as flags.
const OFF: [&str; 4] = ["off", "never", "none", "false"];

/// The longest value of one setting, in bytes: 64 KiB.
const MAX_VALUE: usize = 64 * 1024;

/// A mapping in config.yaml that is read key by key. Each reading notes what it found; [`finish`](Self::finish) tells
/// what is wrong, keys that nobody asked for among it.
#[derive(Clone)]
pub struct Block {
    config: ConfigFile,
    path: Vec<String>,
    asked: Vec<&'static str>,
    problems: Problems,
    lookups: Vec<Lookup>,
}

impl Block {
    /// The block at a path; `None` where there is no mapping.
    pub(crate) fn at(config: &ConfigFile, path: &[&str]) -> Option<Self> {
        let (value, _) = config.get(path)?;
        value.as_mapping()?;
        Some(Self::new(config, path.iter().map(|&key| key.to_owned()).collect()))
    }

    /// All of a file.
    pub(crate) fn whole(config: &ConfigFile) -> Self {
        Self::new(config, Vec::new())
    }

    fn new(config: &ConfigFile, path: Vec<String>) -> Self {
        let (problems, lookups) = (Problems::default(), Vec::new());
        Self { config: config.clone(), path, asked: Vec::new(), problems, lookups }
    }

    /// Where the block stands.
    pub fn origin(&self) -> Origin {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        self.config.origin(&path)
    }

    /// Where a key of it stands.
    pub fn origin_of(&self, key: &str) -> Origin {
        let path: Vec<&str> = self.path.iter().map(String::as_str).chain([key]).collect();
        self.config.origin(&path)
    }

    /// The keys that are written in it.
    pub fn keys(&self) -> Vec<String> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let mut keys = Vec::new();
        if let Some((value, _)) = self.config.get(&path) {
            collect_keys(value, &mut keys);
        }
        keys
    }

    /// Leaves a key to somebody else who reads it.
    pub fn leave(&mut self, key: &'static str) {
        self.asked.push(key);
    }

    /// Notes what is wrong with a value.
    pub fn problem(&mut self, origin: &Origin, message: impl Into<String>) {
        self.problems.value(origin, message);
    }

    /// Says what counts where the last key that was asked for is not written.
    pub fn otherwise(&mut self, value: &str) {
        if let Some(Lookup { found: Found::Default(default), .. }) = self.lookups.last_mut() {
            value.clone_into(default);
        }
    }

    /// A text. A number or a flag stands for its digits or word.
    pub fn text(&mut self, key: &'static str) -> Option<Setting<String>> {
        let found = self.scalar(key);
        self.note(key, found.as_ref().map(|found| (found.value.as_str(), &found.origin)));
        found
    }

    /// A program and its arguments: a list, or a line that is split as a shell splits it.
    pub fn command(&mut self, key: &'static str) -> Option<Setting<Vec<String>>> {
        let found = self.raw(key).and_then(|(value, origin)| {
            let words: Option<Vec<String>> = match &value {
                Value::Sequence(items) => items.iter().map(scalar_text).collect(),
                value => scalar_text(value).and_then(|line| shlex::split(&line)),
            };
            let words = words.filter(|words| words.first().is_some_and(|program| !program.is_empty()));
            if words.is_none() {
                let message =
                    "the value must be words, the first of them not blank: a list, or a line whose quotes are closed";
                self.problem(&origin, message);
            }
            Some(Setting { value: words?, origin })
        });
        let shown = found.as_ref().map(|found| {
            let rest = if found.value.len() > 1 { " …" } else { "" };
            (format!("{}{rest}", found.value[0]), &found.origin)
        });
        self.note(key, shown.as_ref().map(|(text, origin)| (text.as_str(), *origin)));
        found
    }

    /// A list of words; a text is split at commas.
    pub fn words(&mut self, key: &'static str) -> Option<Setting<Vec<String>>> {
        let Some((value, origin)) = self.raw(key) else {
            self.note(key, None);
            return None;
        };
        let Some(value) = crate::reader::words(&value) else {
            self.problem(&origin, "the value must be a list, or words separated by commas");
            self.note(key, None);
            return None;
        };
        self.note(key, Some((&value.join(", "), &origin)));
        Some(Setting { value, origin })
    }

    /// Arguments of a program, in a list or a line, of which only the number is shown.
    pub fn arguments(&mut self, key: &'static str) -> Option<Setting<Vec<String>>> {
        let found = self.command(key);
        if let (Some(found), Some(lookup)) = (&found, self.lookups.last_mut()) {
            lookup.found = Found::Text(format!("{} words", found.value.len()));
        }
        found
    }

    /// A flag.
    pub fn flag(&mut self, key: &'static str) -> Option<Setting<bool>> {
        let found = match self.raw(key) {
            Some((Value::Bool(value), origin)) => Some(Setting { value, origin }),
            Some((_, origin)) => {
                self.problem(&origin, "the value must be true or false");
                None
            }
            None => None,
        };
        self.note(
            key,
            found.as_ref().map(|found| (if found.value { "true" } else { "false" }, &found.origin)),
        );
        found
    }

    /// One of several words, and what it stands for. The first is what counts where the key is not written.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<Setting<T>> {
        let text = self.text(key);
        if let Some((default, _)) = choices.first() {
            self.otherwise(default);
        }
        let text = text?;
        let is_off = |word: &str| word == "off" && OFF.contains(&text.value.as_str());
        if let Some(&(_, value)) = choices.iter().find(|(word, _)| *word == text.value || is_off(word)) {
            return Some(Setting { value, origin: text.origin });
        }
        let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
        let message = format!("`{}` is not known here; {}", text.value, instead(&text.value, &words));
        self.problem(&text.origin, message);
        None
    }

    /// A number.
    pub fn number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<Setting<u64>> {
        let text = self.text(key)?;
        if let Some(value) = text.value.parse().ok().filter(|number| range.contains(number)) {
            return Some(Setting { value, origin: text.origin });
        }
        let (least, most) = range.into_inner();
        self.problem(&text.origin, format!("the value must be a whole number between {least} and {most}"));
        None
    }

    /// A time such as `15m`.
    pub fn duration(
        &mut self,
        key: &'static str,
        range: RangeInclusive<Duration>,
    ) -> Option<Setting<Duration>> {
        let text = self.text(key)?;
        let (least, most) = range.into_inner();
        match duration(&text.value, least, most) {
            Ok(value) => Some(Setting { value, origin: text.origin }),
            Err(error) => {
                self.problem(&text.origin, error.to_string());
                None
            }
        }
    }

    /// A time, or `off`, which is `None`.
    pub fn duration_or_off(
        &mut self,
        key: &'static str,
        range: RangeInclusive<Duration>,
    ) -> Option<Setting<Option<Duration>>> {
        match self.raw(key) {
            Some((value, origin)) if scalar_text(&value).is_some_and(|word| OFF.contains(&&*word)) => {
                self.note(key, Some(("off", &origin)));
                Some(Setting { value: None, origin })
            }
            _ => self.duration(key, range).map(|found| found.map(Some)),
        }
    }

    /// An amount of bytes such as `8MiB`.
    pub fn size(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<Setting<u64>> {
        let text = self.text(key)?;
        let (least, most) = range.into_inner();
        match size(&text.value, least, most) {
            Ok(value) => Some(Setting { value, origin: text.origin }),
            Err(error) => {
                self.problem(&text.origin, error.to_string());
                None
            }
        }
    }

    /// Names with a text each, such as variables of an environment. Only the names are shown.
    pub fn variables(&mut self, key: &'static str) -> Option<Setting<BTreeMap<String, String>>> {
        let Some((value, origin)) = self.raw(key) else {
            self.note(key, None);
            return None;
        };
        let value: Option<BTreeMap<String, String>> = value.as_mapping().and_then(|mapping| {
            mapping.iter().map(|(name, value)| Some((scalar_text(name)?, scalar_text(value)?))).collect()
        });
        let Some(value) = value else {
            self.problem(&origin, "the value must be names with a text each, such as {NAME: text}");
            self.note(key, None);
            return None;
        };
        let names: Vec<&str> = value.keys().map(String::as_str).collect();
        self.note(key, Some((&names.join(", "), &origin)));
        Some(Setting { value, origin })
    }

    /// A block below this one, empty where the key is not written. What is wrong in it is told to this block by
    /// [`absorb`](Self::absorb).
    #[must_use]
    pub fn block(&mut self, key: &'static str) -> Self {
        if let Some((value, origin)) = self.raw(key)
            && !value.is_mapping()
        {
            self.problem(&origin, "the value must be keys and values");
        }
        Self::new(&self.config, self.below(&[key]).into_iter().map(str::to_owned).collect())
    }

    /// A list of blocks; see [`block`](Self::block).
    pub fn list(&mut self, key: &'static str) -> Vec<Self> {
        let Some((value, origin)) = self.raw(key) else { return Vec::new() };
        let places = value.as_sequence().map_or(0, Vec::len);
        let blocks =
            (0..places).map(|place| Self::at(&self.config, &self.below(&[key, &format!("[{place}]")])));
        let blocks: Option<Vec<Self>> = value.is_sequence().then(|| blocks.collect()).flatten();
        if blocks.is_none() {
            self.problem(&origin, "the value must be a list of keys and values, such as [{key: value}]");
        }
        blocks.unwrap_or_default()
    }

    /// Agents by their names: each a line or a block, which is read by whoever knows it.
    pub fn agents(&mut self, key: &'static str) -> Vec<(Setting<String>, AgentSetting)> {
        let Some((value, origin)) = self.raw(key) else { return Vec::new() };
        let names: Option<Vec<String>> =
            value.as_mapping().and_then(|mapping| mapping.keys().map(scalar_text).collect());
        let Some(names) = names else {
            self.problem(
                &origin,
                "the value must be names with an agent each, such as {NAME: {kind: acp, preset: gemini}}",
            );
            return Vec::new();
        };
        self.note(key, Some((&names.join(", "), &origin)));
        let mut agents = Vec::new();
        for name in names {
            let path = self.below(&[key, &name]);
            let Some((value, origin)) = self.config.get(&path).map(|(value, origin)| (value.clone(), origin))
            else {
                let origin = self.config.origin(&path);
                self.problem(
                    &origin,
                    "the name has no agent; write a line such as acp:gemini, or a block with a `kind`",
                );
                continue;
            };
            let agent = if let Some(line) = scalar_text(&value) {
                let line = line.trim().to_owned();
                self.lookups.push(Lookup::agent(&path, &line, &origin));
                AgentSetting::Line(Setting { value: line, origin: origin.clone() })
            } else if let Some(block) = Self::at(&self.config, &path) {
                AgentSetting::Block(block)
            } else {
                let message = "the value must be a line such as acp:gemini, or a block with a `kind`";
                self.problem(&origin, message);
                continue;
            };
            agents.push((Setting { value: name, origin }, agent));
        }
        agents
    }

    /// Named blocks. What is wrong in one is told to this block by [`absorb`](Self::absorb).
    pub fn blocks(&mut self, key: &'static str) -> Vec<(String, Self)> {
        let Some((value, origin)) = self.raw(key) else { return Vec::new() };
        let names: Option<Vec<String>> =
            value.as_mapping().and_then(|mapping| mapping.keys().map(scalar_text).collect());
        let blocks: Option<Vec<(String, Self)>> = names.and_then(|names| {
            let block = |name: String| {
                let path: Vec<&str> =
                    self.path.iter().map(String::as_str).chain([key, name.as_str()]).collect();
                Some((name.clone(), Self::at(&self.config, &path)?))
            };
            names.into_iter().map(block).collect()
        });
        let Some(blocks) = blocks else {
            self.problem(&origin, "the value must be names with a block each, such as {NAME: {key: value}}");
            self.note(key, None);
            return Vec::new();
        };
        let names: Vec<&str> = blocks.iter().map(|(name, _)| name.as_str()).collect();
        self.note(key, Some((&names.join(", "), &origin)));
        blocks
    }

    /// Takes over what was found and what is wrong in a block below this one; `what` says what that block is.
    pub fn absorb(&mut self, block: Self, what: &str) {
        let (problems, lookups) = block.finish(what);
        self.problems.0.extend(problems.0);
        self.lookups.extend(lookups);
    }

    /// What is wrong so far and what was looked up, where somebody else reads the other keys of the block.
    pub fn found(self) -> (Problems, Vec<Lookup>) {
        (self.problems, self.lookups)
    }

    /// What is wrong, and what was looked up. A key that nobody asked for is wrong; `what` says what the block is,
    /// such as `an agent of kind acp`.
    pub fn finish(mut self, what: &str) -> (Problems, Vec<Lookup>) {
        for key in self.keys() {
            if !self.asked.contains(&key.as_str()) {
                let path: Vec<&str> = self.path.iter().map(String::as_str).chain([key.as_str()]).collect();
                let origin = self.config.origin(&path);
                let message = format!("`{key}` is no setting of {what}; {}", instead(&key, &self.asked));
                self.problem(&origin, message);
            }
        }
        (self.problems, self.lookups)
    }

    /// What is wrong so far, where the keys of the block are not known.
    pub fn problems(self) -> Problems {
        self.problems
    }

    /// The path of something below.
    fn below<'p>(&'p self, keys: &[&'p str]) -> Vec<&'p str> {
        self.path.iter().map(String::as_str).chain(keys.iter().copied()).collect()
    }

    fn raw(&mut self, key: &'static str) -> Option<(Value, Origin)> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        let path: Vec<&str> = self.path.iter().map(String::as_str).chain([key]).collect();
        self.config.get(&path).map(|(value, origin)| (value.clone(), origin))
    }

    fn scalar(&mut self, key: &'static str) -> Option<Setting<String>> {
        let (value, origin) = self.raw(key)?;
        let Some(text) = scalar_text(&value) else {
            self.problem(&origin, "the value must be text");
            return None;
        };
        if text.len() > MAX_VALUE {
            self.problem(&origin, format!("the value is longer than {MAX_VALUE} bytes; shorten it"));
            return None;
        }
        let value = text.trim().to_owned();
        (!value.is_empty()).then_some(Setting { value, origin })
    }

    fn note(&mut self, key: &str, found: Option<(&str, &Origin)>) {
        let path: Vec<&str> = self.path.iter().map(String::as_str).chain([key]).collect();
        self.lookups.push(Lookup::new(None, Some(&path), found));
    }
}

impl fmt::Debug for Block {
    /// Where it is; its values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Block").field(&self.origin().to_string()).finish()
    }
}

fn collect_keys(value: &Value, keys: &mut Vec<String>) {
    let entries = value.as_mapping().into_iter().flatten();
    for (key, value) in entries {
        match scalar_text(key) {
            Some(key) if key == "<<" => match value {
                Value::Sequence(merged) => merged.iter().for_each(|merged| collect_keys(merged, keys)),
                merged => collect_keys(merged, keys),
            },
            Some(key) if !keys.contains(&key) => keys.push(key),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Block;
    use crate::{ConfigFile, Found, Lookup};

    fn block(text: &str) -> Block {
        let config = ConfigFile::parse("home/config.yaml", text).expect("YAML");
        Block::at(&config, &["agent"]).expect("a block")
    }

    fn problems(block: Block) -> Vec<String> {
        block.finish("this test").0.to_string().lines().map(str::to_owned).collect()
    }

    #[test]
    fn each_value_has_its_place_and_wrong_ones_are_told_together() {
        let mut block = block(
            "agent:\n  idle: soon\n  flag: maybe\n  mode: aks\n  many: 0\n  run: \"say 'hi\"\n  env: [A]\n  \
             colour: red\n  modes: ask\n",
        );
        let seconds = Duration::from_secs(1)..=Duration::from_hours(1);
        assert_eq!(block.duration("idle", seconds), None);
        assert_eq!(block.flag("flag"), None);
        assert_eq!(block.choice("mode", &[("ask", 1), ("allow", 2)]), None);
        assert_eq!(block.number("many", 1..=9), None);
        assert_eq!(block.command("run"), None);
        assert_eq!(block.variables("env"), None);
        assert_eq!(
            problems(block),
            [
                "home/config.yaml:2 (agent.idle): the value must be a time with its unit, such as 30s, 15m or 2h",
                "home/config.yaml:3 (agent.flag): the value must be true or false",
                "home/config.yaml:4 (agent.mode): `aks` is not known here; did you mean `ask`?",
                "home/config.yaml:5 (agent.many): the value must be a whole number between 1 and 9",
                "home/config.yaml:6 (agent.run): the value must be words, the first of them not blank: a list, or a \
                 line whose quotes are closed",
                "home/config.yaml:7 (agent.env): the value must be names with a text each, such as {NAME: text}",
                "home/config.yaml:8 (agent.colour): `colour` is no setting of this test; write one of idle, flag, \
                 mode, many, run, env",
                "home/config.yaml:9 (agent.modes): `modes` is no setting of this test; did you mean `mode`?",
            ]
        );
    }

    #[test]
    fn off_is_written_in_several_ways() {
        for word in ["off", "never", "false"] {
            let mut block = block(&format!("agent: {{resume: {word}, idle: {word}}}"));
            assert_eq!(block.choice("resume", &[("auto", 1), ("off", 2)]).expect("off").value, 2, "{word}");
            let seconds = Duration::ZERO..=Duration::from_hours(1);
            assert_eq!(block.duration_or_off("idle", seconds).expect("off").value, None, "{word}");
            assert_eq!(problems(block), [""; 0]);
        }
    }

    #[test]
    fn values_that_may_be_secrets_are_not_shown() {
        let mut block = block(
            "agent: {command: [run, --key, hunter2], args: --key hunter2, env: {A_NAME: hunter2}, \
             mcp: {files: {command: [serve, hunter2], typo: 1}}}",
        );
        assert_eq!(block.command("command").expect("words").value, ["run", "--key", "hunter2"]);
        assert_eq!(block.arguments("args").expect("words").value, ["--key", "hunter2"]);
        assert_eq!(block.variables("env").expect("names").value["A_NAME"], "hunter2");
        let mut servers = block.blocks("mcp");
        let (name, mut server) = servers.remove(0);
        assert_eq!((name.as_str(), server.command("command").is_some()), ("files", true));
        block.absorb(server, "a server");
        let (problems, lookups) = block.finish("this test");
        assert_eq!(
            problems.to_string(),
            "home/config.yaml:1 (agent.mcp.files.typo): `typo` is no setting of a server; write one of command"
        );
        let shown: Vec<_> = lookups.iter().map(|Lookup { found, .. }| found.clone()).collect();
        let text = |text: &str| Found::Text(text.to_owned());
        assert_eq!(shown, ["run …", "2 words", "A_NAME", "files", "serve …"].map(text));
    }
}
