//! The conformance vectors, case by case.

use std::collections::BTreeMap;

use relay_config::{ConfigFile, ConnectorUrl, DotEnv, Settings, Sources};
use serde_json::{Value, json};

fn cases(text: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(text).expect("the vectors are JSON");
    vectors["cases"].as_array().expect("the vectors hold cases").clone()
}

#[test]
fn every_address_follows_from_the_configured_one() {
    let cases = cases(include_str!("../vectors/urls.json"));
    assert_eq!(cases.len(), 192);
    for (index, case) in cases.iter().enumerate() {
        let configured = case["configured"].as_str().expect("an address");
        let url = ConnectorUrl::parse(configured)
            .unwrap_or_else(|error| panic!("case {index} {configured:?}: {error}"));
        let actual = json!({
            "configured": configured,
            "dial": url.dial().as_str(),
            "provision": url.provision().as_str(),
            "policy": url.policy().as_str(),
        });
        assert_eq!(actual, *case, "case {index}: {configured:?}");
    }
}

#[test]
fn every_reader_answers_as_the_reference_does() {
    let cases = cases(include_str!("../vectors/config_readers.json"));
    assert_eq!(cases.len(), 400);
    for (index, case) in cases.iter().enumerate() {
        let environment: BTreeMap<String, String> =
            serde_json::from_value(case["env"].clone()).expect("an environment");
        // JSON is YAML.
        let config = ConfigFile::parse("config.yaml", &case["config"].to_string()).expect("a configuration");
        let (dotenv, _) = DotEnv::parse(".env", "");
        let settings = Settings::read(&Sources::new(environment, dotenv, config))
            .unwrap_or_else(|problems| panic!("case {index}: {case}\n{problems}"));
        // The vectors keep the address as configured; the typed one is checked against the other vectors.
        let policies: serde_json::Map<String, Value> = settings
            .identities
            .value
            .iter()
            .map(|identity| {
                let policy = settings.policies.iter().find(|policy| policy.platform == identity.platform);
                (identity.platform.clone(), serde_json::to_value(policy).expect("plain data"))
            })
            .collect();
        let text =
            |value: &Option<relay_config::Setting<String>>| value.as_ref().map(|value| value.value.clone());
        let actual = json!({
            "relay_url": case["expect"]["relay_url"],
            "connection_auth": [
                text(&settings.gateway_id),
                settings.secret.as_ref().map(|secret| secret.value.expose().to_owned()),
            ],
            "endpoint": text(&settings.endpoint),
            "route_keys": settings.route_keys.value,
            "instance_id": text(&settings.instance_id),
            "wake_url": text(&settings.wake_url),
            "identities": settings
                .identities
                .value
                .iter()
                .map(|identity| json!([identity.platform, identity.bot_id]))
                .collect::<Vec<_>>(),
            "policies": policies,
        });
        assert_eq!(actual, case["expect"], "case {index}: {}\n{}", case["env"], case["config"]);
        let expected =
            case["expect"]["relay_url"].as_str().map(|url| ConnectorUrl::parse(url).expect("an address"));
        assert_eq!(settings.relay_url.map(|url| url.value), expected, "case {index}");
    }
}
