//! `enroll`: redeem an enrollment token and write the credentials into `.env`.

mod value;

use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use relay_auth::Secret;
use relay_config::{ConnectorUrl, DotEnv, Home, Origin, PrivateFile, Setting, Settings};
use relay_net::{Deadlines, HttpClient};
use relay_runtime::Clock;
use relay_transport::{ConnectorApi, ConnectorApiError, Enrolled};
use relay_wire::GatewayId;
use url::Url;

use self::value::{MAX_ID, MAX_TOKEN, MAX_URL, from_stdin, value};
use crate::boot::network::Network;
use crate::boot::{self, Boot};
use crate::cli::{EnrollArgs, Exit, report_error};
use crate::identity;

pub(crate) async fn run(named_home: Option<&Path>, args: EnrollArgs) -> anyhow::Result<Exit> {
    let boot = match boot::read(named_home)? {
        Ok(boot) => boot,
        Err(problems) => return Ok(report_error(Exit::Config, &problems)),
    };
    if let Some(managed) = boot.managed() {
        return Ok(report_error(Exit::Config, &not_ours(&managed, &boot.home)));
    }
    let network = match Network::of(&boot.settings, &Clock::system()) {
        Ok(network) => network,
        Err(problems) => return Ok(report_error(Exit::Config, &problems)),
    };
    let (timeout, plaintext) = (args.timeout, args.allow_plaintext);
    let wish = match Wish::of(args, &boot.settings) {
        Ok(wish) => wish,
        Err(problem) => return Ok(report_error(Exit::Config, &problem)),
    };
    // Before the token is used up: what it gives could not be kept.
    if let Err(error) = PrivateFile::beside(boot.dotenv.path()) {
        return Ok(report_error(Exit::CannotWrite, &cannot_write(&boot.dotenv, &error)));
    }
    let http = network.http().with_deadlines(Deadlines::total(timeout)).allow_plaintext(plaintext);
    let bearer = bearer(&boot, &http).await;
    let api = ConnectorApi::over(http);
    let enrolled = api.enroll(&wish.connector.enroll(), &wish.token, &wish.gateway_id, bearer.as_ref()).await;
    let enrolled = match enrolled {
        Ok(enrolled) => enrolled,
        Err(error) => {
            return Ok(report_error(Exit::from(&error), &format!("{error} (from {})", wish.place(&error))));
        }
    };
    let written = match write(&boot.home, &wish, &enrolled) {
        Ok(written) => written,
        Err(error) => return Ok(report_error(Exit::CannotWrite, &error)),
    };
    report(&boot, named_home, &enrolled, &written)
        .context("standard output cannot be written; what was enrolled is kept all the same")?;
    Ok(Exit::Done)
}

/// What is asked for.
struct Wish {
    connector: ConnectorUrl,
    /// Where the address and the token came from.
    places: (String, String),
    token: Secret,
    gateway_id: GatewayId,
    /// What `.env` gets beside the credentials, as it was given.
    further: Vec<(&'static str, String)>,
}

impl Wish {
    fn of(args: EnrollArgs, settings: &Settings) -> Result<Self, String> {
        let text = |setting: &Option<Setting<Secret>>| {
            setting
                .as_ref()
                .map(|secret| Setting::new(secret.value.expose().to_owned(), secret.origin.clone()))
        };
        let mut further = Vec::new();
        let (connector, place) =
            match (value("--connector-url", args.connector_url, None, MAX_URL)?, &settings.relay_url) {
                (Some(given), _) => {
                    let parsed = ConnectorUrl::parse(&given.text)
                        .map_err(|error| format!("{}: {error}", given.place))?;
                    further.push(("GATEWAY_RELAY_URL", given.text));
                    (parsed, given.place)
                }
                (None, Some(configured)) => (configured.value.clone(), configured.origin.to_string()),
                (None, None) => {
                    return Err(
                        "no connector is named; give --connector-url, or set GATEWAY_RELAY_URL".to_owned()
                    );
                }
            };
        let token = match args.token {
            Some(token) if token == "-" => Some(from_stdin(std::io::stdin())?),
            given => value("--token", given, text(&settings.enroll_token), MAX_TOKEN)?,
        };
        let token = token.ok_or(
            "no enrollment token is given; ask the connector's operator for one and give it with --token",
        )?;
        let gateway_id = value("--gateway-id", args.gateway_id, settings.gateway_id.clone(), MAX_ID)?;
        if let Some(wake) = value("--wake-url", args.wake_url, None, MAX_URL)? {
            let is_web = Url::parse(&wake.text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !is_web {
                return Err(format!(
                    "{} is no address; write for example https://wake.example/me",
                    wake.place
                ));
            }
            further.push(("GATEWAY_RELAY_WAKE_URL", wake.text));
        }
        Ok(Self {
            connector,
            places: (place, token.place),
            token: Secret::new(token.text),
            gateway_id: boot::gateway_id(gateway_id.as_ref().map(|id| id.text.as_str())),
            further,
        })
    }

    /// Where the value came from that an error is about.
    fn place(&self, error: &ConnectorApiError) -> &str {
        match error {
            ConnectorApiError::Malformed { .. } | ConnectorApiError::Forbidden { .. } => &self.places.1,
            _ => &self.places.0,
        }
    }
}

/// The identity token, where one can be had. A connector that needs none is asked all the same where not.
async fn bearer(boot: &Boot, http: &HttpClient) -> Option<Secret> {
    let tokens = identity::choose(&boot.settings, &boot.home, http, &Clock::system())?;
    match tokens.token().await {
        Ok(token) => Some(token),
        Err(error) => {
            // Nothing is left to do if not even that can be said.
            let _ = writeln!(std::io::stderr(), "Going on without an identity: {error}");
            None
        }
    }
}

fn not_ours(managed: &str, home: &Home) -> String {
    format!(
        "this install is managed by somebody else, says {managed}, so {} is not for this command to write, and nothing \
         was sent: the token is still good; let whoever manages it put GATEWAY_RELAY_ID and GATEWAY_RELAY_SECRET where \
         this machine gets its configuration, or use a home of your own with --home",
        home.dotenv().display()
    )
}

/// Writes what enrolling gave, and what the command line named; answers the names that were set. The file is read
/// again first: somebody may have changed it meanwhile.
fn write(home: &Home, wish: &Wish, enrolled: &Enrolled) -> Result<Vec<&'static str>, String> {
    let (mut dotenv, _) = DotEnv::load(home.dotenv()).map_err(|problems| problems.to_string())?;
    let mut values = wish.further.clone();
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
    boot: &Boot,
    named_home: Option<&Path>,
    enrolled: &Enrolled,
    written: &[&str],
) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    write!(out, "Enrolled as {}", enrolled.gateway_id.as_str().escape_debug())?;
    if !enrolled.tenant.is_empty() {
        write!(out, " of the tenant {}", enrolled.tenant.escape_debug())?;
    }
    writeln!(out, ".\nWritten to {}: {}.", boot.home.dotenv().display(), written.join(", "))?;
    let shadowing = [
        boot.settings.secret.as_ref().map(|secret| &secret.origin),
        boot.settings.gateway_id.as_ref().map(|id| &id.origin),
    ];
    for origin in shadowing.into_iter().flatten() {
        if let Origin::Environment { name } = origin {
            writeln!(
                out,
                "Beware: the environment sets {name} too, and that counts before .env. Remove it there."
            )?;
        }
    }
    match named_home {
        Some(home) => writeln!(out, "Next: relay-gateway --home {} run", home.display()),
        None => writeln!(out, "Next: relay-gateway run"),
    }
}
