//! The configuration as far as it can be read: what is wrong in one place does not hide the rest.

use std::path::Path;

use anyhow::Context as _;
use relay_config::{ConfigFile, DotEnv, Home, Lookup, Problems, Settings, Sources};

use crate::boot;

/// What was found, and all that is wrong with it.
pub(crate) struct Surveyed {
    pub(crate) home: Home,
    pub(crate) lookups: Vec<Lookup>,
    /// What has to be mended before the gateway runs.
    pub(crate) problems: Problems,
    /// What is odd and does not keep it from running.
    pub(crate) warnings: Problems,
}

/// Reads every source that can be read and every setting in them.
pub(crate) fn survey(home: Option<&Path>) -> anyhow::Result<Surveyed> {
    let environment = boot::environment();
    let home = Home::find(home, &environment).context("no configuration")?;
    let (mut problems, mut warnings) = (Problems::default(), Problems::default());
    let dotenv = match DotEnv::load(home.dotenv()) {
        Ok((dotenv, odd_lines)) => {
            warnings.0.extend(odd_lines.0);
            dotenv
        }
        Err(unreadable) => {
            problems.0.extend(unreadable.0);
            DotEnv::parse(home.dotenv(), "").0
        }
    };
    let config = match ConfigFile::load(home.config()) {
        Ok(config) => config,
        Err(unreadable) => {
            problems.0.extend(unreadable.0);
            ConfigFile::parse(home.config(), "").expect("an empty file is a configuration")
        }
    };
    let survey = Settings::survey(&Sources { environment, dotenv, config });
    match survey.settings {
        Ok(settings) => warnings.0.extend(settings.warnings.0),
        Err(wrong) => problems.0.extend(wrong.0),
    }
    Ok(Surveyed { home, lookups: survey.lookups, problems, warnings })
}
