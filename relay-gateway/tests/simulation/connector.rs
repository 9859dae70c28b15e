//! The connector's program: the real library, over a simulated network and a real file.

use std::sync::Arc;
use std::time::Duration;

use relay_auth::Secret;
use relay_connector::{
    Accept, BufferLimits, Clock, Connector, Delivery, Direction, Enrollment, Front, GatewayStore as _,
    Limits, Random, SqliteStore, Tenant,
};
use relay_wire::{ConnectorFrame, Identity};
use tokio::time::sleep;
use turmoil::net::TcpListener;

use crate::gateway::{GATEWAY, SECRET};
use crate::happening::{Happening, Host};
use crate::names::{MessageId, PLATFORMS};
use crate::platform::ScriptedPlatform;
use crate::store::ObservedStore;
use crate::wire::{PORT, Wire};
use crate::world::Life;
use crate::{clock, dice};

/// Accepts from the simulated network.
struct Listener {
    listener: TcpListener,
    life: Life,
}

impl Accept for Listener {
    type Stream = Wire;

    async fn accept(&mut self) -> std::io::Result<Wire> {
        let (stream, _) = self.listener.accept().await?;
        Ok(Wire::new(stream, self.life.clone()))
    }
}

/// Lives one life.
pub async fn run(life: Life) -> turmoil::Result {
    let platforms = [0, 1].map(|number| ScriptedPlatform::new(number, life.clone()));
    let [alpha, beta] = platforms.clone().map(|platform| platform as Arc<dyn Front>);
    let store = ObservedStore {
        store: Arc::new(SqliteStore::open_inline(life.world.disk(Host::Connector))?),
        life: life.clone(),
    };
    if store.gateway(&GATEWAY.parse().unwrap()).await?.is_none() {
        admit(&store).await?;
    }
    let tap = life.clone();
    let plan = &life.world.plan;
    let connector = Connector::builder(store)
        .front(alpha)
        .front(beta)
        .limits(
            Limits::default()
                .with_window(plan.window)
                .with_deliveries(plan.deliveries)
                .with_buffer(BufferLimits::default().with_items(plan.buffer_items)),
        )
        .always_buffer(plan.always_buffer)
        .clock(Clock::from_fn(clock::now))
        .random(Random::from_fn(|bytes| {
            bytes.fill_with(|| dice::for_link().to_le_bytes()[0]);
            Ok(())
        }))
        .tap(Arc::new(move |direction, line: &str| note_line(&tap, direction, line)))
        .build()?;
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    for platform in platforms {
        for (chat, _) in life.world.chats(platform.number) {
            tokio::spawn(feed(Arc::clone(&platform), chat));
        }
    }
    let stop = life.stop.clone();
    connector.serve(Listener { listener, life }, stop.cancelled()).await;
    Ok(())
}

/// Lets the gateway in, as the machine was set up.
async fn admit(store: &ObservedStore) -> turmoil::Result {
    let enrollment = Enrollment::new(
        GATEWAY.parse().unwrap(),
        Tenant::default(),
        Secret::new(SECRET),
        "nonce",
        clock::now(),
        clock::now(),
    );
    store.enroll(enrollment).await?;
    for platform in PLATFORMS {
        let identity = Identity { platform: platform.to_owned(), bot_id: String::new() };
        store.announce(&GATEWAY.parse().unwrap(), identity, None).await?;
    }
    Ok(())
}

/// Hands over one chat's messages in their order, each until it is taken.
async fn feed(platform: Arc<ScriptedPlatform>, chat: u8) {
    let world = Arc::clone(&platform.life.world);
    let (_, outbox) =
        world.chats(platform.number).find(|(number, _)| *number == chat).expect("a chat of the world");
    let events = platform.events().await;
    loop {
        let (message, text) = outbox.first().await;
        match events.deliver(&Tenant::default(), message.event(&text)).await {
            Ok(Delivery::Delivered(_) | Delivery::Buffered(_)) => {
                platform.life.power.hold().await;
                outbox.taken();
                let kept =
                    world.plan.always_buffer || world.state().buffered.values().any(|kept| *kept == message);
                platform.life.note(&Happening::Taken { message, kept });
            }
            Ok(other) => panic!("{message} is {other:?}, and the gateway fronts its platform"),
            Err(_) => sleep(Duration::from_secs(1)).await,
        }
    }
}

fn note_line(tap: &Life, direction: Direction, line: &str) {
    if direction == Direction::ToGateway
        && let Ok(ConnectorFrame::Inbound(inbound)) = ConnectorFrame::decode(line.as_bytes())
        && let Some(message) = MessageId::of(&inbound.event)
    {
        let buffer_id = inbound.buffer_id.map(|id| id.as_str().to_owned());
        tap.note(&Happening::Delivered { message, buffer_id });
    }
}
