//! Every setting of a gateway, read from its sources.

use std::collections::BTreeMap;
use std::fmt;

use relay_auth::Secret;
use relay_wire::{Identity, PolicyRequest, SessionKeyOptions};
use serde_yaml::Value;

use crate::reader::Reader;
use crate::{
    AccessToken, Block, ConfigFile, ConnectorUrl, DotEnv, IdentityProvider, Lookup, NetworkSettings, Origin,
    Problems, Setting, access_token, identities, idp, network, policy,
};

/// Where settings are looked up, in this order: the environment, `.env`, config.yaml. Each is an argument: this
/// crate reads no process environment.
#[derive(Clone)]
pub struct Sources {
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) dotenv: DotEnv,
    pub(crate) config: ConfigFile,
}

impl Sources {
    /// The environment, the lines of `.env` and config.yaml; each may be empty.
    pub fn new(environment: BTreeMap<String, String>, dotenv: DotEnv, config: ConfigFile) -> Self {
        Self { environment, dotenv, config }
    }
}

impl fmt::Debug for Sources {
    /// Which files there are; values of any source may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("dotenv", &self.dotenv)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// What a gateway is told (README, Configuration). A blank value counts as unset; each value knows its origin.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// The connector. Its presence alone enables the relay; see [`relay_enabled`](Self::relay_enabled).
    pub relay_url: Option<Setting<ConnectorUrl>>,
    /// The gateway's name.
    pub gateway_id: Option<Setting<String>>,
    /// Signs its upgrade tokens.
    pub secret: Option<Setting<Secret>>,
    /// Signs deliveries over HTTP; environment and `.env` only.
    pub delivery_key: Option<Setting<Secret>>,
    /// Where the gateway could be called.
    pub endpoint: Option<Setting<String>>,
    /// The chats or scopes that belong to it.
    pub route_keys: Setting<Vec<String>>,
    /// The instance.
    pub instance_id: Option<Setting<String>>,
    /// Where a sleeping gateway is woken.
    pub wake_url: Option<Setting<String>>,
    /// The identities that it fronts, the default one first; never empty.
    pub identities: Setting<Vec<Identity>>,
    /// The identity token, or where it is.
    pub access_token: Option<Setting<AccessToken>>,
    /// Where identity tokens are fetched.
    pub identity_provider: Option<IdentityProvider>,
    /// The portal whose login `auth.json` holds, trusted as it stands.
    pub portal_url: Option<Setting<String>>,
    /// Somebody else installs this gateway and writes its files.
    pub managed: Option<Setting<String>>,
    /// Redeemed by `enroll`.
    pub enroll_token: Option<Setting<Secret>>,
    /// Proxies and roots.
    pub network: NetworkSettings,
    /// `platforms.relay.enabled: false` switches the relay off, whatever else is set.
    pub switched_off: Option<Setting<()>>,
    /// What to declare of each fronted platform; a platform where all is at its default is left out.
    pub policies: Vec<PolicyRequest>,
    /// What answers.
    pub agent: Option<AgentSetting>,
    /// The block `relay`: how chats are answered, whatever answers in them.
    pub relay: Option<Block>,
    /// How chats divide into sessions.
    pub session_keys: SessionKeyOptions,
    /// What is odd, and was read all the same.
    pub warnings: Problems,
}

/// Everything that reading the settings brought to light.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Survey {
    /// The settings, or all that is wrong with them.
    pub settings: Result<Settings, Problems>,
    /// Each setting that was looked up, in the order of the reading, right or wrong. What stands in blocks is not
    /// among them: whoever reads a block knows.
    pub lookups: Vec<Lookup>,
    /// What answers, also where other settings are wrong.
    pub agent: Option<AgentSetting>,
    /// The block `relay`, also where other settings are wrong.
    pub relay: Option<Block>,
}

/// What answers, as the operator wrote it.
#[derive(Clone, Debug)]
pub enum AgentSetting {
    /// One line, such as `acp:gemini`.
    Line(Setting<String>),
    /// A block with a `kind`.
    Block(Block),
}

impl AgentSetting {
    /// Where it stands.
    pub fn origin(&self) -> Origin {
        match self {
            Self::Line(line) => line.origin.clone(),
            Self::Block(block) => block.origin(),
        }
    }

    /// `relay.agent`, else `agent`. The file may be shared with a program that has settings of its own under the short
    /// name; a block there is ours where it says what only our blocks say.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        match reader.yaml(&["relay", "agent"]) {
            Some((Value::Mapping(_), _)) => return reader.block(&["relay", "agent"]).map(Self::Block),
            Some(_) => return reader.yaml_text(&["relay", "agent"]).map(Self::Line),
            None => {}
        }
        let Some((Value::Mapping(_), _)) = reader.yaml(&["agent"]) else {
            return reader.yaml_text(&["agent"]).map(Self::Line);
        };
        let block = reader.block(&["agent"])?;
        let is_ours = block.keys().iter().any(|key| ["kind", "preset", "command"].contains(&key.as_str()));
        is_ours.then_some(Self::Block(block))
    }
}

impl Settings {
    /// Reads every setting. All that is wrong is reported together.
    pub fn read(sources: &Sources) -> Result<Self, Problems> {
        Self::survey(sources).settings
    }

    /// Reads every setting, and says of each what was found and where.
    pub fn survey(sources: &Sources) -> Survey {
        let mut reader = Reader::new(sources);
        let defaults = SessionKeyOptions::default();
        let identities = identities::read(&mut reader);
        let settings = Self {
            relay_url: reader.parsed("URL", "relay_url", ConnectorUrl::parse),
            gateway_id: reader.text("ID", Some("relay_id")),
            secret: reader.text("SECRET", Some("relay_secret")).map(|secret| secret.map(Secret::new)),
            delivery_key: reader.text("DELIVERY_KEY", None).map(|key| key.map(Secret::new)),
            endpoint: reader.url("ENDPOINT", "relay_endpoint"),
            route_keys: reader.list("ROUTE_KEYS", "relay_route_keys"),
            instance_id: reader.text("INSTANCE_ID", Some("relay_instance_id")),
            wake_url: reader.url("WAKE_URL", "relay_wake_url"),
            policies: policy::read(&mut reader, &identities.value),
            identities,
            access_token: access_token::read(&mut reader),
            identity_provider: idp::read(&mut reader),
            portal_url: reader.portal_url(),
            managed: reader.named("HERMES_MANAGED"),
            enroll_token: reader.text("ENROLL_TOKEN", None).map(|token| token.map(Secret::new)),
            network: network::read(&mut reader),
            switched_off: reader
                .flag(&["platforms", "relay", "enabled"])
                .filter(|enabled| !enabled.value)
                .map(|enabled| enabled.map(drop)),
            agent: AgentSetting::read(&mut reader),
            relay: reader.block(&["relay"]),
            session_keys: SessionKeyOptions {
                group_sessions_per_user: reader
                    .flag_or(&["group_sessions_per_user"], defaults.group_sessions_per_user),
                thread_sessions_per_user: reader
                    .flag_or(&["thread_sessions_per_user"], defaults.thread_sessions_per_user),
                ..defaults
            },
            warnings: Problems::default(),
        };
        let (agent, relay) = (settings.agent.clone(), settings.relay.clone());
        let (problems, warnings, lookups) = reader.finish();
        let settings = if problems.0.is_empty() { Ok(Self { warnings, ..settings }) } else { Err(problems) };
        Survey { settings, lookups, agent, relay }
    }

    /// Whether the relay is to run: there is a connector, and nobody switched it off.
    pub fn relay_enabled(&self) -> bool {
        self.relay_url.is_some() && self.switched_off.is_none()
    }
}
