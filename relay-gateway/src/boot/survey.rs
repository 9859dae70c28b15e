//! The configuration as far as it can be read: what is wrong in one place does not hide the rest.

use std::path::Path;

use relay_adapter::AdapterSettings;
use relay_config::{ConfigFile, DotEnv, Found, Home, Lookup, Place, Problem, Problems, Settings, Sources};
use relay_runtime::Clock;

use crate::agent::AgentsSpec;
use crate::boot::network::Network;
use crate::boot::{self, chats};

/// What was found, and all that is wrong with it.
pub(crate) struct Surveyed {
    pub(crate) home: Home,
    pub(crate) dotenv: DotEnv,
    pub(crate) lookups: Vec<Lookup>,
    /// The settings; `None` where there are problems.
    pub(crate) settings: Option<Settings>,
    /// The agents of config.yaml, else echo; or all that is wrong with them.
    pub(crate) agents: Result<AgentsSpec, Problems>,
    /// What has to be mended before the gateway runs.
    pub(crate) problems: Problems,
    /// What is odd and does not keep it from running.
    pub(crate) warnings: Problems,
}

impl Surveyed {
    /// The settings that somebody set.
    pub(crate) fn set(&self) -> impl Iterator<Item = &Lookup> {
        self.lookups.iter().filter(|lookup| !matches!(lookup.found, Found::Default(_)))
    }

    /// Whether a problem is one of `.env`, and not of a value in it.
    pub(crate) fn is_of_dotenv(&self, problem: &Problem) -> bool {
        matches!(&problem.place, Place::File { path, .. } if *path == self.home.dotenv())
    }
}

/// Reads every source that can be read and every setting in them.
pub(crate) fn survey(home: Option<&Path>) -> anyhow::Result<Surveyed> {
    survey_with(home, &[])
}

/// The same where some variables are as they are here, whatever the environment says.
pub(crate) fn survey_with(home: Option<&Path>, fixed: &[(&str, String)]) -> anyhow::Result<Surveyed> {
    let mut environment = boot::environment();
    let home = Home::find(home, &environment)?;
    environment.extend(fixed.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let (mut problems, mut warnings) = (boot::not_text(), Problems::default());
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
    let survey = Settings::survey(&Sources::new(environment, dotenv.clone(), config));
    let mut lookups = survey.lookups;
    let identities = survey.settings.as_ref().map(|settings| settings.identities.value.clone());
    let (agents, found) =
        AgentsSpec::read(survey.relay.as_ref(), survey.agent.as_ref(), &identities.unwrap_or_default());
    lookups.extend(found);
    if let Some(block) = survey.relay {
        let (wrong, found) = chats::read(block, &mut AdapterSettings::default());
        problems.0.extend(wrong.0);
        lookups.extend(found);
    }
    let settings = match survey.settings {
        Ok(settings) => {
            warnings.0.extend(settings.warnings.0.iter().cloned());
            if let Err(wrong) = Network::of(&settings, &Clock::system()) {
                problems.0.extend(wrong.0);
            }
            Some(settings).filter(|_| problems.0.is_empty())
        }
        Err(wrong) => {
            problems.0.extend(wrong.0);
            None
        }
    };
    Ok(Surveyed { home, dotenv, lookups, settings, agents, problems, warnings })
}
