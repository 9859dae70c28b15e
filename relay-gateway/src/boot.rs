//! From the machine to settings: the one place that reads the process environment.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use relay_config::{ConfigFile, DotEnv, Home, Problems, Settings, Sources};

/// The home, what it holds, and the settings that come of it.
pub(crate) struct Boot {
    pub(crate) home: Home,
    pub(crate) dotenv: DotEnv,
    pub(crate) settings: Settings,
}

/// Reads the configuration. What is wrong with it is told all together.
pub(crate) fn read(home: Option<&Path>) -> anyhow::Result<Result<Boot, Problems>> {
    let environment = environment();
    let home = Home::find(home, &environment).context("no configuration")?;
    Ok(settings(home, environment))
}

fn settings(home: Home, environment: BTreeMap<String, String>) -> Result<Boot, Problems> {
    let mut problems = Problems::default();
    let mut found = |found: Problems| problems.0.extend(found.0);
    let dotenv = DotEnv::load(home.dotenv());
    let config = ConfigFile::load(home.config());
    let (dotenv, config) = match (dotenv, config) {
        (Ok(dotenv), Ok(config)) => (dotenv, config),
        (dotenv, config) => {
            dotenv.err().into_iter().chain(config.err()).for_each(&mut found);
            return Err(problems);
        }
    };
    let (dotenv, odd_lines) = dotenv;
    let sources = Sources { environment, dotenv, config };
    let mut settings = Settings::read(&sources)?;
    settings.warnings.0.extend(odd_lines.0);
    Ok(Boot { home, dotenv: sources.dotenv, settings })
}

/// The process environment. A variable that is not UTF-8 is left as it reads best: none of ours can be meant,
/// and one of ours that is meant fails its own check.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect()
}
