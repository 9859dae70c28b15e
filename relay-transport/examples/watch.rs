//! Watches a link that finds no connector: it dials again, backing off, until it is closed.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;

use relay_auth::Secret;
use relay_transport::{Credentials, Link, LinkConfig, LinkState, RelayTransport as _};
use relay_wire::{GatewayId, Identity};
use url::Url;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Nothing listens at a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let dial_url = Url::parse(&format!("ws://127.0.0.1:{port}/relay"))?;
    let identity = Identity { platform: "discord".into(), bot_id: String::new() };
    let credentials = Credentials::new(GatewayId::new("mine")?, Secret::new("hush"));

    let (link, _deliveries, task) =
        Link::start(LinkConfig::new(dial_url, identity).with_credentials(credentials));
    let mut state = link.state();
    loop {
        let now = state.borrow_and_update().clone();
        println!("{now:?}");
        if matches!(now, LinkState::Connecting { attempt } if attempt > 0) {
            break;
        }
        state.changed().await?;
    }
    link.close().await;
    task.await;
    println!("{:?}", *state.borrow());
    Ok(())
}
