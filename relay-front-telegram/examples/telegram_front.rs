//! Puts a Telegram bot in front of a connector. Nothing is sent before the front runs, so this one needs no bot.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::sync::Arc;

use relay_connector::{AccessPolicy, Connector, Front as _, MemoryStore, Tenant};
use relay_front_telegram::{BotToken, TelegramFront, TelegramSettings};
use relay_net::TcpDialer;

fn main() -> Result<(), Box<dyn Error>> {
    // As BotFather gives it; yours comes from a file or the environment.
    let token = BotToken::new("123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0")?;
    let settings = TelegramSettings::new(token, Tenant::default(), Arc::new(TcpDialer::default()));
    let front = Arc::new(TelegramFront::new(settings));
    let connector = Connector::builder(MemoryStore::default())
        .front(front.clone())
        .access(front.platform(), AccessPolicy::listed(["42"]))
        .build()?;
    println!("{connector:?} serves {}", front.platform());
    Ok(())
}
