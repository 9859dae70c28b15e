//! `--front telegram`: a bot on Telegram.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use relay_connector::{AccessPolicy, Connector, FrontState, Tenant};
use relay_front_telegram::{BotToken, TelegramFront, TelegramSettings};
use relay_net::TcpDialer;
use url::Url;

/// Which bot, and who may talk to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
pub(crate) struct TelegramArgs {
    /// With --front telegram: a file with the bot's token; without it, the variable `TELEGRAM_BOT_TOKEN` has the token.
    #[arg(id = "telegram-token-file", long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// With --front telegram: the numeric ids of those who may talk to the agent, with commas. The bot tells strangers theirs.
    #[arg(id = "telegram-allow", long, value_name = "IDS", value_delimiter = ',')]
    pub(crate) allow: Vec<i64>,
    /// With --front telegram: let everybody talk to the agent who finds the bot.
    #[arg(id = "telegram-allow-everyone", long, conflicts_with = "telegram-allow")]
    pub(crate) allow_everyone: bool,
    /// With --front telegram: the Bot API, such as a server of your own.
    #[arg(id = "telegram-api", long, value_name = "URL", default_value = "https://api.telegram.org")]
    pub(crate) api: String,
}

/// Makes the front; Telegram is not asked yet.
pub(crate) fn open(
    args: &TelegramArgs,
    tenant: &Tenant,
    dialer: &TcpDialer,
) -> anyhow::Result<Arc<TelegramFront>> {
    let base_url = Url::parse(&args.api)
        .with_context(|| format!("--telegram-api: `{}` is no URL", args.api.escape_debug()))?;
    let is_loopback = match base_url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    match base_url.scheme() {
        "https" => {}
        "http" if is_loopback => {}
        _ => bail!("--telegram-api: the bot's token may only go to https, or to this machine"),
    }
    let token = BotToken::new(&token(args)?)?;
    let dialer = Arc::new(dialer.clone());
    let settings = TelegramSettings::new(token, tenant.clone(), dialer).with_base_url(base_url);
    Ok(Arc::new(TelegramFront::new(settings)))
}

/// Who may talk to the agent.
pub(crate) fn access(args: &TelegramArgs) -> AccessPolicy {
    if args.allow_everyone {
        AccessPolicy::everyone()
    } else {
        AccessPolicy::listed(args.allow.iter().map(i64::to_string))
    }
}

/// Completes only where Telegram cannot be served any more, with the reason. It is the connector's one front.
pub(crate) async fn failed(connector: &Connector) -> anyhow::Error {
    if let Some((_, mut state)) = connector.front_states().pop()
        && let Ok(fatal) = state.wait_for(|state| matches!(state, FrontState::Fatal { .. })).await
        && let FrontState::Fatal { why, remedy } = &*fatal
    {
        return anyhow::anyhow!("Telegram is not served any more: {why}; {remedy}");
    }
    std::future::pending().await
}

fn token(args: &TelegramArgs) -> anyhow::Result<String> {
    match &args.token_file {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("--telegram-token-file: {} cannot be read", file.display())),
        None => std::env::var("TELEGRAM_BOT_TOKEN").map_err(|_| {
            anyhow::anyhow!(
                "--front telegram needs the token of a bot: send /newbot to @BotFather, put the token in a file and \
                 name it with --telegram-token-file, or set TELEGRAM_BOT_TOKEN"
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use clap::Parser as _;
    use relay_connector::Tenant;

    use crate::cli::{Cli, Command};

    fn opened(more: &[&str]) -> Result<(), String> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        writeln!(file, "123:abcdefghijklmnop").expect("written");
        let path = file.path().to_str().expect("a path");
        let command = ["relay-connector", "serve", "--front", "telegram", "--telegram-token-file", path];
        let cli = Cli::try_parse_from(command.iter().chain(more)).map_err(|error| error.to_string())?;
        let Command::Serve(args) = cli.into_command() else { panic!("serve") };
        let tenant = Tenant::new("home").expect("a tenant");
        super::open(&args.telegram, &tenant, &relay_net::TcpDialer::default())
            .map(|_| ())
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn a_token_and_those_who_may_talk_make_a_front() {
        assert_eq!(opened(&["--telegram-allow", "7,8"]), Ok(()));
        assert_eq!(opened(&["--telegram-allow-everyone"]), Ok(()));
        assert!(opened(&["--telegram-allow", "7", "--telegram-allow-everyone"]).is_err());
    }

    #[test]
    fn the_token_leaves_the_machine_encrypted_only() {
        assert_eq!(opened(&["--telegram-api", "http://127.0.0.1:8081"]), Ok(()));
        let refused = opened(&["--telegram-api", "http://api.example"]).expect_err("plaintext");
        assert!(refused.contains("https") && !refused.contains("abcdef"), "{refused}");
    }
}
