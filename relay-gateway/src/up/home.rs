//! A home in which both halves run: its connector.yaml, and what follows from it for the gateway.

use std::path::PathBuf;

use relay_config::{Home, Problems};
use relay_connector_setup::{ConfiguredFront, ConnectorFile};

use super::memory_link;

/// Where a home's connector.yaml is.
pub(crate) fn connector_file(home: &Home) -> PathBuf {
    home.path().join(ConnectorFile::NAME)
}

/// The connector.yaml of a home, if there is one.
pub(crate) fn load(home: &Home) -> Option<Result<ConnectorFile, Problems>> {
    let path = connector_file(home);
    path.exists().then(|| ConnectorFile::load(path))
}

/// What the gateway's settings are for a connector in the same process, whatever else is set.
pub(crate) fn settings_of(file: &ConnectorFile) -> Vec<(&'static str, String)> {
    let platforms: Vec<&str> = file.fronts.iter().map(ConfiguredFront::platform).collect();
    vec![
        ("GATEWAY_RELAY_URL", memory_link::URL.to_owned()),
        ("GATEWAY_RELAY_PLATFORMS", platforms.join(",")),
        ("GATEWAY_RELAY_BOT_IDS", String::new()),
    ]
}
