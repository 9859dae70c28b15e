//! What an operator may have written: config.yaml and `.env`.

use std::collections::BTreeMap;

use relay_config::{ConfigFile, DotEnv, Settings, Sources};

/// Divides the input into config.yaml and `.env`.
const DIVIDER: &str = "\n=== .env\n";

/// Stands in the environment, where the input has no part in it.
const SECRET: &str = "hunter2hunter2hunter2";

/// Both files are read with an answer, whatever they hold. `.env` keeps every byte, and a value that is set in
/// it comes back from the file. What is read and what is complained of shows no secret.
pub fn config_yaml(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let (yaml, env) = text.split_once(DIVIDER).unwrap_or((text, ""));
    let (dotenv, problems) = DotEnv::parse(".env", env);
    assert_eq!(dotenv.text(), env);
    drop(problems.to_string());
    a_value_comes_back(dotenv.clone(), yaml);

    let config = match ConfigFile::parse("config.yaml", yaml) {
        Ok(config) => config,
        Err(problems) => return drop(problems.to_string()),
    };
    let names = ["GATEWAY_RELAY_SECRET", "GATEWAY_RELAY_DELIVERY_KEY", "GATEWAY_RELAY_ENROLL_TOKEN"];
    let environment: BTreeMap<String, String> =
        names.iter().map(|name| ((*name).to_owned(), SECRET.to_owned())).collect();
    let read = Settings::read(&Sources::new(environment, dotenv, config));
    let shown = match &read {
        Ok(settings) => {
            assert!(!settings.identities.value.is_empty(), "an identity is always fronted");
            assert!(settings.secret.is_some(), "the environment comes first");
            format!("{settings:?} {}", settings.warnings)
        }
        Err(problems) => format!("{problems:?} {problems}"),
    };
    assert!(!shown.contains(SECRET) || text.contains(SECRET), "a secret shows");
}

fn a_value_comes_back(mut dotenv: DotEnv, value: &str) {
    if dotenv.set("GATEWAY_RELAY_ID", value).is_err() {
        return;
    }
    let (again, _) = DotEnv::parse(".env", &dotenv.text());
    assert_eq!(again.get("GATEWAY_RELAY_ID").map(|(value, _)| value), Some(value));
}
