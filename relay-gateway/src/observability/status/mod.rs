//! `status`: how the running gateways of a home stand.
//!
//! Each gateway listens on a Unix socket of its own in the home and says how it stands to whoever connects. No
//! port is open, and only the home's owner can connect.

mod ask;
mod listener;
mod report;

use std::path::{Path, PathBuf};

use relay_config::Home;
use relay_runtime::Clock;

pub(crate) use self::ask::{StatusReply, ask};
pub(crate) use self::listener::StatusSocket;
pub(crate) use self::report::span;
use crate::boot;
use crate::cli::{Exit, StatusArgs, print, report_error};

/// The folder of a home's status sockets.
pub(crate) fn folder(home: &Home) -> PathBuf {
    home.path().join("relay").join("run")
}

pub(crate) async fn run(home: Option<&Path>, args: &StatusArgs) -> anyhow::Result<Exit> {
    let home = Home::find(home, &boot::environment())?;
    let answers = ask(&folder(&home)).await;
    let exit = report::exit(&answers);
    if args.json {
        print(format!("{:#}\n", report::json(&answers)))?;
        return Ok(exit);
    }
    if answers.is_empty() {
        let what = format!(
            "no gateway runs from {}; start one with `relay-gateway run`, or name another home with --home",
            home.path().display()
        );
        return Ok(report_error(exit, &what));
    }
    print(report::text(&answers, Clock::system().now().0))?;
    Ok(exit)
}
