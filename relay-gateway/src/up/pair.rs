//! `pair`: who may talk to the agent.

use std::path::Path;

use relay_config::Home;
use relay_connector_setup::PairingDesk;

use super::{connector_file, load};
use crate::boot;
use crate::cli::{Exit, PairArgs, print, report_error};

pub(crate) async fn run(home: Option<&Path>, args: &PairArgs) -> anyhow::Result<Exit> {
    let home = Home::find(home, &boot::environment())?;
    let file = match load(&home) {
        Some(Ok(file)) => file,
        Some(Err(problems)) => return Ok(report_error(Exit::Config, &problems)),
        None => {
            let what = format!(
                "there is no {}, so nobody can be let in here; `relay-gateway init` writes one",
                connector_file(&home).display()
            );
            return Ok(report_error(Exit::Config, &what));
        }
    };
    let desk = PairingDesk::open(&file)?;
    if args.owner {
        let codes = desk.owner_codes(false).await?;
        if codes.is_empty() {
            let what = "nobody gets in by a code here: connector.yaml says `access: list` or `everyone`";
            return Ok(report_error(Exit::Config, &what));
        }
        for (platform, code) in codes {
            print(format!("Whoever sends the bot on {platform} this code first is an owner: {code}\n"))?;
        }
        return Ok(Exit::Done);
    }
    if let Some(id) = &args.remove {
        if desk.remove(id).await?.is_empty() {
            let what = format!(
                "nobody was let in by the id {}; `relay-gateway pair` lists them, and `allow` in connector.yaml is yours \
                 to edit",
                id.escape_debug()
            );
            return Ok(report_error(Exit::Failed, &what));
        }
        print(format!("{} may not talk any more.\n", id.escape_debug()))?;
        return Ok(Exit::Done);
    }
    let Some(code) = &args.code else {
        for report in desk.report().await? {
            print(report.to_string())?;
        }
        return Ok(Exit::Done);
    };
    let Some((_, person)) = desk.approve(code).await? else {
        let what = format!(
            "nobody has the code {code} any more: codes are good for an hour; `relay-gateway pair` lists who waits"
        );
        return Ok(report_error(Exit::Failed, &what));
    };
    print(format!("{} may talk now; let them write again.\n", person.name))?;
    Ok(Exit::Done)
}
