//! The gateway's program: the real link and the real adapter, over a simulated network and a real file.

use relay_wire::Identity;
use std::sync::Arc;
use std::time::Duration;

use relay_adapter::{Adapter, AdapterSettings, Inbox, MemorySessionStore, TurnReport};
use relay_auth::Secret;
use relay_gateway::{Retention, SqliteInbox};
use relay_runtime::Clock;
use relay_transport::{Credentials, Limits, Link, LinkConfig, RelayTransport as _};
use tokio::time::Instant;
use url::Url;

use crate::agent::ScriptedAgent;
use crate::breaks::Break;
use crate::happening::{Happening, Host};
use crate::inbox::{HastyInbox, ObservedInbox};
use crate::names::{MessageId, PLATFORMS};
use crate::orders::Order;
use crate::transport::ObservedLink;
use crate::wire::SimulatedDial;
use crate::world::Life;
use crate::{clock, dice};

/// The gateway's name at the connector, and what it signs with.
pub const GATEWAY: &str = "gw";
pub const SECRET: &str = "secret";

/// How long it may take to stop.
const GRACE: Duration = Duration::from_secs(9);

/// How long it waits for the connector to go idle.
const PATIENCE: Duration = Duration::from_secs(3);

/// Lives one life.
pub async fn run(life: Life) -> turmoil::Result {
    let file = life.world.disk(Host::Gateway);
    let inbox = Arc::new(SqliteInbox::open_inline(&file, Retention::default(), Clock::from_fn(clock::now))?);
    let inbox = ObservedInbox { inbox, life: life.clone() };
    let inbox: Arc<dyn Inbox> = match life.world.broken {
        Some(Break::AckBeforeCommit) => Arc::new(HastyInbox::new(inbox)),
        _ => Arc::new(inbox),
    };
    let (link, deliveries, task) = Link::start(config(&life));
    let watching = tokio::spawn(watch(link.clone(), life.clone()));
    let transport = Arc::new(ObservedLink { link: link.clone(), life: life.clone() });
    let agent = Arc::new(ScriptedAgent(life.clone()));
    let obeying = tokio::spawn(obey(link.clone(), life.clone()));
    let stop = async {
        life.stop.cancelled().await;
        // With and without a word to the connector.
        if life.number.is_multiple_of(2) {
            link.drain(PATIENCE).await;
        }
        Instant::now() + GRACE
    };
    let sessions = Arc::new(MemorySessionStore::default());
    Adapter::new(transport, agent, inbox, sessions, settings(&life)).run(deliveries, stop).await?;
    link.close().await;
    task.await;
    watching.abort();
    obeying.abort();
    Ok(())
}

fn settings(life: &Life) -> AdapterSettings {
    let observer = life.clone();
    AdapterSettings::default()
        .with_identities(PLATFORMS.map(identity).to_vec())
        .with_open_messages(life.world.plan.open_messages)
        .with_admissions(life.world.plan.admissions)
        .with_observer(Some(Arc::new(move |report: &TurnReport| {
            let id = report.message_id.as_deref();
            let id = id.and_then(|id| MessageId::of_session(report.session_key.as_str(), id));
            let message = id.expect("every message has an id of the simulation");
            observer.note(&Happening::Ended { message, end: report.end });
        })))
}

fn identity(platform: &str) -> Identity {
    Identity { platform: platform.to_owned(), bot_id: String::new() }
}

fn config(life: &Life) -> LinkConfig {
    let url = Url::parse("ws://connector/relay").expect("a URL");
    let [alpha, beta] = PLATFORMS.map(identity);
    LinkConfig::new(url, alpha)
        .with_identity(beta)
        .with_credentials(Credentials::new(GATEWAY.parse().unwrap(), Secret::new(SECRET)))
        .with_plaintext(true)
        .with_dialer(Arc::new(SimulatedDial(life.clone())))
        .with_clock(Clock::from_fn(clock::now))
        .with_random(dice::link())
        .with_limits(Limits::default().with_event_queue(life.world.plan.event_queue))
}

/// Does what its operator says.
async fn obey(link: Link, life: Life) {
    loop {
        match life.orders.next().await {
            Order::Sleep => {
                let drained = link.hibernate(PATIENCE).await;
                life.note(&Happening::Link(format!("was told to sleep: {drained:?}")));
            }
            Order::Wake => link.wake(),
        }
    }
}

/// Notes what becomes of the link.
async fn watch(link: Link, life: Life) {
    let mut state = link.state();
    loop {
        let now = state.borrow_and_update().to_string();
        life.note(&Happening::Link(now));
        if state.changed().await.is_err() {
            return;
        }
    }
}
