//! From the machine to settings: the one place that reads the process environment.

mod chats;
pub(crate) mod network;
pub(crate) mod survey;

use std::collections::BTreeMap;
use std::path::Path;

use relay_adapter::AdapterSettings;
use relay_config::{ConfigFile, DotEnv, Home, Origin, Place, Problem, Problems, Settings, Sources};
use relay_wire::GatewayId;

/// The home, what it holds, and the settings that come of it.
pub(crate) struct Boot {
    pub(crate) home: Home,
    pub(crate) dotenv: DotEnv,
    pub(crate) settings: Settings,
    /// How chats are answered.
    pub(crate) chats: AdapterSettings,
}

impl Boot {
    /// Who manages this install, where somebody else does.
    pub(crate) fn managed(&self) -> Option<String> {
        if let Some(managed) = &self.settings.managed {
            return Some(managed.origin.to_string());
        }
        let marker = self.home.managed_marker();
        marker.exists().then(|| marker.display().to_string())
    }
}

/// The gateway's name by its settings.
pub(crate) fn gateway_id_of(settings: &Settings) -> GatewayId {
    gateway_id(settings.gateway_id.as_ref().map(|id| id.value.as_str()))
}

/// The gateway's name: the one that is given, else one of its machine.
pub(crate) fn gateway_id(given: Option<&str>) -> GatewayId {
    given.and_then(|id| GatewayId::new(id).ok()).unwrap_or_else(|| {
        let machine = rustix::system::uname();
        GatewayId::new(format!("gw-{}", machine.nodename().to_string_lossy())).expect("it begins with gw-")
    })
}

/// Reads the configuration. What is wrong with it is told all together.
pub(crate) fn read(home: Option<&Path>) -> anyhow::Result<Result<Boot, Problems>> {
    read_with(home, &[])
}

/// The same where some variables are as they are here, whatever the environment says.
pub(crate) fn read_with(
    home: Option<&Path>,
    fixed: &[(&str, String)],
) -> anyhow::Result<Result<Boot, Problems>> {
    let mut environment = environment();
    let home = Home::find(home, &environment)?;
    environment.extend(fixed.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Ok(settings(home, environment))
}

fn settings(home: Home, environment: BTreeMap<String, String>) -> Result<Boot, Problems> {
    let mut problems = not_text();
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
    let sources = Sources::new(environment, dotenv.clone(), config);
    let read = Settings::survey(&sources);
    let mut chats = AdapterSettings::default();
    if let Some(block) = read.relay {
        problems.0.extend(chats::read(block, &mut chats).0.0);
    }
    let mut settings = match read.settings {
        Ok(settings) if problems.0.is_empty() => settings,
        Ok(_) => return Err(problems),
        Err(wrong) => {
            problems.0.extend(wrong.0);
            return Err(problems);
        }
    };
    settings.warnings.0.extend(odd_lines.0);
    Ok(Boot { home, dotenv, settings, chats })
}

/// The variables of ours that are not UTF-8.
pub(crate) fn not_text() -> Problems {
    let mut problems = Problems::default();
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if is_ours(&name) && value.to_str().is_none() {
            let place = Place::Value(Origin::Environment { name });
            let message = "the value is not UTF-8; check where it is set".to_owned();
            problems.0.push(Problem::new(place, message));
        }
    }
    problems
}

/// Whether the gateway reads a variable of this name, alone or with other programs.
fn is_ours(name: &str) -> bool {
    let shared = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE"];
    ["GATEWAY_RELAY_", "HERMES_", "NOUS_"].iter().any(|ours| name.starts_with(ours))
        || shared.contains(&name.to_ascii_uppercase().as_str())
}

/// The process environment. A variable that is not UTF-8 is left as it reads best: none of ours can be meant,
/// and one of ours that is meant fails its own check.
pub(crate) fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect()
}
