//! Reads a gateway's settings out of what it is given, and says where each came from.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::collections::BTreeMap;
use std::error::Error;

use relay_config::{ConfigFile, DotEnv, Settings, Sources};

fn main() -> Result<(), Box<dyn Error>> {
    let environment = BTreeMap::from([("GATEWAY_RELAY_ID".to_owned(), "laptop".to_owned())]);
    let (dotenv, problems) = DotEnv::parse(".env", "GATEWAY_RELAY_SECRET=hush\n");
    println!(".env: {} problems", problems.0.len());
    let config = ConfigFile::parse("config.yaml", "gateway:\n  relay_url: https://connector.example\n")?;

    let settings = Settings::read(&Sources::new(environment, dotenv, config))?;
    println!("gateway: {:?}", settings.gateway_id.map(|id| (id.value, id.origin.to_string())));
    println!("connector: {:?}", settings.relay_url.map(|url| url.origin.to_string()));
    // Its Debug does not show it.
    println!("secret: {:?}", settings.secret.map(|secret| secret.value));
    Ok(())
}
