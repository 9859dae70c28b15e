//! Blocks of config.yaml for tests.

use std::collections::BTreeMap;

use relay_config::{AgentSetting, Block, ConfigFile, DotEnv, Settings, Sources};

/// The block `agent` of a file.
pub(crate) fn block(yaml: &str) -> Block {
    match setting(yaml) {
        AgentSetting::Block(block) => block,
        AgentSetting::Line(line) => panic!("no block: {line:?}"),
    }
}

/// What a file says of the agent.
pub(crate) fn setting(yaml: &str) -> AgentSetting {
    let config = ConfigFile::parse("home/config.yaml", yaml).expect("YAML");
    let (dotenv, _) = DotEnv::parse("home/.env", "");
    Settings::survey(&Sources::new(BTreeMap::new(), dotenv, config)).agent.expect("an agent")
}
