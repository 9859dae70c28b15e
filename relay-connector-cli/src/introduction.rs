//! What is printed first: where the connector is and how a gateway gets in.

use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use relay_auth::Secret;
use relay_connector_setup::{ConfiguredFront, ConnectorFile};

use crate::cli::{FrontKind, ServeArgs};

/// Where the program listens.
pub(crate) struct Listening {
    /// For gateways.
    pub(crate) address: SocketAddr,
    /// For metrics and health checks, if at all.
    pub(crate) metrics: Option<SocketAddr>,
}

/// Writes the introduction, with the token: handing it over is what it is printed for.
pub(crate) fn write(
    out: &mut dyn Write,
    listening: &Listening,
    args: &ServeArgs,
    token: &Secret,
) -> io::Result<()> {
    let Listening { address, metrics } = listening;
    let url = format!("http://{}", dialable(*address));
    writeln!(
        out,
        "relay-connector listens on {address} for the tenant {tenant}.\n\
         \n\
         Let one gateway in, within {minutes} min:\n\
         \n    relay-gateway enroll --connector-url {url} --token {token}\
         \n    relay-gateway run --agent echo\n\
         \n\
         {kept}\n\
         \n\
         {chat}\n",
        tenant = args.tenant,
        minutes = args.token_ttl.as_secs().div_ceil(60),
        token = token.expose(),
        kept = match &args.data {
            Some(folder) => format!("What it remembers is in {}.", folder.display()),
            None => "What it remembers ends with it: gateways enroll again at its next start (--data DIR keeps all \
                     of it)."
                .to_owned(),
        },
        chat = match args.front {
            #[cfg(feature = "telegram")]
            FrontKind::Telegram => "Chats: those of the bot on Telegram.".to_owned(),
            _ => format!("Chat: {}. What you write here goes to the gateway.", args.chat.escape_debug()),
        },
    )?;
    if let Some(metrics) = metrics {
        writeln!(out, "Metrics: http://{metrics}/metrics, beside /healthz and /readyz.\n")?;
    }
    out.flush()
}

/// The same for a connector from its file.
pub(crate) fn of_file(
    out: &mut dyn Write,
    listening: &Listening,
    file: &ConnectorFile,
    args: &ServeArgs,
    token: &Secret,
) -> io::Result<()> {
    let Listening { address, metrics } = listening;
    let platforms: Vec<&str> = file.fronts.iter().map(ConfiguredFront::platform).collect();
    let platforms = platforms.join(",");
    writeln!(
        out,
        "relay-connector listens on {address} for the tenant {tenant}, as {file} says.\n\
         \n\
         Let one gateway in, within {minutes} min:\n\
         \n    relay-gateway enroll --connector-url http://{dialed} --token {token}\
         \n    GATEWAY_RELAY_PLATFORMS={platforms} relay-gateway run\n\
         \n\
         What it remembers is in {data}.\n",
        tenant = file.tenant,
        file = file.path.display(),
        minutes = args.token_ttl.as_secs().div_ceil(60),
        dialed = dialable(*address),
        token = token.expose(),
        data = file.data.display(),
    )?;
    if let Some(metrics) = metrics {
        writeln!(out, "Metrics: http://{metrics}/metrics, beside /healthz and /readyz.\n")?;
    }
    out.flush()
}

/// The address to dial from this machine: a listener on every address is reached by loopback.
pub(crate) fn dialable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use relay_auth::Secret;

    use super::Listening;
    use crate::cli::{Cli, Command};

    #[test]
    fn the_introduction_holds_the_command_that_lets_a_gateway_in() {
        let Command::Serve(args) = Cli::parse_from(["relay-connector"]).into_command() else {
            panic!("serving is the default")
        };
        let mut out = Vec::new();
        let listening = Listening {
            address: "0.0.0.0:1234".parse().unwrap(),
            metrics: Some("127.0.0.1:9465".parse().unwrap()),
        };
        super::write(&mut out, &listening, &args, &Secret::new("t0k")).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "relay-connector listens on 0.0.0.0:1234 for the tenant home.\n\n\
             Let one gateway in, within 15 min:\n\n\
             \x20   relay-gateway enroll --connector-url http://127.0.0.1:1234 --token t0k\n\
             \x20   relay-gateway run --agent echo\n\n\
             What it remembers ends with it: gateways enroll again at its next start (--data DIR keeps all of \
             it).\n\n\
             Chat: terminal. What you write here goes to the gateway.\n\n\
             Metrics: http://127.0.0.1:9465/metrics, beside /healthz and /readyz.\n\n"
        );
    }
}
