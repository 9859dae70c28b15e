//! `connector.yaml`.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use relay_config::{Block, ConfigFile, Problems, Setting};
use relay_connector::{AccessPolicy, GroupRule, PeopleRule, Tenant};

use crate::ConfiguredFront;
use crate::front_kind::KINDS;

/// How many deliveries one gateway may have and not acknowledge, where the file does not say.
const WINDOW: usize = 32;

/// A connector as its operator wants it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectorFile {
    /// Where the file is.
    pub path: PathBuf,
    /// Where gateways of other machines reach the connector; `None` where it is to listen nowhere.
    pub listen: Option<SocketAddr>,
    /// An address that other machines reach, in plaintext: a proxy in front ends TLS.
    pub allow_plaintext: bool,
    /// What the URLs of people's files begin with.
    pub public_url: Option<String>,
    /// What the connector keeps between two runs.
    pub data: PathBuf,
    /// Whose the chats are that nothing else gives to anybody.
    pub tenant: Tenant,
    /// Deliveries that one gateway may have and not acknowledge.
    pub window: usize,
    /// Roots to trust beside the machine's and the bundled ones.
    pub ca_file: Option<PathBuf>,
    /// Gateways are woken also at addresses of this machine and of private networks.
    pub allow_private_wake: bool,
    /// What people chat through; at least one.
    pub fronts: Vec<ConfiguredFront>,
}

impl ConnectorFile {
    /// The file's name where it lies in a home.
    pub const NAME: &'static str = "connector.yaml";

    /// Reads a file. Relative paths in it start at its folder.
    ///
    /// # Errors
    /// All that is wrong with it, each with its line and what to write instead.
    pub fn load(path: impl Into<PathBuf>) -> Result<Self, Problems> {
        let path = path.into();
        Self::read(&ConfigFile::load(&path)?)
    }

    /// Reads a file's text.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(path: impl Into<PathBuf>, text: &str) -> Result<Self, Problems> {
        Self::read(&ConfigFile::parse(path, text)?)
    }

    fn read(config: &ConfigFile) -> Result<Self, Problems> {
        let path = config.path().to_owned();
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut block = config.root();
        let file = Self {
            listen: parsed(&mut block, "listen", address),
            allow_plaintext: flag(&mut block, "allow_plaintext"),
            public_url: parsed(&mut block, "public_url", public_url),
            data: folder.join(block.text("data").map_or("relay/connector".to_owned(), |data| data.value)),
            tenant: parsed(&mut block, "tenant", |name| Tenant::new(name).map_err(|error| error.to_string()))
                .unwrap_or_default(),
            window: block
                .number("window", 1..=1000)
                .map_or(WINDOW, |window| usize::try_from(window.value).expect("at most a thousand")),
            ca_file: block.text("ca_file").map(|file| folder.join(file.value)),
            allow_private_wake: flag(&mut block, "allow_private_wake"),
            fronts: fronts(&mut block, &folder),
            path,
        };
        if let Some(address) = file.listen
            && !address.ip().is_loopback()
            && !file.allow_plaintext
        {
            let origin = block.origin_of("listen");
            block.problem(
                &origin,
                format!(
                    "{address} can be reached from other machines, and tokens and messages would cross the network in \
                     plaintext; listen on 127.0.0.1 behind a proxy that ends TLS, or add `allow_plaintext: true` if one \
                     stands in front already"
                ),
            );
        }
        let (problems, _) = block.finish("a connector");
        if problems.0.is_empty() { Ok(file) } else { Err(problems) }
    }
}

fn fronts(block: &mut Block, folder: &Path) -> Vec<ConfiguredFront> {
    let named = block.blocks("fronts");
    if named.is_empty() && block.keys().iter().all(|key| key != "fronts") {
        let origin = block.origin();
        block.problem(
            &origin,
            "no front is named, so there is no chat to connect; write `fronts: {telegram: …}`",
        );
    }
    let mut found = Vec::new();
    for (name, mut of_front) in named {
        let Some(kind) = KINDS.iter().find(|kind| kind.platform == name) else {
            let known: Vec<&str> = KINDS.iter().map(|kind| kind.platform).collect();
            let remedy = match relay_config::nearest(&name, known.iter().copied()) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("there is {}", known.join(", ")),
            };
            let origin = of_front.origin();
            block.problem(&origin, format!("`{name}` is no platform of this program; {remedy}"));
            continue;
        };
        let plan = (kind.read)(&mut of_front, folder);
        let tenant =
            parsed(&mut of_front, "tenant", |name| Tenant::new(name).map_err(|error| error.to_string()));
        let access = access(&mut of_front);
        block.absorb(of_front, &format!("the front {}", kind.platform));
        if let Some(plan) = plan {
            found.push(ConfiguredFront { platform: kind.platform, tenant, access, plan });
        }
    }
    found
}

/// Who may talk through a front: the same keys for every platform.
fn access(block: &mut Block) -> AccessPolicy {
    let people = block.choice(
        "access",
        &[("pairing", PeopleRule::Pairing), ("list", PeopleRule::Listed), ("everyone", PeopleRule::Everyone)],
    );
    let allow: BTreeSet<String> =
        block.words("allow").map(|ids| ids.value.into_iter().collect()).unwrap_or_default();
    let groups = block.choice(
        "groups",
        &[("allowed", GroupRule::Allowed), ("everyone", GroupRule::Everyone), ("off", GroupRule::Off)],
    );
    AccessPolicy::default()
        .with_people(people.map(|people| people.value).unwrap_or_default())
        .with_allow(allow)
        .with_groups(groups.map(|groups| groups.value).unwrap_or_default())
}

fn flag(block: &mut Block, key: &'static str) -> bool {
    block.flag(key).is_some_and(|flag| flag.value)
}

/// A value that is more than text; what is wrong with it is noted.
fn parsed<T>(block: &mut Block, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
    let Setting { value, origin, .. } = block.text(key)?;
    match parse(&value) {
        Ok(value) => Some(value),
        Err(message) => {
            block.problem(&origin, message);
            None
        }
    }
}

/// `127.0.0.1:8787`, `localhost:8787`, `:8787` or `8787`; without an address, this machine's own.
fn address(text: &str) -> Result<SocketAddr, String> {
    let this_machine =
        |port: &str| port.parse().ok().map(|port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    let found = match text.rsplit_once(':') {
        None => this_machine(text),
        Some(("" | "localhost", port)) => this_machine(port),
        Some(_) => text.parse().ok(),
    };
    found.ok_or_else(|| format!("`{}` is no address; write one such as 127.0.0.1:8787", text.escape_debug()))
}

fn public_url(text: &str) -> Result<String, String> {
    match url::Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => Ok(text.to_owned()),
        _ => Err("the value must be a URL such as https://relay.example".to_owned()),
    }
}
