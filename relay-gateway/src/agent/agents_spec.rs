//! How an operator names the agents of a gateway: one, or several and who answers where.

use std::fmt;
use std::sync::Arc;

use relay_adapter::{Agent, AgentName, AgentRoute, Agents};
use relay_config::{AgentSetting, Block, Lookup, Origin, Problems, Setting, nearest};
use relay_wire::Identity;

use super::kind::{AgentHost, AgentProblem};
use super::spec::AgentSpec;

/// The types of chats that a route can name.
const CHAT_TYPES: [&str; 5] = ["dm", "group", "channel", "thread", "forum"];

/// The platform of a gateway that fronts whatever its connector has.
const ANY_PLATFORM: &str = "relay";

/// Where an agent is named that nobody has named.
const DEFAULT: &str = "default";

/// The agents of a gateway by its settings.
#[derive(Clone, Debug)]
pub(crate) struct AgentsSpec {
    agents: Vec<NamedSpec>,
    /// Who answers where no route says so.
    default: usize,
    routes: Vec<AgentRoute>,
}

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct NamedSpec {
    /// Its name, which a single one does not have.
    pub(crate) name: Option<AgentName>,
    pub(crate) spec: AgentSpec,
    /// Where it is named.
    pub(crate) place: String,
}

impl NamedSpec {
    /// What is wrong with it, under its name.
    fn problem(&self, problem: AgentProblem) -> AgentProblem {
        match &self.name {
            Some(name) => AgentProblem::new(format!("agent `{name}`: {}", problem.what), problem.remedy),
            None => problem,
        }
    }

    /// What it finds where it runs: of several, each has files of its own.
    pub(crate) fn host(&self, host: &AgentHost) -> AgentHost {
        match &self.name {
            Some(name) => AgentHost {
                name: Some(name.to_string()),
                folders: host.folders.join(name.as_str()),
                ..host.clone()
            },
            None => host.clone(),
        }
    }

    /// Looks whether it can be started, and says what was found.
    pub(crate) fn check(&self, host: &AgentHost) -> Result<String, AgentProblem> {
        self.spec.check(&self.host(host)).map_err(|problem| self.problem(problem))
    }

    /// Builds it. Nothing is started yet.
    pub(crate) fn build(&self, host: &AgentHost) -> Result<Arc<dyn Agent>, AgentProblem> {
        self.spec.build(&self.host(host)).map_err(|problem| self.problem(problem))
    }
}

impl fmt::Display for NamedSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} ({})", self.spec),
            None => self.spec.fmt(f),
        }
    }
}

impl AgentsSpec {
    /// One agent, named there.
    pub(crate) fn one(spec: AgentSpec, place: impl Into<String>) -> Self {
        let agent = NamedSpec { name: None, spec, place: place.into() };
        Self { agents: vec![agent], default: 0, routes: Vec::new() }
    }

    /// The agents of config.yaml: `relay.agents` with their routes, else the one agent, else echo. What is wrong with
    /// them is told together; what was looked up comes besides.
    pub(crate) fn read(
        relay: Option<&Block>,
        agent: Option<&AgentSetting>,
        identities: &[Identity],
    ) -> (Result<Self, Problems>, Vec<Lookup>) {
        let written =
            |key: &str| relay.is_some_and(|relay| relay.keys().iter().any(|written| written == key));
        if let Some(relay) = relay
            && ["agents", "routes", "default_agent"].into_iter().any(written)
        {
            return Several::read(relay.clone(), written("agent"), identities);
        }
        match agent {
            Some(setting) => {
                let (spec, lookups) = AgentSpec::of_setting(setting);
                (spec.map(|spec| Self::one(spec, setting.origin().to_string())), lookups)
            }
            None => (Ok(Self::one(AgentSpec::default(), DEFAULT)), Vec::new()),
        }
    }

    /// Whether nobody has named an agent.
    pub(crate) fn is_default(&self) -> bool {
        self.agents.len() == 1 && self.agents[0].place == DEFAULT
    }

    /// Where the first of them is named; `None` where nobody has named an agent.
    #[cfg(feature = "up")]
    pub(crate) fn place(&self) -> Option<&str> {
        (!self.is_default()).then(|| self.agents[0].place.as_str())
    }

    /// Each of them, in the order in which they are written.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, NamedSpec> {
        self.agents.iter()
    }

    /// The one of this name.
    pub(crate) fn find(&self, name: &str) -> Option<&NamedSpec> {
        self.iter().find(|agent| agent.name.as_ref().is_some_and(|known| known.as_str() == name))
    }

    /// The names, for people; none where there is one agent alone.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.iter().filter_map(|agent| agent.name.as_ref()).map(AgentName::as_str).collect()
    }

    /// Who answers where no route says so; `None` where there is one agent alone.
    pub(crate) fn default_name(&self) -> Option<&AgentName> {
        self.agents[self.default].name.as_ref()
    }

    /// Builds them. Nothing is started yet.
    pub(crate) fn build(&self, host: &AgentHost) -> Result<Agents, AgentProblem> {
        let mut built = Vec::new();
        for agent in self.iter() {
            let Some(name) = agent.name.clone() else { return Ok(agent.build(host)?.into()) };
            built.push((name, agent.build(host)?));
        }
        let default = self.default_name().expect("several agents have names");
        Agents::new(built, default, self.routes.clone()).map_err(|error| {
            AgentProblem::new(error.to_string(), "correct `relay.agents` and `relay.routes`")
        })
    }
}

impl fmt::Display for AgentsSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, agent) in self.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            write!(f, "{comma}{agent}")?;
        }
        Ok(())
    }
}

/// Several agents, while they are read.
struct Several {
    relay: Block,
    agents: Vec<NamedSpec>,
    /// Also of those that have something wrong: a route to one of them is right.
    names: Vec<String>,
    routes: Vec<(AgentRoute, Origin)>,
    lookups: Vec<Lookup>,
    wrong: Problems,
}

impl Several {
    fn read(
        relay: Block,
        has_single: bool,
        identities: &[Identity],
    ) -> (Result<AgentsSpec, Problems>, Vec<Lookup>) {
        let mut several = Self {
            relay,
            agents: Vec::new(),
            names: Vec::new(),
            routes: Vec::new(),
            lookups: Vec::new(),
            wrong: Problems::default(),
        };
        several.agents(has_single);
        several.routes(identities);
        let default = several.default();
        let Self { relay, agents, routes, mut lookups, mut wrong, .. } = several;
        let (problems, found) = relay.found();
        wrong.0.splice(0..0, problems.0);
        lookups.splice(0..0, found);
        let routes = routes.into_iter().map(|(route, _)| route).collect();
        let spec = match default {
            Some(default) if wrong.0.is_empty() => Ok(AgentsSpec { agents, default, routes }),
            _ => Err(wrong),
        };
        (spec, lookups)
    }

    fn agents(&mut self, has_single: bool) {
        let origin = self.relay.origin();
        let found = self.relay.agents("agents");
        if found.is_empty() && self.relay.keys().iter().all(|key| key != "agents") {
            self.relay.problem(
                &origin,
                "there are routes and no agents to name in them; write `agents: {NAME: acp:gemini, ...}`",
            );
        } else if found.is_empty() {
            self.relay.problem(&origin, "`agents` names no agent; write `agents: {NAME: acp:gemini, ...}`");
        }
        if has_single {
            self.relay.problem(&origin, "there are both `agent` and `agents`; move the one into the others");
        }
        for (Setting { value: name, origin, .. }, setting) in found {
            let (spec, lookups) = AgentSpec::of_setting(&setting);
            self.lookups.extend(lookups);
            let named = match AgentName::new(&name) {
                Ok(named) => Some(named),
                Err(error) => {
                    self.relay.problem(&origin, error.to_string());
                    None
                }
            };
            match spec {
                Ok(spec) => {
                    self.agents.extend(named.map(|name| NamedSpec {
                        name: Some(name),
                        spec,
                        place: origin.to_string(),
                    }));
                }
                Err(problems) => self.wrong.0.extend(problems.0),
            }
            self.names.push(name);
        }
    }

    fn routes(&mut self, identities: &[Identity]) {
        for mut block in self.relay.list("routes") {
            let origin = block.origin();
            let platform = block.text("platform");
            let chat = block.text("chat").map(|chat| chat.value);
            let types = CHAT_TYPES.map(|word| (word, word));
            let chat_type = block.choice("type", &types).map(|found| found.value.to_owned());
            block.otherwise("any");
            if let Some(platform) = &platform {
                fronted(&mut block, platform, identities);
            }
            let agent = block.text("agent");
            if agent.is_none() && block.keys().iter().all(|key| key != "agent") {
                block.problem(&origin, "the route names no agent; write `agent: NAME`");
            }
            let agent = agent.and_then(|agent| self.known(&mut block, &agent));
            if let Some(agent) = agent {
                let mut route = AgentRoute::to(agent);
                (route.platform, route.chat, route.chat_type) =
                    (platform.map(|platform| platform.value), chat, chat_type);
                if let Some((_, earlier)) = self.routes.iter().find(|(earlier, _)| earlier.covers(&route)) {
                    let message = format!(
                        "the route is never reached: all that it would take, {earlier} takes before; move it up, or \
                         remove it"
                    );
                    block.problem(&origin, message);
                }
                self.routes.push((route, origin));
            }
            self.relay.absorb(block, "a route");
        }
    }

    /// The agent of a name, where there is one.
    fn known(&self, block: &mut Block, wanted: &Setting<String>) -> Option<AgentName> {
        let names = || self.names.iter().map(String::as_str);
        if names().any(|name| name == wanted.value) {
            return AgentName::new(&wanted.value).ok();
        }
        let remedy = match nearest(&wanted.value, names()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("write one of {}", names().collect::<Vec<_>>().join(", ")),
        };
        block.problem(&wanted.origin, format!("`{}` is no agent of `agents`; {remedy}", wanted.value));
        None
    }

    /// The place of the agent that answers where no route says so.
    fn default(&mut self) -> Option<usize> {
        let named = self.relay.text("default_agent");
        if named.is_none() {
            self.relay.otherwise(self.names.first().map_or("", String::as_str));
            return Some(0).filter(|_| !self.agents.is_empty());
        }
        let named = named?;
        let mut relay = self.relay.clone();
        let known = self.known(&mut relay, &named);
        self.relay = relay;
        let everything = AgentRoute::to(known.clone()?);
        if let Some((_, earlier)) = self.routes.iter().find(|(route, _)| route.covers(&everything)) {
            let message =
                format!("the default is never reached: {earlier} takes every message; remove one of them");
            self.relay.problem(&named.origin, message);
        }
        self.agents.iter().position(|agent| agent.name == known)
    }
}

/// A platform that the gateway does not front sends it nothing.
fn fronted(block: &mut Block, platform: &Setting<String>, identities: &[Identity]) {
    let fronted = || identities.iter().map(|identity| identity.platform.as_str());
    if fronted().any(|known| known == platform.value || known == ANY_PLATFORM) {
        return;
    }
    let remedy = match nearest(&platform.value, fronted()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "correct it, or name the platform in GATEWAY_RELAY_PLATFORMS".to_owned(),
    };
    let fronted: Vec<&str> = fronted().collect();
    let message = format!(
        "the route is never reached: this gateway fronts {} and not `{}`; {remedy}",
        fronted.join(", "),
        platform.value
    );
    block.problem(&platform.origin, message);
}

#[cfg(test)]
mod tests {
    use relay_wire::Identity;

    use super::AgentsSpec;
    use crate::agent::rig;

    fn read(yaml: &str) -> Result<AgentsSpec, String> {
        let identities = ["discord", "telegram"]
            .map(|platform| Identity { platform: platform.to_owned(), bot_id: String::new() });
        let (relay, agent) = rig::agents(yaml);
        let (spec, _) = AgentsSpec::read(relay.as_ref(), agent.as_ref(), &identities);
        spec.map_err(|problems| problems.to_string())
    }

    #[test]
    fn agents_have_names_and_the_first_is_the_default() {
        let spec = read(
            "relay:\n  agents:\n    deep: {kind: acp, preset: gemini}\n    fast: acp:opencode\n    plain: echo\n  routes:\n  \
             - {platform: telegram, chat: 12345, agent: fast}\n  - {type: dm, agent: plain}\n",
        )
        .expect("good");
        assert_eq!(spec.to_string(), "deep (acp:gemini), fast (acp:opencode), plain (echo)");
        assert_eq!(spec.default_name().expect("a name").as_str(), "deep");
        assert_eq!(spec.routes.len(), 2);
        assert_eq!(spec.routes[0].chat.as_deref(), Some("12345"), "an id of digits needs no quotes");
        assert_eq!(spec.find("fast").expect("there").place, "home/config.yaml:4 (relay.agents.fast)");
        let chosen = read("relay: {agents: {a: echo, b: echo}, default_agent: b}").expect("good");
        assert_eq!(chosen.default_name().expect("a name").as_str(), "b");
    }

    #[test]
    fn one_agent_is_written_as_ever() {
        for (yaml, shown) in [
            ("", "echo"),
            ("agent: acp:gemini", "acp:gemini"),
            ("relay: {agent: acp:gemini}", "acp:gemini"),
            ("relay: {agent: {kind: acp, preset: gemini}, while_busy: queue}", "acp:gemini"),
        ] {
            let spec = read(yaml).expect(yaml);
            assert_eq!((spec.to_string().as_str(), spec.names().len()), (shown, 0), "{yaml}");
        }
    }

    #[test]
    fn what_is_wrong_names_its_line_and_what_to_write() {
        for (yaml, told) in [
            ("agents: {}", "1 (relay): `agents` names no agent; write `agents: {NAME: acp:gemini, ...}`"),
            (
                "agents: [echo]",
                "1 (relay.agents): the value must be names with an agent each, such as {NAME: {kind: acp, preset: gemini}}",
            ),
            ("routes: [{agent: a}]", "1 (relay): there are routes and no agents to name in them; write"),
            ("{agents: {a: echo}, agent: echo}", "1 (relay): there are both `agent` and `agents`; move"),
            (
                "agents: {Deep: echo}",
                "1 (relay.agents.Deep): `Deep` is no name of an agent; write 1 to 32 of",
            ),
            ("agents: {a: }", "1 (relay.agents.a): the name has no agent; write a line such as acp:gemini"),
            ("agents: {a: sing}", "1 (relay.agents.a): `sing` names no agent; write `echo`"),
            (
                "agents: {a: {kind: echoo}}",
                "1 (relay.agents.a.kind): `echoo` is no kind of agent; did you mean",
            ),
            (
                "agents: {a: {kind: echo, paus: 1s}}",
                "1 (relay.agents.a.paus): `paus` is no setting of an agent",
            ),
            (
                "{agents: {gemini: echo}, default_agent: gemni}",
                "1 (relay.default_agent): `gemni` is no agent of `agents`; did you mean `gemini`?",
            ),
            (
                "{agents: {a: echo}, routes: [{agent: other}]}",
                "1 (relay.routes[0].agent): `other` is no agent of `agents`; write one of a",
            ),
            (
                "{agents: {a: echo}, routes: [{type: dm}]}",
                "1 (relay.routes[0]): the route names no agent; write",
            ),
            (
                "{agents: {a: echo}, routes: [{chats: 1, agent: a}]}",
                "1 (relay.routes[0].chats): `chats` is no setting of a route; did you mean `chat`?",
            ),
            (
                "{agents: {a: echo}, routes: [{type: direct, agent: a}]}",
                "1 (relay.routes[0].type): `direct` is not known here; write one of dm, group, channel, thread, forum",
            ),
            (
                "{agents: {a: echo}, routes: [{platform: telegrm, agent: a}]}",
                "1 (relay.routes[0].platform): the route is never reached: this gateway fronts discord, telegram and \
                 not `telegrm`; did you mean `telegram`?",
            ),
            (
                "{agents: {a: echo}, routes: [{agent: a}], default_agent: a}",
                "1 (relay.default_agent): the default is never reached: home/config.yaml:1 (relay.routes[0]) takes \
                 every message; remove one of them",
            ),
            (
                "{agents: {a: echo}, routes: {agent: a}}",
                "1 (relay.routes): the value must be a list of keys and",
            ),
        ] {
            let yaml = if yaml.starts_with('{') { yaml.to_owned() } else { format!("{{{yaml}}}") };
            let refused = read(&format!("relay: {yaml}")).expect_err(&yaml);
            assert!(refused.starts_with(&format!("home/config.yaml:{told}")), "{yaml}: {refused}");
        }
    }

    #[test]
    fn a_route_behind_one_that_takes_all_of_its_messages_is_refused_with_both_lines() {
        let refused = read(
            "relay:\n  agents: {a: echo, b: echo}\n  routes:\n  - {platform: discord, agent: a}\n  - platform: discord\n    \
             type: dm\n    agent: b\n",
        )
        .expect_err("never reached");
        assert_eq!(
            refused,
            "home/config.yaml:5 (relay.routes[1]): the route is never reached: all that it would take, \
             home/config.yaml:4 (relay.routes[0]) takes before; move it up, or remove it"
        );
    }

    #[test]
    fn a_name_that_is_written_twice_is_refused_with_its_line() {
        let twice = "relay:\n  agents:\n    a: echo\n    a: acp:gemini\n";
        let refused = relay_config::ConfigFile::parse("home/config.yaml", twice).expect_err("one name twice");
        assert!(refused.to_string().contains("duplicate entry with key \"a\""), "{refused}");
    }
}
