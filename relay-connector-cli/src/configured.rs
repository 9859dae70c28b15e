//! `serve --config`, `check`, `doctor` and `pair`: a connector from its file.

use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use relay_connector::{Connector, FrontState};
use relay_connector_setup::{
    ConfiguredConnector, ConfiguredFront, ConnectorFile, DataFolder, FrontCheck, FrontCheckOutcome,
    PairingDesk, way_out,
};
use relay_net::TcpDialer;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::cli::{CheckArgs, PairArgs, ServeArgs};
use crate::exit::Refusal;
use crate::introduction::{Listening, dialable};
use crate::observability::Observability;
use crate::{introduction, listen, logging, stop_signal};

const STDOUT: &str = "stdout cannot be written to";

/// Where gateways reach a connector whose file does not say.
const LISTEN: &str = "127.0.0.1:8787";

/// Reads the file; what is wrong with it is told all together.
fn read(path: &Path) -> anyhow::Result<ConnectorFile> {
    if !path.exists() {
        let what = format!("there is no {}; docs/fronts/telegram.md shows one", path.display());
        return Err(Refusal::NotFound(what).into());
    }
    ConnectorFile::load(path).map_err(|problems| Refusal::Configuration(problems.to_string()).into())
}

fn dialer(file: &ConnectorFile) -> anyhow::Result<TcpDialer> {
    way_out(|name| std::env::var(name).ok(), file.ca_file.as_deref())
        .map_err(|error| Refusal::Configuration(format!("ca_file: {error}")).into())
}

pub(crate) async fn serve(path: &Path, args: &ServeArgs) -> anyhow::Result<()> {
    let file = read(path)?;
    logging::start(None);
    let dialer = dialer(&file)?;
    let identity = args.identity.verifier(&dialer)?;
    let stopped = stop_signal()?;
    let address = file.listen.unwrap_or_else(|| LISTEN.parse().expect("a valid address"));
    let listener = listen(address, "listen in the file").await?;
    let address = listener.local_addr().context("the address listened on is unknown")?;
    let observability = Observability::bind(args).await?;
    let configured = ConfiguredConnector::open(&file, &dialer, |builder| {
        let builder = match &file.public_url {
            Some(_) => builder,
            None => builder.public_url(format!("http://{}", dialable(address))),
        };
        let builder = match identity {
            Some(verifier) => builder.identity(verifier),
            None => builder,
        };
        if args.frames { builder.tap(crate::tap(None)) } else { builder }
    })?;
    let connector = configured.connector.clone();
    let token = connector.mint_enrollment_token(&file.tenant, args.token_ttl)?;
    let listening = Listening { address, metrics: observability.as_ref().map(|metrics| metrics.address) };
    introduction::of_file(&mut io::stdout(), &listening, &file, args, &token).context(STDOUT)?;
    print_owner_codes(&file, true).await?;
    let shutdown = CancellationToken::new();
    let control = tokio::spawn(configured.serve_control(shutdown.clone()));
    let observing = observability
        .map(|observability| tokio::spawn(observability.serve(connector.clone(), shutdown.clone())));
    let serving = tokio::spawn({
        let (connector, shutdown) = (connector.clone(), shutdown.clone());
        async move { connector.serve(listener, shutdown.cancelled()).await }
    });
    let ended = tokio::select! {
        error = all_failed(&connector) => Err(error),
        () = stopped => Ok(()),
    };
    shutdown.cancel();
    serving.await.context("the connector failed")?;
    if let Some(observing) = observing {
        observing.await.context("the listener for metrics failed")?;
    }
    drop(control.await.context("the control socket failed")?);
    ended
}

/// Completes once no front is left that works or will, with the reasons.
async fn all_failed(connector: &Connector) -> anyhow::Error {
    let mut reasons = Vec::new();
    for (platform, mut state) in connector.front_states() {
        let Ok(fatal) = state.wait_for(|state| matches!(state, FrontState::Fatal { .. })).await else {
            return std::future::pending().await;
        };
        if let FrontState::Fatal { why, remedy } = &*fatal {
            reasons.push(format!("{platform} is not served any more: {why}; {remedy}"));
        }
    }
    Refusal::Check { what: reasons.join("\n"), code: 77 }.into()
}

/// Says by which code somebody becomes the owner, with the bot's address where the platform tells it.
async fn print_owner_codes(file: &ConnectorFile, if_none: bool) -> anyhow::Result<()> {
    let codes = PairingDesk::open(file)?.owner_codes(if_none).await?;
    let dialer = Arc::new(dialer(file)?);
    let mut out = io::stdout();
    for (platform, code) in codes {
        let front = file.fronts.iter().find(|front| front.platform() == platform);
        let contact = match front {
            Some(front) => front.contact(Arc::clone(&dialer) as _, Some(&code)).await,
            None => None,
        };
        let link = contact.map(|link| format!(", or open {link}")).unwrap_or_default();
        writeln!(
            out,
            "The owner on {platform} is whoever sends the bot this code first, within a day: {code}{link}"
        )
        .context(STDOUT)?;
    }
    out.flush().context(STDOUT)
}

/// `check`: what the file alone says.
pub(crate) fn check(args: &CheckArgs) -> anyhow::Result<()> {
    let file = read(&args.config)?;
    let platforms: Vec<&str> = file.fronts.iter().map(ConfiguredFront::platform).collect();
    let mut out = io::stdout();
    let opened = file.fronts.iter().map(|front| {
        let opened = front.open(&file.tenant, Arc::new(TcpDialer::default()));
        opened.map_err(|problem| format!("fronts.{}: {problem}", front.platform()))
    });
    let problems: Vec<String> = opened.filter_map(Result::err).collect();
    if args.json {
        let answer = json!({
            "file": file.path.display().to_string(),
            "fronts": platforms,
            "problems": problems,
        });
        writeln!(out, "{answer}").context(STDOUT)?;
    } else if problems.is_empty() {
        writeln!(out, "{} is well: {}.", file.path.display(), platforms.join(", ")).context(STDOUT)?;
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(Refusal::Configuration(problems.join("\n")).into())
}

/// `doctor`: what the platforms say.
pub(crate) async fn doctor(args: &CheckArgs) -> anyhow::Result<()> {
    let file = read(&args.config)?;
    let dialer = dialer(&file)?;
    let is_running = DataFolder::existing(&file.data).is_ok_and(|folder| folder.is_served());
    let mut checks = Vec::new();
    for front in &file.fronts {
        checks.extend(front.check(Arc::new(dialer.clone()), is_running).await);
    }
    let mut out = io::stdout();
    if args.json {
        let found: Vec<Value> = checks.iter().map(as_json).collect();
        writeln!(out, "{}", json!({ "checks": found })).context(STDOUT)?;
    } else {
        for check in &checks {
            out.write_all(as_text(check).as_bytes()).context(STDOUT)?;
        }
    }
    let failed = checks.iter().find_map(|check| match &check.outcome {
        FrontCheckOutcome::Failed { failure, .. } => Some((check.name, failure.code())),
        _ => None,
    });
    match failed {
        Some((name, code)) => Err(Refusal::Check { what: format!("to mend: {name}"), code }.into()),
        None => Ok(()),
    }
}

fn as_text(check: &FrontCheck) -> String {
    let (mark, what, remedy) = match &check.outcome {
        FrontCheckOutcome::Passed(what) => ("ok", what, None),
        FrontCheckOutcome::Warned { what, remedy } => ("warn", what, Some(remedy)),
        FrontCheckOutcome::Failed { what, remedy, .. } => ("FAIL", what, Some(remedy)),
        FrontCheckOutcome::Skipped(why) => ("skip", why, None),
    };
    let remedy = remedy.map(|remedy| format!("{:24}-> {remedy}\n", "")).unwrap_or_default();
    format!("{mark:5} {:17} {what}\n{remedy}", check.name)
}

fn as_json(check: &FrontCheck) -> Value {
    let (outcome, what, remedy) = match &check.outcome {
        FrontCheckOutcome::Passed(what) => ("passed", what, None),
        FrontCheckOutcome::Warned { what, remedy } => ("warned", what, Some(remedy)),
        FrontCheckOutcome::Failed { what, remedy, .. } => ("failed", what, Some(remedy)),
        FrontCheckOutcome::Skipped(why) => ("skipped", why, None),
    };
    json!({ "name": check.name, "verdict": outcome, "detail": what, "remedy": remedy })
}

/// `pair`: who may talk.
pub(crate) async fn pair(args: &PairArgs) -> anyhow::Result<()> {
    let file = read(&args.config)?;
    let desk = PairingDesk::open(&file)?;
    let mut out = io::stdout();
    if args.owner {
        return print_owner_codes(&file, false).await;
    }
    if let Some(id) = &args.remove {
        let removed = desk.remove(id).await?;
        if removed.is_empty() {
            return Err(
                Refusal::NotFound(format!("nobody was let in by the id {id}; `pair` lists them")).into()
            );
        }
        return writeln!(out, "{id} may not talk any more.").context(STDOUT);
    }
    if let Some(code) = &args.code {
        return match desk.approve(code).await? {
            Some((_, person)) => {
                writeln!(out, "{} may talk now; let them write again.", person.name).context(STDOUT)
            }
            None => Err(Refusal::NotFound(format!(
                "nobody has the code {code} any more: codes are good for an hour; `pair` lists who waits"
            ))
            .into()),
        };
    }
    for report in desk.report().await? {
        write!(out, "{report}").context(STDOUT)?;
    }
    out.flush().map_err(|error| anyhow!(error)).context(STDOUT)
}
