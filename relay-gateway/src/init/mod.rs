//! `init`: from a bot's token to a home that `up` runs from. Each answer is tried at once, and nothing is written before
//! all of them are good.

mod agents;
mod files;
mod questions;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use clap::Parser as _;
use relay_auth::Secret;
use relay_config::Home;
use relay_connector_setup::{BotDraft, ConnectorFile, FrontCheckOutcome, FrontFailure, way_out};
use relay_net::Dial;

use self::files::{Difference, Planned, TOKEN_FILE, config_yaml, connector_yaml};
use self::questions::{NoAnswer, Questions, say};
use crate::agent::{AgentHost, AgentSpec};
use crate::boot;
use crate::boot::survey::survey;
use crate::cli::{AccessChoice, Cli, Command, Exit, InitArgs, print, report_error};
use crate::run::agent_host;
use crate::up;

/// How often a token is asked for.
const TRIES: usize = 5;

/// Why nothing was set up.
struct Refused {
    exit: Exit,
    why: String,
}

impl Refused {
    fn new(exit: Exit, why: impl Into<String>) -> Self {
        Self { exit, why: why.into() }
    }

    fn config(why: impl Into<String>) -> Self {
        Self::new(Exit::Config, why)
    }
}

impl From<NoAnswer> for Refused {
    fn from(missing: NoAnswer) -> Self {
        Self::config(missing.to_string())
    }
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Self::new(Exit::Failed, format!("the terminal cannot be used: {error}"))
    }
}

pub(crate) async fn run(named_home: Option<&Path>, args: InitArgs) -> anyhow::Result<Exit> {
    let home = Home::find(named_home, &boot::environment())?;
    let questions = Questions { is_silent: args.yes };
    let folders = std::path::absolute(home.agents())
        .context("the folder that this was started in is gone; start it in another one")?;
    let host = agent_host(folders, survey(named_home)?.dotenv, Duration::ZERO);
    if let Err(refused) = set_up(&questions, &args, &home, named_home, &host).await {
        return Ok(report_error(refused.exit, &refused.why));
    }
    let command = match named_home {
        Some(home) => format!("relay-gateway --home {} up", home.display()),
        None => "relay-gateway up".to_owned(),
    };
    let starts = args.start || matches!(questions.agrees("Start it now?", true), Ok(true));
    if !starts {
        print(format!("Next: {command}\n"))?;
        return Ok(Exit::Done);
    }
    let Command::Up(up) = Cli::try_parse_from(["relay-gateway", "up"])?.command else {
        anyhow::bail!("`up` is no command any more; report this");
    };
    up::run(named_home, *up).await
}

async fn set_up(
    questions: &Questions,
    args: &InitArgs,
    home: &Home,
    named_home: Option<&Path>,
    host: &AgentHost,
) -> Result<(), Refused> {
    say(&format!("This sets up a bot and an agent in {}.\n", home.path().display()))?;
    let platform = platform(questions, args)?;
    let way =
        way_out(|name| std::env::var(name).ok(), None).map_err(|error| Refused::config(error.to_string()))?;
    let token = token(questions, args, &platform, home, &(Arc::new(way) as Arc<dyn Dial>)).await?;
    let agent = agent(questions, args, named_home, host)?;
    let (access, allow) = access(questions, args)?;
    let mut planned = vec![
        Planned {
            path: home.path().join(TOKEN_FILE),
            content: format!("{}\n", token.expose().trim()),
            keeps_the_rest: false,
        },
        Planned {
            path: home.path().join(ConnectorFile::NAME),
            content: connector_yaml(args.telegram_api.as_deref(), access, &allow),
            keeps_the_rest: false,
        },
    ];
    if let Some(agent) = agent {
        let path = home.config();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Refused::config(format!("{} cannot be read: {error}", path.display()))),
        };
        let content = config_yaml(&path, &text, &agent).ok_or_else(|| {
            Refused::new(
                Exit::CannotWrite,
                format!(
                    "{} has a block `relay` that is yours to change; write `agent: {agent}` in it, and run this again",
                    path.display()
                ),
            )
        })?;
        planned.push(Planned { path, content, keeps_the_rest: true });
    }
    write(questions, &planned, args.replace)
}

fn platform(questions: &Questions, args: &InitArgs) -> Result<String, Refused> {
    let known: Vec<&str> = BotDraft::platforms().collect();
    let first = known.first().copied();
    let name = match &args.platform {
        Some(name) => name.clone(),
        None => questions.line("--platform", &format!("Chat platform ({})", known.join(", ")), first)?,
    };
    if known.contains(&name.as_str()) {
        return Ok(name);
    }
    let (name, known) = (name.escape_debug().to_string(), known.join(", "));
    Err(Refused::config(format!("`{name}` is no platform of this program; there is {known}")))
}

/// The bot's token, which the platform knows.
async fn token(
    questions: &Questions,
    args: &InitArgs,
    platform: &str,
    home: &Home,
    dialer: &Arc<dyn Dial>,
) -> Result<Secret, Refused> {
    let kept = std::fs::read_to_string(home.path().join(TOKEN_FILE)).ok();
    let given = match &args.telegram_token_file {
        Some(file) if file.as_os_str() == "-" => Some(io::read_to_string(io::stdin())?),
        Some(file) => Some(std::fs::read_to_string(file).map_err(|error| {
            Refused::config(format!("--telegram-token-file: {} cannot be read: {error}", file.display()))
        })?),
        None if args.yes => kept,
        None => None,
    };
    if given.is_none() && !args.yes {
        say(
            "Send /newbot to @BotFather in Telegram, give the bot a name, and paste the token that it answers.",
        )?;
    }
    for _ in 0..TRIES {
        let text = match &given {
            Some(text) => text.trim().to_owned(),
            None => questions.line("--telegram-token-file", "The bot's token", None)?,
        };
        let draft = BotDraft::new(platform, Secret::new(text)).with_api(args.telegram_api.clone());
        match draft.try_out(Arc::clone(dialer)).await {
            Ok(bot) => {
                say(&format!("  ok: it is {}, {}\n", bot.name, bot.link))?;
                return Ok(draft.secret);
            }
            Err(FrontCheckOutcome::Failed { what, failure: FrontFailure::Unreachable, .. })
                if args.offline =>
            {
                say(&format!("  the token is not checked: {what}\n"))?;
                return Ok(draft.secret);
            }
            Err(FrontCheckOutcome::Failed { what, remedy, failure }) => {
                let is_final = given.is_some() || failure == FrontFailure::Unreachable;
                if is_final {
                    let (exit, more) = match failure {
                        FrontFailure::Unreachable => {
                            (Exit::Unavailable, "; --offline writes the files all the same")
                        }
                        FrontFailure::Refused => (Exit::Refused, ""),
                        _ => (Exit::Config, ""),
                    };
                    return Err(Refused::new(exit, format!("{what}; {remedy}{more}")));
                }
                say(&format!("  {what};\n  {remedy}\n"))?;
            }
            Err(other) => return Err(Refused::config(format!("{other:?}"))),
        }
    }
    Err(Refused::new(Exit::Refused, "no token was good; run this again once @BotFather has given one"))
}

/// The agent to write into config.yaml; `None` where it stands there already.
fn agent(
    questions: &Questions,
    args: &InitArgs,
    named_home: Option<&Path>,
    host: &AgentHost,
) -> Result<Option<String>, Refused> {
    let surveyed = survey(named_home).map_err(|error| Refused::config(error.to_string()))?;
    let spec = surveyed.agents.as_ref().map_err(|problems| Refused::config(problems.to_string()))?;
    if let Some(place) = spec.place() {
        if let Some(given) = &args.agent
            && given.parse::<AgentSpec>().is_ok_and(|given| given.to_string() != spec.to_string())
        {
            return Err(Refused::new(
                Exit::CannotWrite,
                format!("{place} names the agent {spec}; change it there, or leave out --agent"),
            ));
        }
        say(&format!("The agent is {spec}, as {place} says.\n"))?;
        return Ok(None);
    }
    if let Some(given) = &args.agent {
        let spec: AgentSpec = given.parse().map_err(|error| Refused::config(format!("--agent: {error}")))?;
        let found = spec.check(host).map_err(|problem| Refused::config(problem.to_string()))?;
        say(&format!("The agent: {found}\n"))?;
        return Ok(Some(given.clone()));
    }
    let found = agents::found(host);
    if found.is_empty() && questions.is_silent {
        return Err(Refused::config(format!(
            "no agent that is known was found on this machine; install one, or name yours with --agent:\n{}",
            agents::installable()
        )));
    }
    let default = found.first().map(|agent| agent.spec.clone());
    let lines = found.iter().map(|agent| format!("  {:16} {}\n", agent.spec, agent.title));
    let mut text = format!("What answers? These are on this machine:\n{}", lines.collect::<String>());
    if found.is_empty() {
        text = format!(
            "No agent that is known was found on this machine. These can be installed:\n{}\n",
            agents::installable()
        );
    }
    text.push_str(
        "Or a program of yours: command:PROGRAM, acp:PROGRAM; or echo, which says back what it is told.",
    );
    say(&text)?;
    loop {
        let answer = questions.line("--agent", "Agent", default.as_deref())?;
        let checked = match answer.parse::<AgentSpec>() {
            Ok(spec) => spec.check(host).map_err(|problem| problem.to_string()),
            Err(error) => Err(error.to_string()),
        };
        match checked {
            Ok(found) => {
                say(&format!("  ok: {found}\n"))?;
                return Ok(Some(answer));
            }
            Err(why) => say(&format!("  {why}"))?,
        }
    }
}

fn access(questions: &Questions, args: &InitArgs) -> Result<(AccessChoice, Vec<String>), Refused> {
    let mut allow: Vec<String> = args.allow.iter().map(|id| id.trim().to_owned()).collect();
    let choice = match args.access {
        Some(choice) => choice,
        None if questions.is_silent => AccessChoice::Pairing,
        None => loop {
            say(
                "Who may talk to the agent?\n  pairing   you, by a code that is shown when it starts; others by a code that \
                 you approve\n  list      only the ids that you name\n  everyone  whoever finds the bot: they all use your \
                 agent, on your machine",
            )?;
            match questions.line("--access", "Who", Some("pairing"))?.as_str() {
                "pairing" => break AccessChoice::Pairing,
                "list" => break AccessChoice::List,
                "everyone" => break AccessChoice::Everyone,
                _ => say("  Answer pairing, list or everyone.")?,
            }
        },
    };
    if choice == AccessChoice::List && allow.is_empty() {
        let answer = questions.line("--allow", "Their numeric ids, with commas", None)?;
        allow = answer.split(',').map(|id| id.trim().to_owned()).collect();
    }
    allow.retain(|id| !id.is_empty());
    if let Some(wrong) = allow.iter().find(|id| id.parse::<i64>().is_err()) {
        return Err(Refused::config(format!(
            "`{}` is no id of Telegram's, which are numbers; a bot tells people theirs",
            wrong.escape_debug()
        )));
    }
    Ok((choice, allow))
}

/// Writes the files, all that may be; what is there and differs only where that is agreed to.
fn write(questions: &Questions, planned: &[Planned], replace: bool) -> Result<(), Refused> {
    let unreadable = |path: &Path, error: &io::Error| {
        Refused::new(Exit::CannotWrite, format!("{} cannot be read: {error}", path.display()))
    };
    let mut due = Vec::new();
    for file in planned {
        match file.difference().map_err(|error| unreadable(&file.path, &error))? {
            Difference::None => say(&format!("Unchanged: {}", file.path.display()))?,
            Difference::New => due.push(file),
            Difference::Other if replace || file.keeps_the_rest => due.push(file),
            Difference::Other => {
                let question = format!("{} is there and differs. Write it anew?", file.path.display());
                if !questions.agrees(&question, false)? {
                    return Err(Refused::new(
                        Exit::CannotWrite,
                        format!(
                            "{} is there and differs, so nothing was changed; --replace writes it anew",
                            file.path.display()
                        ),
                    ));
                }
                due.push(file);
            }
        }
    }
    for file in due {
        file.write().map_err(|error| {
            Refused::new(
                Exit::CannotWrite,
                format!(
                    "{} cannot be written: {error}; make its folder writable, or name another home with --home",
                    file.path.display()
                ),
            )
        })?;
        say(&format!("Written: {}", file.path.display()))?;
    }
    Ok(())
}
