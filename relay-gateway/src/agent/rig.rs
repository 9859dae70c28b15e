//! Blocks of config.yaml for tests.

use std::collections::BTreeMap;

use relay_config::{AgentSetting, Block, ConfigFile, DotEnv, Settings, Sources, Survey};

/// The block `agent` of a file.
pub(crate) fn block(yaml: &str) -> Block {
    match setting(yaml) {
        AgentSetting::Block(block) => block,
        AgentSetting::Line(line) => panic!("no block: {line:?}"),
    }
}

/// What a file says in its block `relay`, and of the one agent.
pub(crate) fn agents(yaml: &str) -> (Option<Block>, Option<AgentSetting>) {
    let survey = survey(yaml);
    (survey.relay, survey.agent)
}

/// What a file says of the agent.
pub(crate) fn setting(yaml: &str) -> AgentSetting {
    survey(yaml).agent.expect("an agent")
}

fn survey(yaml: &str) -> Survey {
    let config = ConfigFile::parse("home/config.yaml", yaml).expect("YAML");
    let (dotenv, _) = DotEnv::parse("home/.env", "");
    Settings::survey(&Sources::new(BTreeMap::new(), dotenv, config))
}
