//! `enroll`: redeem an enrollment token and write the credentials into `.env`.

use std::io::{Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use relay_auth::Secret;
use relay_config::{ConnectorUrl, DotEnv, Home};
use relay_transport::{ApiError, ConnectorApi, Enrolled, default_tls};
use relay_wire::GatewayId;

use crate::boot::{self, Boot};
use crate::cli::EnrollArgs;
use crate::exit::Exit;
use crate::told;

/// The longest token that standard input may hold, in bytes.
const MAX_TOKEN: u64 = 64 * 1024;

pub(crate) async fn run(named_home: Option<&Path>, args: EnrollArgs) -> anyhow::Result<Exit> {
    let Boot { home, dotenv, settings } = match boot::read(named_home)? {
        Ok(boot) => boot,
        Err(problems) => return Ok(told(Exit::Config, &problems)),
    };
    let given = args.connector_url.as_deref().map(str::trim);
    let url = match (given, settings.relay_url) {
        (Some(url), _) => match ConnectorUrl::parse(url) {
            Ok(url) => url,
            Err(error) => return Ok(told(Exit::Config, &format!("--connector-url: {error}"))),
        },
        (None, Some(configured)) => configured.value,
        (None, None) => {
            let what = "No connector is named. Give --connector-url, or set GATEWAY_RELAY_URL.";
            return Ok(told(Exit::Config, &what));
        }
    };
    let token = match (args.token, settings.enroll_token) {
        (Some(token), _) if token == "-" => token_from_stdin()?,
        (Some(token), _) => Secret::new(token.trim()),
        (None, Some(configured)) => configured.value,
        (None, None) => Secret::new(""),
    };
    if token.is_empty() {
        let what =
            "No enrollment token is given. Ask the connector's operator for one and give it with --token.";
        return Ok(told(Exit::Config, &what));
    }
    let gateway_id = match args.gateway_id.or(settings.gateway_id.map(|id| id.value)) {
        Some(id) => GatewayId::new(id.trim()),
        None => GatewayId::new(format!("gw-{}", hostname())),
    };

    // Before the token is used up: what it gives could not be kept.
    if let Err(error) = dotenv.write() {
        return Ok(told(Exit::CannotWrite, &cannot_write(&dotenv, &error)));
    }
    let api = ConnectorApi::new(&default_tls()?).allow_plaintext(args.allow_plaintext);
    let enrolled = match api.enroll(&url.enroll(), &token, &gateway_id, None).await {
        Ok(enrolled) => enrolled,
        Err(error) => return Ok(told(exit_of(&error), &error)),
    };
    let written = match write(dotenv, given, &enrolled) {
        Ok(written) => written,
        Err(error) => return Ok(told(Exit::CannotWrite, &error)),
    };
    report(&home, named_home, &enrolled, &written).context("standard output cannot be written")?;
    Ok(Exit::Done)
}

/// Writes what enrolling gave, and the connector where the command line named it; answers the names that were
/// set.
fn write(mut dotenv: DotEnv, url: Option<&str>, enrolled: &Enrolled) -> Result<Vec<&'static str>, String> {
    let mut values: Vec<_> = url.map(|url| ("GATEWAY_RELAY_URL", url.to_owned())).into_iter().collect();
    values.push(("GATEWAY_RELAY_ID", enrolled.gateway_id.to_string()));
    values.push(("GATEWAY_RELAY_SECRET", enrolled.secret.expose().to_owned()));
    values.extend(
        enrolled.delivery_key.as_ref().map(|key| ("GATEWAY_RELAY_DELIVERY_KEY", key.expose().to_owned())),
    );
    for (name, value) in &values {
        dotenv.set(name, value).map_err(|error| error.to_string())?;
    }
    dotenv.write().map_err(|error| cannot_write(&dotenv, &error))?;
    Ok(values.into_iter().map(|(name, _)| name).collect())
}

fn cannot_write(dotenv: &DotEnv, error: &std::io::Error) -> String {
    format!(
        "{} cannot be written: {error}; make its folder writable, or choose another with --home",
        dotenv.path().display()
    )
}

fn report(
    home: &Home,
    named_home: Option<&Path>,
    enrolled: &Enrolled,
    written: &[&str],
) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    write!(out, "Enrolled as {}", enrolled.gateway_id.as_str().escape_debug())?;
    if !enrolled.tenant.is_empty() {
        write!(out, " of the tenant {}", enrolled.tenant.escape_debug())?;
    }
    writeln!(out, ".\nWritten to {}: {}.", home.dotenv().display(), written.join(", "))?;
    match named_home {
        Some(home) => writeln!(out, "Next: relay-gateway --home {} run", home.display()),
        None => writeln!(out, "Next: relay-gateway run"),
    }
}

fn exit_of(error: &ApiError) -> Exit {
    match error {
        ApiError::Plaintext(_) | ApiError::Request { .. } | ApiError::Redirected { .. } => Exit::Config,
        ApiError::Unauthorized { .. } | ApiError::Forbidden { .. } | ApiError::BadRequest { .. } => {
            Exit::Refused
        }
        ApiError::NotHttp { .. }
        | ApiError::NotJson { .. }
        | ApiError::TooLarge { .. }
        | ApiError::BlankSecret { .. } => Exit::Protocol,
        ApiError::Timeout { .. }
        | ApiError::Connect { .. }
        | ApiError::Tls { .. }
        | ApiError::Broken { .. }
        | ApiError::Busy { .. }
        | ApiError::Status { .. } => Exit::Unavailable,
    }
}

fn token_from_stdin() -> anyhow::Result<Secret> {
    let mut token = String::new();
    std::io::stdin().take(MAX_TOKEN).read_to_string(&mut token).context("standard input holds no token")?;
    Ok(Secret::new(token.trim()))
}

fn hostname() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
