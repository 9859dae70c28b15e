//! The configuration of a relay gateway: environment, `.env` and config.yaml, each value with its origin.
//!
//! Every source comes in as an argument. What is wrong is reported all together, each with its place and what to
//! write instead; secrets never show.

mod access_token;
mod block;
mod config_file;
mod connector_url;
mod dotenv;
mod duration;
mod file_text;
mod home;
mod identities;
mod idp;
mod lookup;
mod nearest;
mod network;
mod origin;
mod outline;
mod policy;
mod private_file;
mod problem;
mod reader;
mod settings;
mod size;

pub use access_token::AccessToken;
pub use block::Block;
pub use config_file::ConfigFile;
pub use connector_url::{ConnectorUrl, ConnectorUrlError};
pub use dotenv::{DotEnv, SetError};
pub use duration::{DurationError, duration};
pub use home::{Home, NoHome};
pub use idp::IdentityProvider;
pub use lookup::{Found, Lookup};
pub use nearest::nearest;
pub use network::NetworkSettings;
pub use origin::{Origin, Setting};
pub use private_file::PrivateFile;
pub use problem::{Place, Problem, Problems};
pub use settings::{AgentSetting, Settings, Sources, Survey};
pub use size::{SizeError, shown as shown_size, size};
