//! The agent that is any program.

use std::fmt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_acp::{Account, Environment};
use relay_adapter::{
    Agent, AgentError, AgentErrorKind, AgentInfo, AgentSession, SessionContext, StopReason, Turn, TurnOutput,
    TurnSummary, prompt_text,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{ChildStderr, ChildStdout, Command};
use tokio::time::timeout;
use tracing::debug;

use super::kind::{AgentHost, AgentKind, AgentPlan, AgentProblem};
use super::process_settings::{ProcessSettings, check_account};
use super::program;
use super::spec::{AgentSpecError, split};
use super::stream_text::StreamText;
use crate::process_group::ProcessGroup;

/// How long the output of a program that has ended may be held open by what it left behind.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// How much of the end of stderr the log gets, in bytes.
const STDERR_KEPT: usize = 8 * 1024;

/// The gateway's own credentials, and its way to its supervisor: neither is a program's business.
pub(crate) const WITHHELD: [&str; 8] = [
    "GATEWAY_RELAY_SECRET",
    "GATEWAY_RELAY_DELIVERY_KEY",
    "GATEWAY_RELAY_ENROLL_TOKEN",
    "GATEWAY_RELAY_ACCESS_TOKEN",
    "GATEWAY_RELAY_IDP_CLIENT_SECRET",
    "NOTIFY_SOCKET",
    "WATCHDOG_PID",
    "WATCHDOG_USEC",
];

/// Runs a program for each message.
pub(super) static KIND: AgentKind = AgentKind {
    name: "command",
    usage: &["command:PROGRAM [ARG ...]"],
    line: |rest| {
        let argv = split(rest)?;
        let has_program = argv.first().is_some_and(|program| !program.is_empty());
        if has_program {
            Ok(Arc::new(CommandPlan { argv, process: ProcessSettings::default() }))
        } else {
            Err(AgentSpecError::NoProgram)
        }
    },
    block: |block| {
        let argv = block.command("command").map(|command| command.value);
        let process = ProcessSettings::read(block, "the gateway's own");
        if block.keys().iter().all(|key| key != "command") {
            let origin = block.origin();
            block.problem(&origin, "the block names no program; write `command: [PROGRAM, ARG, ...]`");
        }
        Some(Arc::new(CommandPlan { argv: argv?, process }))
    },
};

/// A program as its operator wants it.
#[derive(Clone)]
struct CommandPlan {
    /// There is at least the program.
    argv: Vec<String>,
    process: ProcessSettings,
}

impl fmt::Debug for CommandPlan {
    /// Without arguments and variables, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandPlan")
            .field("program", &self.argv[0])
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}

impl AgentPlan for CommandPlan {
    /// The program. Its arguments may hold what no log should.
    fn info(&self) -> AgentInfo {
        AgentInfo::new(KIND.name, self.argv[0].as_str())
    }

    fn check(&self, host: &AgentHost) -> Result<String, AgentProblem> {
        let environment = self.process.environment(host, None);
        let path = environment.get("PATH").and_then(|path| path.to_str());
        let found = program::find(&self.argv[0], path, None)?;
        if let Some(cwd) = self.process.cwd.as_deref().filter(|cwd| !cwd.is_dir()) {
            let what = format!("the agent's `cwd` {} is no folder", cwd.display());
            return Err(AgentProblem::new(what, "make it, or name another one"));
        }
        let Some(account) = self.process.account()? else {
            return Ok(format!("{} can be executed", found.display()));
        };
        let folder = self.process.cwd.clone().or_else(|| std::env::current_dir().ok());
        check_account(&account, &found, &folder.unwrap_or_default())?;
        Ok(format!("{} can be executed as `{}`", found.display(), account.name()))
    }

    fn build(&self, host: &AgentHost) -> Result<Arc<dyn Agent>, AgentProblem> {
        let agent = CommandAgent::new(self.argv.clone());
        Ok(Arc::new(CommandAgent {
            cwd: self.process.cwd.clone().map(Into::into),
            environment: Arc::new(self.process.environment(host, None)),
            account: self.process.account()?.map(Arc::new),
            ..agent
        }))
    }
}

/// Runs a program for each message: the message on its stdin, its stdout streamed back as the answer.
///
/// Of the gateway's environment it gets what every program needs, such as `PATH`, and what its settings name; besides
/// that, its environment says which conversation it is in: `RELAY_SESSION_KEY`, `RELAY_PLATFORM`,
/// `RELAY_CHAT_ID`, `RELAY_CHAT_TYPE`, and `RELAY_USER_ID` and `RELAY_USER_NAME` where they are known. It
/// runs in a process group of its own, which is ended as a whole.
#[derive(Clone)]
pub struct CommandAgent {
    argv: Arc<[String]>,
    cwd: Option<Arc<Path>>,
    environment: Arc<Environment>,
    account: Option<Arc<Account>>,
}

impl fmt::Debug for CommandAgent {
    /// Without arguments and variables, which may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandAgent").field("program", &self.argv.first()).finish_non_exhaustive()
    }
}

impl CommandAgent {
    /// An agent that runs this program with these arguments; there is at least the program.
    pub fn new(argv: Vec<String>) -> Self {
        let environment = Environment::inherited(|name| std::env::var_os(name));
        Self { argv: argv.into(), cwd: None, environment: Arc::new(environment), account: None }
    }

    fn command(&self, turn: &Turn) -> Command {
        let (program, arguments) = self.argv.split_first().expect("a specification names a program");
        let source = &turn.event.source;
        let mut command = Command::new(program);
        command
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .env_clear()
            .envs(self.environment.iter())
            .env("RELAY_SESSION_KEY", turn.session_key.as_str())
            .env("RELAY_PLATFORM", &*source.platform)
            .env("RELAY_CHAT_ID", &*source.chat_id)
            .env("RELAY_CHAT_TYPE", source.chat_type.as_str());
        let named =
            [("RELAY_USER_ID", source.user_id.as_deref()), ("RELAY_USER_NAME", source.display_name())];
        command.envs(named.into_iter().filter_map(|(name, value)| Some((name, value?))));
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        command
    }

    async fn run(&self, turn: &Turn, output: TurnOutput) -> Result<TurnSummary, AgentError> {
        let mut command = self.command(turn);
        let spawned = match &self.account {
            Some(account) => account.spawn(&mut command),
            None => command.spawn(),
        };
        let mut child = spawned.map_err(|error| {
            let detail = format!("cannot run `{}`: {error}", self.argv[0]);
            AgentError::new(AgentErrorKind::Unavailable, detail)
        })?;
        let mut group = ProcessGroup::of(&child);
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let prompt = prompt_text(&turn.event);
        let feed = async move {
            // A program may answer without reading all of its input.
            if let Err(error) = stdin.write_all(prompt.as_bytes()).await {
                debug!(%error, "the agent did not read its whole input");
            }
        };
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let piped = async { tokio::join!(feed, stream(stdout, &output), tail(stderr)) };
        tokio::pin!(piped);

        let (status, errors) = tokio::select! {
            ((), listened, errors) = &mut piped => match listened {
                Listened::ToTheEnd => (child.wait().await, errors),
                Listened::NoLonger => {
                    group.end(&mut child).await;
                    return Ok(TurnSummary::stopped(StopReason::Cancelled));
                }
            },
            () = turn.cancelled.cancelled() => {
                group.end(&mut child).await;
                return Ok(TurnSummary::stopped(StopReason::Cancelled));
            }
            status = child.wait() => {
                // What it left running in its group may hold the pipes open; it is part of the program.
                let finished = timeout(OUTPUT_GRACE, &mut piped).await.ok();
                let ((), _, errors) = if let Some(finished) = finished {
                    finished
                } else {
                    group.kill();
                    piped.await
                };
                (status, errors)
            }
        };
        group.kill();
        let status = status.map_err(|error| {
            let detail = format!("cannot wait for `{}`: {error}", self.argv[0]);
            AgentError::new(AgentErrorKind::Crashed, detail)
        })?;
        if status.success() {
            return Ok(TurnSummary::finished());
        }
        let kind = if status.code().is_some() { AgentErrorKind::Other } else { AgentErrorKind::Crashed };
        Err(AgentError::new(kind, format!("{}: {errors}", describe(status))))
    }
}

impl Agent for CommandAgent {
    /// The kind and the program. Its arguments may hold what no log should.
    fn info(&self) -> AgentInfo {
        AgentInfo::new("command", self.argv.first().map_or("", String::as_str))
    }

    fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
        Arc::new(self.clone())
    }
}

impl AgentSession for CommandAgent {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        self.run(turn, output).boxed()
    }

    /// Each message is answered by a run of its own, which remembers nothing.
    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        ready(Ok(())).boxed()
    }
}

/// Whether the answer found a listener until it ended.
enum Listened {
    ToTheEnd,
    NoLonger,
}

async fn stream(mut stdout: ChildStdout, output: &TurnOutput) -> Listened {
    let mut text = StreamText::default();
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let piece = match stdout.read(&mut buffer).await {
            Ok(read) if read > 0 => text.push(&buffer[..read]),
            _ => break,
        };
        if !piece.is_empty() && output.text(piece).await.is_err() {
            return Listened::NoLonger;
        }
    }
    match text.finish() {
        Some(last) if output.text(last.to_string()).await.is_err() => Listened::NoLonger,
        _ => Listened::ToTheEnd,
    }
}

/// The end of what a program says on stderr.
pub(crate) async fn tail(mut stderr: ChildStderr) -> String {
    let mut kept = Vec::new();
    let mut buffer = vec![0; STDERR_KEPT];
    while let Ok(read) = stderr.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        kept.extend_from_slice(&buffer[..read]);
        let surplus = kept.len().saturating_sub(STDERR_KEPT);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

pub(crate) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "no exit status".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use relay_adapter::{
        Agent, AgentError, AgentErrorKind, AgentSession as _, ChatInfo, MemorySessionStore, SessionContext,
        SessionMemory, StopReason, Turn, TurnEvent, TurnEvents, TurnOutput, TurnSummary,
    };
    use relay_wire::{Event, SessionKey, Source};
    use tokio_util::sync::CancellationToken;

    use super::CommandAgent;
    use crate::agent::{AgentHost, AgentSpec, rig};

    fn turn(text: &str) -> Turn {
        let source = Source {
            platform: "discord".into(),
            chat_id: "c1".into(),
            user_name: Some("Ann".into()),
            ..Source::default()
        };
        let event = Arc::new(Event { text: text.to_owned(), source, ..Event::default() });
        Turn::new(
            "agent:main:discord:dm:c1".parse().unwrap(),
            event,
            Arc::default(),
            CancellationToken::new(),
        )
    }

    #[tokio::test]
    async fn its_whole_environment_is_what_every_program_needs_what_it_was_given_and_the_conversation() {
        let yaml = "agent: {kind: command, command: [env], env: {TONE: kind}, env_from: [MY_KEY, UNSET]}";
        // The host has a value for every other name, the gateway's credentials among them.
        let host = AgentHost {
            name: None,
            folders: "/srv".into(),
            is_trial: false,
            environment: Arc::new(|name| match name {
                "PATH" => std::env::var_os("PATH"),
                "UNSET" => None,
                name => Some(format!("of {name}").into()),
            }),
            echo_pause: Duration::ZERO,
        };
        let agent = AgentSpec::of_setting(&rig::setting(yaml)).0.expect("good").build(&host).expect("built");
        let (_, answer) = ask_agent(&*agent, "").await;
        let mut names: Vec<_> =
            answer.lines().map(|line| line.split('=').next().unwrap_or_default()).collect();
        names.sort_unstable();
        assert_eq!(
            names.join(" "),
            "ALL_PROXY HOME HTTPS_PROXY HTTP_PROXY LANG MY_KEY NO_PROXY PATH RELAY_CHAT_ID \
            RELAY_CHAT_TYPE RELAY_PLATFORM RELAY_SESSION_KEY RELAY_USER_NAME TERM TONE TZ all_proxy http_proxy \
            https_proxy no_proxy"
        );
        // This process, as the gateway would, has plenty more.
        assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
    }

    #[tokio::test]
    async fn a_block_gives_a_program_its_folder_and_its_variables() {
        let yaml = "agent: {kind: command, command: [sh, -c, 'pwd; echo $TONE'], cwd: /, env: {TONE: kind}}";
        let (spec, lookups) = AgentSpec::of_setting(&rig::setting(yaml));
        assert_eq!(lookups.len(), 6, "{lookups:?}");
        let host = AgentHost {
            name: None,
            folders: "/srv".into(),
            is_trial: false,
            environment: Arc::new(|name| std::env::var_os(name)),
            echo_pause: Duration::ZERO,
        };
        let spec = spec.expect("good");
        assert!(spec.check(&host).expect("sh is there").ends_with("/sh can be executed"));
        let agent = spec.build(&host).expect("built");
        let (end, answer) = ask_agent(&*agent, "").await;
        assert_eq!((end, answer.as_str()), (Ok(TurnSummary::finished()), "/\nkind\n"));
    }

    /// What an agent that was built from its settings answers.
    async fn ask_agent(agent: &dyn Agent, text: &str) -> (Result<TurnSummary, AgentError>, String) {
        let key = SessionKey::new("agent:main:discord:dm:c1").unwrap();
        let memory = SessionMemory::new(Arc::new(MemorySessionStore::default()), key.clone());
        let session = agent.open(SessionContext::new(key, Arc::default(), ChatInfo::default(), memory));
        let turn = turn(text);
        let (output, events) = TurnOutput::channel(4);
        tokio::join!(session.turn(&turn, output), collect(events))
    }

    fn shell(script: &str) -> CommandAgent {
        CommandAgent::new(["/bin/sh", "-c", script].map(String::from).to_vec())
    }

    async fn piece(events: &mut TurnEvents) -> Option<String> {
        match events.recv().await? {
            TurnEvent::Text(delta) => Some(delta.text),
            other => panic!("a program only says text: {other:?}"),
        }
    }

    async fn collect(mut events: TurnEvents) -> String {
        let mut answer = String::new();
        while let Some(piece) = piece(&mut events).await {
            answer.push_str(&piece);
        }
        answer
    }

    async fn ask(agent: &CommandAgent, text: &str) -> (Result<TurnSummary, AgentError>, String) {
        let turn = turn(text);
        let (output, events) = TurnOutput::channel(4);
        tokio::join!(agent.turn(&turn, output), collect(events))
    }

    #[tokio::test]
    async fn the_message_is_its_stdin_and_its_stdout_the_answer() {
        let (end, answer) = ask(&shell("tr a-z A-Z"), "hello ünder").await;
        assert_eq!((end, answer.as_str()), (Ok(TurnSummary::finished()), "HELLO üNDER"));
    }

    #[tokio::test]
    async fn a_program_that_reads_nothing_answers_all_the_same() {
        let (end, answer) = ask(&shell("exec 0<&-; echo done"), &"x".repeat(1 << 20)).await;
        assert_eq!((end, answer.as_str()), (Ok(TurnSummary::finished()), "done\n"));
    }

    #[tokio::test]
    async fn its_environment_names_the_conversation() {
        let script = r#"echo "$RELAY_SESSION_KEY $RELAY_PLATFORM $RELAY_CHAT_ID $RELAY_CHAT_TYPE $RELAY_USER_NAME ${RELAY_USER_ID-unset}""#;
        let (_, answer) = ask(&shell(script), "").await;
        assert_eq!(answer, "agent:main:discord:dm:c1 discord c1 dm Ann unset\n");
    }

    #[tokio::test]
    async fn a_failure_is_a_class_for_the_chat_and_its_status_and_stderr_for_the_log() {
        let (end, answer) = ask(&shell("echo partly; echo 'no such key' >&2; exit 3"), "").await;
        let error = end.expect_err("a non-zero exit is a failure");
        assert_eq!(answer, "partly\n");
        assert_eq!(
            (error.kind, error.detail.as_str()),
            (AgentErrorKind::Other, "exit status 3: no such key")
        );

        let (end, _) = ask(&shell("kill -9 $$"), "").await;
        assert_eq!(end.expect_err("killed").kind, AgentErrorKind::Crashed);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named_in_the_log_only() {
        let (end, _) = ask(&CommandAgent::new(vec!["/nonexistent/agent".to_owned()]), "").await;
        let error = end.expect_err("nothing to run");
        assert_eq!(error.kind, AgentErrorKind::Unavailable);
        assert!(error.detail.starts_with("cannot run `/nonexistent/agent`: "), "{}", error.detail);
    }

    /// A program that says its own number and its child's, and ends by itself only much later.
    const LINGERS: &str = "sleep 1000 & echo $$ $!; wait";

    /// Waits until none of the processes runs any more; a zombie that nobody reaps does not count.
    async fn gone(numbers: &str) {
        for number in numbers.split_whitespace() {
            let runs = || {
                std::fs::read_to_string(format!("/proc/{number}/stat"))
                    .is_ok_and(|stat| !stat.contains(") Z "))
            };
            while runs() {
                tokio::task::yield_now().await;
            }
        }
    }

    #[tokio::test]
    async fn an_interrupt_ends_the_whole_process_group() {
        let turn = turn("");
        let (output, mut events) = TurnOutput::channel(4);
        let agent = shell(LINGERS);
        let interrupt = async {
            let numbers = piece(&mut events).await.expect("the program says who it is");
            turn.cancelled.cancel();
            numbers
        };
        let (end, numbers) = tokio::join!(agent.turn(&turn, output), interrupt);
        assert_eq!(end, Ok(TurnSummary::stopped(StopReason::Cancelled)));
        gone(&numbers).await;
    }

    #[tokio::test]
    async fn a_dropped_turn_ends_the_whole_process_group_too() {
        let turn = turn("");
        let (output, mut events) = TurnOutput::channel(4);
        let agent = shell(LINGERS);
        let numbers = tokio::select! {
            end = agent.turn(&turn, output) => panic!("the program does not end by itself: {end:?}"),
            numbers = piece(&mut events) => numbers.expect("the program says who it is"),
        };
        gone(&numbers).await;
    }

    #[tokio::test]
    async fn what_a_program_leaves_behind_does_not_hold_its_answer_open() {
        let (end, answer) = ask(&shell("sleep 1000 & echo done"), "").await;
        assert_eq!((end, answer.as_str()), (Ok(TurnSummary::finished()), "done\n"));
    }
}
