//! Settings: who wins, where a value came from, and what is wrong, all told together.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use proptest::prelude::*;
use relay_config::{
    AccessToken, AgentSetting, ConfigFile, ConnectorUrl, DotEnv, Found, Home, Problems, Settings, Sources,
};

fn read(environment: &[(&str, &str)], dotenv: &str, config: &str) -> Result<Settings, Problems> {
    let environment: BTreeMap<_, _> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let (dotenv, _) = DotEnv::parse("home/.env", dotenv);
    Settings::read(&Sources::new(environment, dotenv, ConfigFile::parse("home/config.yaml", config)?))
}

fn origin_of_id(environment: &[(&str, &str)], dotenv: &str, config: &str) -> String {
    let settings = read(environment, dotenv, config).expect("a good configuration");
    settings.gateway_id.map(|id| format!("{} from {}", id.value, id.origin)).unwrap_or_default()
}

#[test]
fn the_environment_wins_over_dotenv_and_dotenv_over_yaml_and_each_says_where_it_is() {
    let (name, dotenv, yaml) = (
        "GATEWAY_RELAY_ID",
        "# id\nGATEWAY_RELAY_ID=b\n",
        "agent: echo\ngateway:\n  # the name\n  relay_id: c\n",
    );
    assert_eq!(origin_of_id(&[(name, "a")], dotenv, yaml), "a from environment (GATEWAY_RELAY_ID)");
    assert_eq!(origin_of_id(&[(name, " ")], dotenv, yaml), "b from home/.env:2 (GATEWAY_RELAY_ID)");
    assert_eq!(
        origin_of_id(&[], "GATEWAY_RELAY_ID=\n", yaml),
        "c from home/config.yaml:4 (gateway.relay_id)"
    );
    assert_eq!(origin_of_id(&[], "", ""), "");
}

#[test]
fn a_connector_alone_enables_the_relay_and_a_switch_in_yaml_disables_it_whatever_is_set() {
    let url = [("GATEWAY_RELAY_URL", "https://c.example")];
    assert!(read(&url, "", "").expect("good").relay_enabled());
    assert!(!read(&[], "", "").expect("good").relay_enabled());
    assert!(!read(&url, "", "platforms: {relay: {enabled: false}}").expect("good").relay_enabled());
    assert!(read(&url, "", "platforms: {relay: {enabled: true}}").expect("good").relay_enabled());
}

#[test]
fn all_that_is_wrong_is_told_together_with_its_place() {
    let config = "gateway:\n  relay_id: [x]\n  relay_route_keys: {a: 1}\nplatforms:\n  relay:\n    enabled: maybe\n\
                  group_sessions_per_user: 3\n";
    let problems = read(&[("GATEWAY_RELAY_URL", "ftp://x")], "", config).expect_err("five faults");
    let told = problems.to_string();
    let mut lines: Vec<_> = told.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "environment (GATEWAY_RELAY_URL): the connector URL must begin with https:// or wss://; http:// and ws:// are for this machine",
            "home/config.yaml:2 (gateway.relay_id): the value must be text",
            "home/config.yaml:3 (gateway.relay_route_keys): the value must be a list, or words separated by commas",
            "home/config.yaml:6 (platforms.relay.enabled): the value must be true or false",
            "home/config.yaml:7 (group_sessions_per_user): the value must be true or false",
        ]
    );
}

#[test]
fn a_file_that_is_no_configuration_is_named_with_its_line() {
    let told = |config: &str| read(&[], "", config).expect_err("no configuration").to_string();
    assert!(told("a: 1\nb: [\n").starts_with("home/config.yaml:"), "{}", told("a: 1\nb: [\n"));
    assert!(told("- a\n- b\n").contains("must hold keys and values"), "{}", told("- a\n"));
    assert!(told("a: 1\na: 2\n").contains("duplicate"), "{}", told("a: 1\na: 2\n"));
}

#[test]
fn aliases_that_explode_are_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let previous = format!("*a{}", level - 1);
        let _ = writeln!(bomb, "a{level}: &a{level} [{}]", vec![previous; 10].join(", "));
    }
    assert!(read(&[], "", &bomb).is_err());

    // No level of nesting, and few aliases: each is small, what they copy is not.
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x,".repeat(40_000), "*a,".repeat(40_000));
    let told = read(&[], "", &wide).expect_err("1,600,000,000 values").to_string();
    assert_eq!(
        told,
        "home/config.yaml:2: the file holds more than 100000 values, each alias (*) counted as all that it stands \
         for; shorten it"
    );
}

#[test]
fn what_is_merged_in_counts_where_nothing_else_is_said() {
    let yaml = "d: &d {relay_id: merged, relay_endpoint: https://merged.example}\ne: &e {<<: *d, relay_endpoint: \
                https://e.example}\ngateway:\n  <<: [*e]\n  relay_wake_url: https://w.example\n";
    let settings = read(&[], "", yaml).expect("good");
    let text = |setting: Option<relay_config::Setting<String>>| setting.expect("set").value;
    assert_eq!(text(settings.gateway_id.clone()), "merged");
    assert_eq!(text(settings.endpoint), "https://e.example");
    assert_eq!(text(settings.wake_url), "https://w.example");
    let origin = settings.gateway_id.expect("set").origin;
    assert_eq!(
        origin.to_string(),
        "home/config.yaml (gateway.relay_id)",
        "a merged key has no line of its own"
    );
}

#[test]
fn an_agent_block_of_another_program_is_left_alone_and_ours_has_a_place_of_its_own() {
    let others = "agent:\n  max_turns: 60\n  system_prompt: hi\n";
    let settings = read(&[], "", others).expect("nothing is wrong with it");
    assert!(settings.agent.is_none() && settings.warnings.0.is_empty());
    for (ours, place) in [
        ("relay: {agent: {kind: acp, preset: gemini}}", "home/config.yaml:4 (relay.agent)"),
        ("relay: {agent: acp:gemini}", "home/config.yaml:4 (relay.agent)"),
    ] {
        let settings = read(&[], "", &format!("{others}{ours}\n")).expect("good");
        assert_eq!(settings.agent.expect("ours").origin().to_string(), place);
    }
    for block in ["{kind: acp}", "{preset: gemini}", "{command: x}"] {
        let settings =
            read(&[], "", &format!("agent: {block}\n")).expect("whoever reads the block judges it");
        assert!(matches!(settings.agent, Some(AgentSetting::Block(_))), "{block}");
    }
    let refused = read(&[], "", "agent: [echo]\nrelay: fast\n").expect_err("neither is what it should be");
    assert_eq!(
        refused.to_string(),
        "home/config.yaml:1 (agent): the value must be text\nhome/config.yaml:2 (relay): the value must be keys and values"
    );
}

#[test]
fn bots_that_cannot_be_read_are_ignored_aloud() {
    let bots = [("GATEWAY_RELAY_PLATFORMS", "discord"), ("GATEWAY_RELAY_BOT_IDS", "not json")];
    let settings = read(&bots, "", "").expect("a warning is no problem");
    assert_eq!(settings.identities.value[0].bot_id, "");
    assert!(settings.warnings.to_string().starts_with("environment (GATEWAY_RELAY_BOT_IDS): "));
}

#[test]
fn a_bots_id_may_be_a_number_and_one_that_is_no_id_is_named() {
    let bots = |text: &str| {
        let environment = [("GATEWAY_RELAY_PLATFORMS", "discord"), ("GATEWAY_RELAY_BOT_IDS", text)];
        read(&environment, "", "").expect("good settings")
    };
    let settings = bots(r#"{"discord": {"botId": 1234567890123456789}}"#);
    assert_eq!(settings.identities.value[0].bot_id, "1234567890123456789");
    assert_eq!(settings.warnings.to_string(), "");
    for wrong in ["true", "1.5", "123456789012345678901234567890", "[1]"] {
        let settings = bots(&format!(r#"{{"discord": {{"botId": {wrong}}}}}"#));
        assert_eq!(settings.identities.value[0].bot_id, "", "{wrong}");
        assert!(settings.warnings.to_string().contains("the `botId` of discord"), "{wrong}");
    }
}

#[test]
fn one_block_speaks_for_a_platform_and_the_top_level_for_what_it_leaves_out() {
    let environment = [("GATEWAY_RELAY_PLATFORMS", "discord")];
    let policy = |yaml: &str| read(&environment, "", yaml).expect("good settings").policies.pop();
    let both = "discord: {free_response_channels: [a]}\nplatforms:\n  discord: {require_mention: true}\n";
    let first = policy(both).expect("a policy");
    assert!(!first.require_address, "the second block is nobody's where there is a first one");
    assert_eq!(first.free_response_scopes, ["a"]);
    let no_block =
        "discord: text\nplatforms:\n  discord: {free_response_channels: [a]}\nrequire_mention: true\n";
    let second = policy(no_block).expect("a policy");
    assert!(second.require_address, "the top level says what the block leaves out");
    assert_eq!(second.free_response_scopes, ["a"], "what is no block is passed over");
}

#[test]
fn an_address_of_slashes_alone_is_the_root() {
    let wake = |url: &str| {
        read(&[("GATEWAY_RELAY_WAKE_URL", url)], "", "").expect("good").wake_url.map(|url| url.value)
    };
    assert_eq!(wake("/").as_deref(), Some("/"));
    assert_eq!(wake("https://w.example//").as_deref(), Some("https://w.example"));
}

#[test]
fn the_older_pair_names_a_single_identity() {
    let pair = [("GATEWAY_RELAY_PLATFORM", "telegram"), ("GATEWAY_RELAY_BOT_ID", "T1")];
    let settings = read(&pair, "", "").expect("good");
    let identity = &settings.identities.value[0];
    assert_eq!((identity.platform.as_str(), identity.bot_id.as_str()), ("telegram", "T1"));
}

#[test]
fn an_identity_provider_is_whole_or_a_problem() {
    let config = "gateway:\n  idp:\n    token_url: https://id.example/token\n    client_id: gw\n";
    let problems = read(&[], "", config).expect_err("no client secret").to_string();
    assert_eq!(
        problems,
        "home/config.yaml:3 (gateway.idp.token_url): the identity provider needs GATEWAY_RELAY_IDP_CLIENT_SECRET too; \
         set it, or remove the others"
    );
    let settings = read(&[("GATEWAY_RELAY_IDP_CLIENT_SECRET", "s")], "", config).expect("whole");
    let provider = settings.identity_provider.expect("whole");
    assert_eq!((provider.client_id.value.as_str(), provider.client_secret.value.expose()), ("gw", "s"));
    assert!(read(&[], "", "").expect("none").identity_provider.is_none());
}

#[test]
fn a_client_secret_goes_to_https_or_to_this_machine_and_nowhere_else() {
    let provider = |url: &str| {
        let settings = read(
            &[
                ("GATEWAY_RELAY_IDP_TOKEN_URL", url),
                ("GATEWAY_RELAY_IDP_CLIENT_ID", "gw"),
                ("GATEWAY_RELAY_IDP_CLIENT_SECRET", "hunter2"),
            ],
            "",
            "",
        );
        settings.map(|settings| settings.identity_provider.expect("whole").token_url.value.to_string())
    };
    for url in ["https://id.example/token", "http://127.0.0.1:8080/token", "http://localhost/token"] {
        assert_eq!(provider(url).expect("good"), url);
    }
    for url in ["http://id.example/token", "id.example", "ftp://id.example", "https://me:pw@id.example/"] {
        let told = provider(url).expect_err("refused").to_string();
        assert!(told.starts_with("environment (GATEWAY_RELAY_IDP_TOKEN_URL): the client secret"), "{told}");
        assert!(!told.contains("hunter2") && !told.contains("pw"), "{told}");
    }
}

#[test]
fn an_identity_token_is_given_or_in_a_file_or_the_output_of_a_command_and_the_first_of_them_counts() {
    let (token, file, command) = (
        ("GATEWAY_RELAY_ACCESS_TOKEN", " t1 "),
        ("GATEWAY_RELAY_ACCESS_TOKEN_FILE", "/run/token"),
        ("GATEWAY_RELAY_ACCESS_TOKEN_COMMAND", "vault read x"),
    );
    let access = |environment: &[(&str, &str)], config: &str| {
        let settings = read(environment, "", config).expect("good");
        (settings.access_token, settings.warnings.to_string())
    };
    let (found, warned) = access(&[token, file, command], "");
    let found = found.expect("set");
    assert!(matches!(&found.value, AccessToken::Given(token) if token.expose() == "t1"));
    assert_eq!(found.origin.to_string(), "environment (GATEWAY_RELAY_ACCESS_TOKEN)");
    for (ignored, _) in [file, command] {
        assert!(warned.contains(&format!("environment ({ignored}): the value is not used")), "{warned}");
    }
    let found = access(&[file], "").0.expect("set").value;
    assert!(matches!(found, AccessToken::File(path) if path == Path::new("/run/token")));
    assert_eq!(access(&[command], "").1, "", "nothing is odd about one");
    let yaml = "gateway:\n  relay_access_token: t2\n  relay_access_token_command: vault read y\n";
    let found = access(&[], yaml).0.expect("set");
    let is_it = matches!(&found.value, AccessToken::Command(command) if command == "vault read y");
    assert!(is_it, "a token itself stands in no YAML");
    assert_eq!(found.origin.to_string(), "home/config.yaml:3 (gateway.relay_access_token_command)");
    assert!(!format!("{found:?}").contains("read y"), "an argument may be a credential");
}

#[test]
fn the_portal_and_whoever_manages_the_install_are_read_with_their_places() {
    let settings = read(
        &[("NOUS_PORTAL_BASE_URL", "https://b.example/"), ("HERMES_MANAGED", "nix")],
        "HERMES_PORTAL_BASE_URL=https://a.example//\n",
        "",
    )
    .expect("good");
    let portal = settings.portal_url.expect("set");
    assert_eq!(portal.value, "https://a.example");
    assert_eq!(portal.origin.to_string(), "home/.env:1 (HERMES_PORTAL_BASE_URL)");
    assert_eq!(settings.managed.expect("set").origin.to_string(), "environment (HERMES_MANAGED)");
}

#[test]
fn no_secret_shows() {
    let secrets = [
        ("GATEWAY_RELAY_SECRET", "hunter2"),
        ("GATEWAY_RELAY_DELIVERY_KEY", "hunter2"),
        ("GATEWAY_RELAY_ENROLL_TOKEN", "hunter2"),
        ("GATEWAY_RELAY_ACCESS_TOKEN", "hunter2"),
        ("GATEWAY_RELAY_IDP_CLIENT_SECRET", "hunter2"),
        ("GATEWAY_RELAY_IDP_CLIENT_ID", "gw"),
        ("GATEWAY_RELAY_IDP_TOKEN_URL", "https://id.example"),
    ];
    let settings = read(&secrets, "", "").expect("good");
    assert!(settings.secret.is_some() && settings.delivery_key.is_some() && settings.enroll_token.is_some());
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn no_source_shows_its_values() {
    let environment = [("GATEWAY_RELAY_SECRET".to_owned(), "hunter2".to_owned())].into();
    let (dotenv, _) = DotEnv::parse(".env", "GATEWAY_RELAY_SECRET=hunter2\n");
    let config = ConfigFile::parse("config.yaml", "gateway: {relay_secret: hunter2}").expect("good");
    let shown = format!("{:?}", Sources::new(environment, dotenv, config));
    assert!(shown.contains("config.yaml") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_pasted_credential_is_refused_and_not_repeated() {
    for url in ["https://me:hunter2@c.example", "https://c.example/?token=hunter2", "hunter2://c.example"] {
        let error = ConnectorUrl::parse(url).expect_err("not a connector's address");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn a_bare_host_is_dialed_with_tls_and_this_machine_without() {
    let dial = |text: &str| ConnectorUrl::parse(text).expect("an address").dial().to_string();
    assert_eq!(dial("connector.example:8443"), "wss://connector.example:8443/relay");
    assert_eq!(dial("127.0.0.1:9000/"), "ws://127.0.0.1:9000/relay");
    assert_eq!(dial("localhost/base"), "ws://localhost/base/relay");
    for wrong in ["", "  ", "/", "https://", "http:///x", "a b"] {
        assert!(ConnectorUrl::parse(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_home_is_given_or_named_or_in_the_users_own() {
    let environment: BTreeMap<_, _> = [("HERMES_HOME", " /srv/h "), ("HOME", "/home/me")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let home = |given: Option<&str>, environment: &BTreeMap<String, String>| {
        Home::find(given.map(Path::new), environment).map(|home| home.path().display().to_string())
    };
    assert_eq!(home(Some("here"), &environment).as_deref(), Ok("here"));
    assert_eq!(home(None, &environment).as_deref(), Ok("/srv/h"));
    let mut plain = environment.clone();
    plain.remove("HERMES_HOME");
    assert_eq!(home(None, &plain).as_deref(), Ok("/home/me/.hermes"));
    assert!(home(None, &BTreeMap::new()).is_err());
}

proptest! {
    #[test]
    fn no_yaml_makes_a_reader_panic(text in ".{0,200}|(gateway:\n( {2}relay_(id|url|route_keys): ?[\\[{&*!\"']?.{0,12}\n){0,4}|discord:\n {2}require_mention: .{0,6}\n){0,3}") {
        let _ = read(&[("GATEWAY_RELAY_PLATFORMS", "discord")], "", &text);
    }

    #[test]
    fn no_value_makes_a_reader_panic(value in ".{0,60}") {
        let names = ["URL", "ID", "SECRET", "PLATFORMS", "BOT_IDS", "ROUTE_KEYS", "ENDPOINT"];
        let names = names.map(|name| format!("GATEWAY_RELAY_{name}"));
        let environment: Vec<_> = names.iter().map(|name| (name.as_str(), value.as_str())).collect();
        let _ = read(&environment, &value, "");
    }
}

#[test]
fn every_setting_that_is_looked_up_is_listed_with_its_place_and_secrets_are_not_in_it() {
    let mut environment = BTreeMap::new();
    environment.insert("GATEWAY_RELAY_ID".to_owned(), "gw".to_owned());
    environment.insert("GATEWAY_RELAY_SECRET".to_owned(), "hunter2".to_owned());
    let (dotenv, _) = DotEnv::parse("/home/.env", "GATEWAY_RELAY_ENROLL_TOKEN=hunter2\n");
    let text = "gateway:\n  relay_url: gopher://hunter2@x\n  idp: {client_secret: hunter2}\nagent: command:a hunter2\n";
    let config = ConfigFile::parse("/home/config.yaml", text).expect("YAML");
    let survey = Settings::survey(&Sources::new(environment, dotenv, config));
    assert!(survey.settings.is_err(), "listed all the same");
    assert!(!format!("{:?}", survey.lookups).contains("hunter2"), "{:?}", survey.lookups);
    let listed = |name: &str| {
        let found = survey.lookups.iter().find(|lookup| lookup.name() == name);
        let found = found.unwrap_or_else(|| panic!("{name} is not listed"));
        (found.found.clone(), found.origin.to_string())
    };
    let default = |text: &str| (Found::Default(text.to_owned()), "default".to_owned());
    assert_eq!(
        listed("GATEWAY_RELAY_ID"),
        (Found::Text("gw".to_owned()), "environment (GATEWAY_RELAY_ID)".to_owned())
    );
    assert_eq!(
        listed("GATEWAY_RELAY_URL"),
        (Found::Text("gopher://…@x".to_owned()), "/home/config.yaml:2 (gateway.relay_url)".to_owned())
    );
    assert_eq!(listed("GATEWAY_RELAY_SECRET").0, Found::Secret);
    assert_eq!(
        listed("GATEWAY_RELAY_ENROLL_TOKEN"),
        (Found::Secret, "/home/.env:1 (GATEWAY_RELAY_ENROLL_TOKEN)".to_owned())
    );
    assert_eq!(listed("GATEWAY_RELAY_IDP_CLIENT_SECRET").0, Found::Secret);
    assert_eq!(listed("agent").0, Found::Text("command:a …".to_owned()));
    assert_eq!(listed("group_sessions_per_user"), default("true"));
    assert_eq!(listed("GATEWAY_RELAY_PLATFORM"), default("relay"));
    assert_eq!(listed("GATEWAY_RELAY_ROUTE_KEYS"), default(""));
}
