//! `fronts: {telegram: …}`: a bot on Telegram.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::UnixSeconds;
use relay_config::Block;
use relay_connector::{Front, PairingCode, Tenant};
use relay_front_telegram::{ApiError, BotProbe, BotProfile, BotToken, TelegramFront, TelegramSettings};
use relay_net::{Dial, refuse_plaintext};
use url::Url;

use crate::front_kind::{FrontKind, FrontPlan};
use crate::{BotDraft, FrontCheck, FrontCheckOutcome, FrontFailure, FrontProblem, KnownBot, SecretReference};

/// The Bot API that is meant where none is named.
const API: &str = "https://api.telegram.org";

/// How far this machine's clock may be from Telegram's.
const SKEW: Duration = Duration::from_mins(1);

/// How long it is waited for a bot's name, which is nice to have.
const CONTACT: Duration = Duration::from_secs(5);

pub(crate) static KIND: FrontKind = FrontKind { platform: "telegram", read, try_out };

/// A bot as its operator wants it.
#[derive(Clone, Debug)]
struct TelegramPlan {
    token: SecretReference,
    api: Url,
}

fn read(block: &mut Block, folder: &Path) -> Option<Arc<dyn FrontPlan>> {
    let token = SecretReference::read(block, "token", "token_file", "token_env", folder);
    let api = block.text("api");
    block.otherwise(API);
    let api = match api {
        None => Some(Url::parse(API).expect("a valid address")),
        Some(text) => match api_url(&text.value) {
            Ok(url) => Some(url),
            Err(message) => {
                block.problem(&text.origin, message);
                None
            }
        },
    };
    Some(Arc::new(TelegramPlan { token: token?.0, api: api? }))
}

fn try_out(draft: &BotDraft, dialer: Arc<dyn Dial>) -> BoxFuture<'_, Result<KnownBot, FrontCheckOutcome>> {
    async move {
        let failed = |what: String, remedy: &str| FrontCheckOutcome::Failed {
            what,
            remedy: remedy.to_owned(),
            failure: FrontFailure::Configuration,
        };
        let api = api_url(draft.api.as_deref().unwrap_or(API))
            .map_err(|error| failed(error, "correct the address of the Bot API"))?;
        let token = BotToken::new(draft.secret.expose())
            .map_err(|error| failed(error.to_string(), "paste the whole line that @BotFather shows"))?;
        match BotProbe::new(token, api, dialer).profile().await {
            Ok(profile) => Ok(KnownBot {
                name: format!("@{} ({})", profile.username, profile.name),
                link: profile.link(None),
            }),
            Err(error) => Err(unknown(&error).outcome),
        }
    }
    .boxed()
}

/// The address of a Bot API, to which the token may go.
fn api_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or_else(|| format!("the value must be a URL such as {API}"))?;
    refuse_plaintext(&url, false)
        .map_err(|_| "the bot's token may only go to https, or to this machine".to_owned())?;
    Ok(url)
}

impl TelegramPlan {
    fn token(&self) -> Result<BotToken, FrontProblem> {
        let secret = self.token.secret()?;
        BotToken::new(secret.expose()).map_err(|error| {
            FrontProblem::new(
                format!("{}: {error}", self.token),
                "put the token there as @BotFather gives it",
            )
        })
    }
}

impl FrontPlan for TelegramPlan {
    fn open(&self, tenant: Tenant, dialer: Arc<dyn Dial>) -> Result<Arc<dyn Front>, FrontProblem> {
        let settings = TelegramSettings::new(self.token()?, tenant, dialer).with_base_url(self.api.clone());
        Ok(Arc::new(TelegramFront::new(settings)))
    }

    fn check(&self, dialer: Arc<dyn Dial>, is_running: bool) -> BoxFuture<'_, Vec<FrontCheck>> {
        async move {
            let token = match self.token() {
                Ok(token) => token,
                Err(problem) => {
                    let (what, remedy) = (problem.what(), problem.remedy());
                    return vec![FrontCheck::failed(
                        "telegram token",
                        what,
                        remedy,
                        FrontFailure::Configuration,
                    )];
                }
            };
            let probe = BotProbe::new(token, self.api.clone(), dialer);
            let profile = match probe.profile().await {
                Ok(profile) => profile,
                Err(error) => return vec![unknown(&error)],
            };
            let bot = format!("Telegram knows it: @{} ({})", profile.username, profile.name);
            let mut checks = vec![FrontCheck::passed("telegram token", bot)];
            let now = UnixSeconds::from_system(SystemTime::now());
            checks.push(clock(&profile, now));
            checks.push(privacy(&profile));
            let webhook = probe.webhook().await;
            checks.push(webhook_check(&webhook));
            checks.push(if is_running {
                FrontCheck::skipped(
                    "telegram reader",
                    "the connector that runs is the reader; `status` says how it is",
                )
            } else if matches!(webhook, Ok(Some(_))) {
                FrontCheck::skipped("telegram reader", "a webhook is set")
            } else {
                reader(probe.has_other_reader().await)
            });
            checks
        }
        .boxed()
    }

    fn contact(&self, dialer: Arc<dyn Dial>, code: Option<&PairingCode>) -> BoxFuture<'_, Option<String>> {
        let code = code.map(|code| code.compact().to_owned());
        async move {
            let probe = BotProbe::new(self.token().ok()?, self.api.clone(), dialer);
            let profile = tokio::time::timeout(CONTACT, probe.profile()).await.ok()?.ok()?;
            Some(profile.link(code.as_deref()))
        }
        .boxed()
    }
}

/// Why the bot is not known.
fn unknown(error: &ApiError) -> FrontCheck {
    let name = "telegram token";
    match error {
        ApiError::Unauthorized(reason) => FrontCheck::failed(
            name,
            format!("Telegram does not know the token ({reason})"),
            "send /mybots to @BotFather, choose the bot, then API Token, and put that into the file; a token that was \
             revoked there is void",
            FrontFailure::Refused,
        ),
        error => FrontCheck::failed(
            name,
            error.to_string(),
            "see to this machine's network and proxy; a self-hosted Bot API is named by `api`",
            FrontFailure::Unreachable,
        ),
    }
}

fn clock(profile: &BotProfile, now: UnixSeconds) -> FrontCheck {
    let name = "telegram clock";
    let Some(there) = profile.answered_at else {
        return FrontCheck::skipped(name, "Telegram did not say what time it is");
    };
    let apart = now.0.abs_diff(there.0);
    if apart <= SKEW.as_secs() {
        return FrontCheck::passed(name, format!("{apart} s from Telegram's"));
    }
    let way = if now.0 > there.0 { "ahead of" } else { "behind" };
    FrontCheck::warned(
        name,
        format!("this machine's clock is {apart} s {way} Telegram's"),
        "set the clock, best by NTP: codes and tokens end by it",
    )
}

fn privacy(profile: &BotProfile) -> FrontCheck {
    let name = "telegram privacy";
    if profile.reads_groups {
        return FrontCheck::passed(name, "off: the bot gets every message of its groups");
    }
    FrontCheck::passed(
        name,
        "on: in groups the bot gets commands, answers to it and mentions (/setprivacy at @BotFather changes that)",
    )
}

fn webhook_check(webhook: &Result<Option<String>, ApiError>) -> FrontCheck {
    let name = "telegram webhook";
    match webhook {
        Ok(None) => FrontCheck::passed(name, "none is set"),
        Ok(Some(host)) => FrontCheck::warned(
            name,
            format!("one is set, to {host}: messages go there"),
            "the connector removes it when it starts; stop what set it, else it comes back",
        ),
        Err(error) => FrontCheck::skipped(name, error.to_string()),
    }
}

fn reader(has_other: Result<bool, ApiError>) -> FrontCheck {
    let name = "telegram reader";
    match has_other {
        Ok(false) => FrontCheck::passed(name, "no other program takes this bot's messages"),
        Ok(true) => FrontCheck::failed(
            name,
            "another program takes this bot's messages (409)",
            "stop it, or give each its own bot; whoever else knows the token is shut out by /revoke at @BotFather",
            FrontFailure::InUse,
        ),
        Err(error) => FrontCheck::skipped(name, error.to_string()),
    }
}
