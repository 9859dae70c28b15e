//! What both programs have on their disks when all is over: nothing that waits.

use futures_util::FutureExt as _;
use relay_adapter::Inbox as _;
use relay_auth::UnixSeconds;
use relay_connector::{BufferStore as _, Instance, SqliteStore, Tenant};
use relay_gateway::{Retention, SqliteInbox};
use relay_runtime::Clock;

use crate::gateway::GATEWAY;
use crate::happening::Host;
use crate::model::Verdict;
use crate::world::World;

const AT_ONCE: &str = "without a thread the answer comes at once";

/// Reads both files as the next start would.
pub fn at_rest(world: &World) -> Verdict {
    let store = SqliteStore::open_inline(world.disk(Host::Connector)).map_err(|error| error.to_string())?;
    let instance = Instance::of_gateway(Tenant::default(), &GATEWAY.parse().unwrap());
    let backlog =
        store.backlog(&instance).now_or_never().expect(AT_ONCE).map_err(|error| error.to_string())?;
    if backlog.items > 0 {
        return Err(format!("{} deliveries wait in the connector when all is over", backlog.items));
    }
    let inbox = SqliteInbox::open_inline(
        &world.disk(Host::Gateway),
        Retention::default(),
        Clock::fixed(UnixSeconds(0)),
    );
    let inbox = inbox.map_err(|error| error.to_string())?;
    let unfinished = inbox.unfinished().now_or_never().expect(AT_ONCE).map_err(|error| error.to_string())?;
    if let Some(first) = unfinished.first() {
        return Err(format!("the inbox has not finished {:?} when all is over", first.event.message_id));
    }
    Ok(())
}
