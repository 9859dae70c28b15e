//! What is kept until it is acknowledged: windows, redeliveries, restarts, and what nobody will take.

#[path = "../rig/mod.rs"]
mod rig;

mod dead_letters;
mod idle;
mod live;
#[cfg(feature = "sqlite")]
mod restart;
#[cfg(feature = "sqlite")]
mod stored;
mod wake;
mod window;

use std::time::Duration;

use relay_connector::{Delivery, Instance, Limits, MemoryStore, Tenant};
use rig::Rig;

/// Without sockets, and with these bounds.
async fn rig(limits: Limits) -> Rig {
    Rig::in_memory(MemoryStore::default(), |builder| builder.limits(limits)).await
}

fn window(window: usize) -> Limits {
    Limits::default().with_window(window)
}

async fn say_all(rig: &Rig, texts: &[&str], delivery: Delivery) {
    for text in texts {
        rig.say(text, delivery).await;
    }
}

/// What the buffer of a gateway without an instance id still holds.
async fn backlog(rig: &Rig, gateway: &str) -> usize {
    let instance = Instance::of_gateway(Tenant::default(), &gateway.parse().unwrap());
    rig.connector.store().backlog(&instance).await.unwrap().items
}

/// How long the connector waits for an ack in these tests; time is paused, so nobody does.
const ACK: Duration = Duration::from_secs(10);
