//! Agents of the Agent Client Protocol: from settings to what `relay-acp` is told.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{PathBuf, absolute};
use std::sync::Arc;
use std::time::Duration;

use relay_acp::{
    Account, AcpAgent, AcpSettings, Limits, McpServer, Mode, PRESETS, Permissions as Asking, Preset,
    Processes, Resume,
};
use relay_adapter::{Agent, AgentInfo};
use relay_config::{Block, nearest};

use super::kind::{AgentHost, AgentKind, AgentPlan, AgentProblem};
use super::limits::limits;
use super::process_settings::{ProcessSettings, check_account};
use super::program;
use super::spec::{AgentSpecError, split};

/// Speaks the Agent Client Protocol with a program that stays.
pub(super) static KIND: AgentKind = AgentKind {
    name: "acp",
    usage: &["acp:NAME [ARG ...]", "acp:PROGRAM [ARG ...]"],
    line: |rest| Ok(Arc::new(AcpPlan::of_words(split(rest)?)?)),
    block: |block| Some(Arc::new(AcpPlan::of_block(block)?)),
};

/// An agent of the Agent Client Protocol as its operator wants it.
#[derive(Clone, Debug, Default)]
pub(crate) struct AcpPlan {
    /// The preset, where one is named.
    preset: Option<&'static Preset>,
    /// The program and its arguments; there is at least the program.
    command: Vec<String>,
    process: ProcessSettings,
    mode: Option<String>,
    model: Option<String>,
    sign_in: Option<String>,
    permissions: Asking,
    resume: Resume,
    processes: Processes,
    idle_after: Option<Duration>,
    mcp_servers: Vec<McpServer>,
    log_stderr: bool,
    limits: Limits,
}

impl AcpPlan {
    /// What follows `acp:`, as words. A first word that is the name of a preset stands for its command; a program of
    /// that name is meant by its path.
    fn of_words(words: Vec<String>) -> Result<Self, AgentSpecError> {
        let mut words = words.into_iter();
        let first = words.next().filter(|word| !word.is_empty()).ok_or(AgentSpecError::NoAcpAgent)?;
        let preset = Preset::find(&first);
        let program = preset.map_or_else(|| vec![first], command_of);
        Ok(Self { preset, command: program.into_iter().chain(words).collect(), ..Self::default() })
    }

    fn of_block(block: &mut Block) -> Option<Self> {
        let preset = preset(block);
        let command = block.command("command").map(|command| command.value);
        if let Some(Ok(preset)) = preset {
            block.otherwise(&preset.command.join(" "));
        }
        let arguments = block.arguments("args").map(|arguments| arguments.value).unwrap_or_default();
        let process = ProcessSettings::read(block, "a folder for each conversation");
        let plan = Self {
            process,
            mode: block.text("mode").map(|mode| mode.value),
            model: block.text("model").map(|model| model.value),
            sign_in: block.text("sign_in").map(|method| method.value),
            permissions: block
                .choice(
                    "permissions",
                    &[
                        ("ask", Asking::Ask),
                        ("allow_reads", Asking::AllowReads),
                        ("allow_all", Asking::AllowAll),
                    ],
                )
                .map(|permissions| permissions.value)
                .unwrap_or_default(),
            resume: block
                .choice(
                    "resume",
                    &[("auto", Resume::Auto), ("off", Resume::Off), ("required", Resume::Required)],
                )
                .map(|resume| resume.value)
                .unwrap_or_default(),
            processes: block
                .choice("processes", &[("shared", Processes::Shared), ("per_session", Processes::PerSession)])
                .map(|processes| processes.value)
                .unwrap_or_default(),
            idle_after: idle_after(block),
            mcp_servers: mcp_servers(block),
            log_stderr: log_stderr(block),
            limits: limits(block),
            ..Self::default()
        };
        let preset = match preset {
            Some(Err(())) => return None,
            Some(Ok(preset)) => Some(preset),
            None => None,
        };
        let Some(command) = command.or_else(|| preset.map(command_of)) else {
            if block.keys().iter().all(|key| key != "command") {
                let origin = block.origin();
                let message = format!(
                    "the block names no agent; write `command`, or `preset` with one of {}",
                    preset_names()
                );
                block.problem(&origin, message);
            }
            return None;
        };
        Some(Self { preset, command: command.into_iter().chain(arguments).collect(), ..plan })
    }

    fn label(&self) -> &str {
        self.preset.map_or_else(|| self.command[0].as_str(), |preset| preset.name)
    }

    /// Where its sessions get their folders. Those of another account are in its home, which it may enter; it need not be
    /// able to enter the gateway's.
    fn folders(&self, host: &AgentHost, account: Option<&Account>) -> Result<PathBuf, AgentProblem> {
        let Some(account) = account else { return Ok(host.folders.clone()) };
        if host.is_trial {
            let folders = host.folders.join("own");
            let made = fs::create_dir_all(&folders)
                .and_then(|()| fs::set_permissions(&host.folders, Permissions::from_mode(0o711)))
                .and_then(|()| chown(&folders, Some(account.user()), Some(account.group())));
            return match made {
                Ok(()) => Ok(folders),
                Err(error) => Err(AgentProblem::new(
                    format!("no folder can be handed to the account `{}` ({error})", account.name()),
                    "see to this machine's folder of temporary files",
                )),
            };
        }
        if self.process.cwd.is_none() && !account.home().is_dir() {
            return Err(AgentProblem::new(
                format!(
                    "the home {} of the account `{}`, where its agent would work, is not there",
                    account.home().display(),
                    account.name()
                ),
                "make it, or name another folder with `cwd`",
            ));
        }
        let folders = account.home().join("relay/agents");
        Ok(host.name.as_ref().map_or_else(|| folders.clone(), |name| folders.join(name)))
    }

    fn settings(&self, host: &AgentHost) -> Result<AcpSettings, AgentProblem> {
        let account = self.process.account()?;
        let folders = self.folders(host, account.as_ref())?;
        let name = host.name.as_deref().unwrap_or_else(|| self.label());
        let environment = self.process.environment(host, self.preset);
        let ways = self.preset.map(|preset| preset.sign_in_with).unwrap_or_default();
        let by_itself = ways.iter().find(|(variable, _)| environment.get(variable).is_some());
        let sign_in = self.sign_in.clone().or(by_itself.map(|(_, method)| (*method).to_owned()));
        let mut command = self.command.clone();
        // Its processes start in folders of their own.
        if let Some(program) = command.first_mut().filter(|program| program.contains('/'))
            && let Ok(path) = absolute(&*program)
        {
            *program = path.to_string_lossy().into_owned();
        }
        let mode = match (&self.mode, self.preset) {
            (Some(mode), _) => Mode::Chosen(mode.clone()),
            (None, Some(preset)) => preset.mode(),
            (None, None) => Mode::default(),
        };
        Ok(AcpSettings::new(name, command, folders)
            .with_label(self.label().to_owned())
            .with_environment(environment)
            .with_cwd(self.process.cwd.clone())
            .with_account(account)
            .with_mode(mode)
            .with_model(self.model.clone())
            .with_sign_in(sign_in)
            .with_permissions(self.permissions)
            .with_resume(self.resume)
            .with_record_time(self.preset.and_then(|preset| preset.record_time))
            .with_processes(self.processes)
            .with_idle_after(self.idle_after)
            .with_mcp_servers(self.mcp_servers.clone())
            .with_log_stderr(self.log_stderr)
            .with_limits(self.limits))
    }
}

impl AgentPlan for AcpPlan {
    /// The preset or the program. Arguments may hold what no log should.
    fn info(&self) -> AgentInfo {
        AgentInfo::new(KIND.name, self.label())
    }

    fn check(&self, host: &AgentHost) -> Result<String, AgentProblem> {
        let settings = self.settings(host)?;
        let path = settings.environment().get("PATH").and_then(|path| path.to_str());
        let install = self.preset.map(|preset| preset.install);
        let found = program::find(&settings.command()[0], path, install)?;
        if let Some(cwd) = self.process.cwd.as_deref().filter(|cwd| cwd.exists() && !cwd.is_dir()) {
            let what = format!("the agent's `cwd` {} is no folder", cwd.display());
            return Err(AgentProblem::new(what, "name a folder, or leave `cwd` out"));
        }
        let Some(account) = settings.account() else {
            return Ok(format!("{} can be executed", found.display()));
        };
        let folder = settings.cwd().unwrap_or(settings.folders());
        check_account(account, &found, folder)?;
        Ok(format!("{} can be executed as `{}`", found.display(), account.name()))
    }

    fn sign_in(&self) -> Option<&'static str> {
        self.preset.map(|preset| preset.sign_in)
    }

    fn build(&self, host: &AgentHost) -> Result<Arc<dyn Agent>, AgentProblem> {
        Ok(Arc::new(AcpAgent::new(self.settings(host)?)))
    }
}

/// The names of the presets, for people.
pub(super) fn preset_names() -> String {
    PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>().join(", ")
}

fn command_of(preset: &'static Preset) -> Vec<String> {
    preset.command.iter().map(|&word| word.to_owned()).collect()
}

fn preset(block: &mut Block) -> Option<Result<&'static Preset, ()>> {
    let name = block.text("preset")?;
    Some(Preset::find(&name.value).ok_or_else(|| {
        let remedy = match nearest(&name.value, PRESETS.iter().map(|preset| preset.name)) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("write one of {}, or `command` for another program", preset_names()),
        };
        block.problem(&name.origin, format!("`{}` is no agent that is known by name; {remedy}", name.value));
    }))
}

fn idle_after(block: &mut Block) -> Option<Duration> {
    let idle = block.duration_or_off("idle_after", Duration::from_secs(10)..=Duration::from_hours(7 * 24));
    block.otherwise("off");
    idle.and_then(|idle| idle.value)
}

fn log_stderr(block: &mut Block) -> bool {
    let flag = block.flag("log_stderr");
    block.otherwise("false");
    flag.is_some_and(|flag| flag.value)
}

/// Servers of tools: a program, or an address.
fn mcp_servers(block: &mut Block) -> Vec<McpServer> {
    let blocks = block.blocks("mcp_servers");
    blocks.into_iter().filter_map(|(name, server)| mcp_server(block, name, server)).collect()
}

fn mcp_server(parent: &mut Block, name: String, mut block: Block) -> Option<McpServer> {
    let command = block.command("command").map(|command| command.value);
    let args = block.arguments("args").map(|args| args.value).unwrap_or_default();
    let env = block.variables("env").map(|env| env.value).unwrap_or_default();
    let url = block.text("url").map(|url| url.value);
    let headers = block.variables("headers").map(|headers| headers.value).unwrap_or_default();
    let is_sse = block.choice("transport", &[("http", false), ("sse", true)]).is_some_and(|way| way.value);
    let server = match (command, url) {
        (Some(command), None) => {
            Some(McpServer::Program { name, command: command.into_iter().chain(args).collect(), env })
        }
        (None, Some(url)) if is_sse => Some(McpServer::Sse { name, url, headers }),
        (None, Some(url)) => Some(McpServer::Http { name, url, headers }),
        _ => {
            let origin = block.origin();
            block.problem(&origin, "a server of tools has either a `command` or a `url`; write one of them");
            None
        }
    };
    parent.absorb(block, "a server of tools");
    server
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::Path;
    use std::time::Duration;

    use relay_acp::{AcpSettings, McpServer, Mode, Permissions, Processes, Resume};

    use super::AcpPlan;
    use crate::agent::AgentHost;
    use crate::agent::rig;

    fn host(variables: &'static [(&'static str, &'static str)]) -> AgentHost {
        AgentHost {
            name: None,
            folders: "/srv/agents".into(),
            is_trial: false,
            environment: std::sync::Arc::new(|name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
            }),
            echo_pause: Duration::ZERO,
        }
    }

    fn words(words: &[&str]) -> AcpSettings {
        let plan = AcpPlan::of_words(words.iter().map(|&word| word.to_owned()).collect()).expect("a plan");
        plan.settings(&host(&[])).expect("settings")
    }

    fn block(yaml: &str) -> Result<AcpSettings, String> {
        let mut block = rig::block(yaml);
        block.text("kind");
        let plan = AcpPlan::of_block(&mut block);
        let problems = block.finish("an agent of kind acp").0;
        if !problems.0.is_empty() {
            return Err(problems.to_string());
        }
        let host = host(&[("MY_KEY", "of the gateway"), ("GEMINI_API_KEY", "k"), ("OTHER", "x")]);
        plan.expect("no problem, so a plan").settings(&host).map_err(|problem| problem.to_string())
    }

    #[test]
    fn the_name_of_a_preset_stands_for_its_command_and_its_arguments_follow() {
        assert_eq!(words(&["gemini", "--model", "x"]).command(), ["gemini", "--acp", "--model", "x"]);
        assert_eq!(words(&["/opt/gemini"]).command(), ["/opt/gemini"], "a path is no preset");
        let relative = words(&["./agent"]).command()[0].clone();
        assert!(Path::new(&relative).is_absolute(), "{relative}: its processes start elsewhere");
    }

    #[test]
    fn every_key_of_a_block_reaches_the_agent() {
        let settings = block(
            "agent:\n  kind: acp\n  preset: gemini\n  args: [--model, x]\n  cwd: /srv/work\n  env: {MY_NAME: v}\n  \
             env_from: [MY_KEY]\n  user: root\n  mode: plan\n  model: m\n  sign_in: key\n  limits: {line: 1MiB}\n  permissions: allow_reads\n  resume: \
             required\n  processes: per_session\n  idle_after: 10m\n  log_stderr: true\n  mcp_servers:\n    files: {command: \
             [serve], args: [-v], env: {A: b}}\n    web: {url: 'https://m.example', headers: {X: y}}\n    old: {url: \
             'https://o.example', transport: sse}\n",
        );
        if !rustix::process::geteuid().is_root() {
            let refused = settings.expect_err("only root runs programs as root");
            assert!(refused.contains("(agent.user)"), "{refused}");
            return;
        }
        let settings = settings.expect("good");
        assert_eq!(settings.name(), "gemini");
        assert_eq!(settings.command(), ["gemini", "--acp", "--model", "x"]);
        assert_eq!(settings.cwd(), Some(Path::new("/srv/work")));
        let variable = |name: &str| settings.environment().get(name).and_then(|value| value.to_str());
        assert_eq!(
            ["MY_NAME", "MY_KEY", "GEMINI_API_KEY", "OTHER"].map(variable),
            [Some("v"), Some("of the gateway"), Some("k"), None]
        );
        assert_eq!((settings.mode(), settings.model()), (&Mode::Chosen("plan".into()), Some("m")));
        assert_eq!(settings.sign_in(), Some("key"));
        assert_eq!((settings.permissions(), settings.resume()), (Permissions::AllowReads, Resume::Required));
        assert_eq!(settings.processes(), Processes::PerSession);
        assert_eq!(settings.limits().line(), 1 << 20);
        assert_eq!((settings.idle_after(), settings.log_stderr()), (Some(Duration::from_mins(10)), true));
        let names: Vec<_> = settings.mcp_servers().iter().map(McpServer::name).collect();
        assert_eq!(names, ["files", "web", "old"]);
        let McpServer::Program { command, .. } = &settings.mcp_servers()[0] else { panic!("a program") };
        assert_eq!(command, &["serve", "-v"]);
        assert!(matches!(settings.mcp_servers()[2], McpServer::Sse { .. }));
    }

    #[test]
    fn a_preset_signs_in_by_the_variable_that_it_gets_unless_it_is_told_another_way() {
        let settings = |yaml: &str, variables: &'static [(&'static str, &'static str)]| {
            let mut block = rig::block(yaml);
            let plan = AcpPlan::of_block(&mut block).expect("a plan");
            plan.settings(&host(variables)).expect("settings").sign_in().map(str::to_owned)
        };
        let codex = "agent: {kind: acp, preset: codex}";
        assert_eq!(settings(codex, &[("OPENAI_API_KEY", "k")]).as_deref(), Some("api-key"));
        assert_eq!(settings(codex, &[]), None, "its own login counts");
        let told = "agent: {kind: acp, preset: codex, sign_in: chat-gpt}";
        assert_eq!(settings(told, &[("OPENAI_API_KEY", "k")]).as_deref(), Some("chat-gpt"));
    }

    #[test]
    fn a_preset_that_says_nothing_else_asks_and_has_a_folder_for_each_conversation() {
        let settings = block("agent: {kind: acp, preset: gemini}").expect("good");
        assert_eq!((settings.mode(), settings.cwd()), (&Mode::Asking("default"), None));
        assert_eq!((settings.permissions(), settings.resume()), (Permissions::Ask, Resume::Auto));
        let other = block("agent: {kind: acp, preset: gemini, command: [/opt/gemini, --acp]}").expect("good");
        assert_eq!((other.name(), other.command()[0].as_str()), ("gemini", "/opt/gemini"));
    }

    #[test]
    fn what_is_wrong_names_its_line_and_what_to_write() {
        for (yaml, told) in [
            (
                "{kind: acp}",
                "1 (agent): the block names no agent; write `command`, or `preset` with one of claude, ",
            ),
            (
                "{kind: acp, preset: gemni}",
                "`gemni` is no agent that is known by name; did you mean `gemini`?",
            ),
            (
                "{kind: acp, preset: gemini, cwd: work}",
                "(agent.cwd): `work` is no absolute path; write one that begins",
            ),
            ("{kind: acp, preset: gemini, user: no such}", "there is no account `no such`"),
            (
                "{kind: acp, preset: gemini, idle_after: 5}",
                "must be a time with its unit, such as 30s, 15m or 2h",
            ),
            ("{kind: acp, preset: gemini, permission: ask}", "did you mean `permissions`?"),
            ("{kind: acp, preset: gemini, permissions: all}", "`all` is not known here"),
            ("{kind: acp, preset: gemini, env: {NOTIFY_SOCKET: x}}", "NOTIFY_SOCKET is the gateway's own"),
            ("{kind: acp, preset: gemini, env_from: [GATEWAY_RELAY_SECRET]}", "is the gateway's own"),
            ("{kind: acp, preset: gemini, mcp_servers: {a: {}}}", "has either a `command` or a `url`"),
        ] {
            let refused = block(&format!("agent: {yaml}")).expect_err(yaml);
            assert!(refused.starts_with("home/config.yaml:1 (agent") && refused.contains(told), "{refused}");
        }
    }
}
