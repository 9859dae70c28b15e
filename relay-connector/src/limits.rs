//! The bounds within which one peer can neither exhaust the connector nor hold up another.

use std::time::Duration;

use getset::{CopyGetters, WithSetters};
use relay_wire::DEFAULT_MAX_LINE;

use crate::BufferLimits;

/// Every bound of a [`Connector`](crate::Connector); the defaults are the contract's where it states one.
#[derive(Clone, Debug, CopyGetters, WithSetters)]
#[getset(get_copy = "pub", set_with = "pub")]
pub struct Limits {
    /// Sockets open at once, upgraded or not. Further ones wait in the listener's backlog.
    pub(crate) connections: usize,
    /// How long a peer may take over the head of a request, and over its body.
    pub(crate) request: Duration,
    /// The longest request body, files excepted, in bytes.
    pub(crate) body: usize,
    /// The longest request body that a mounted route is given, in bytes.
    pub(crate) mounted_body: usize,
    /// How long a mounted route may take until it begins to answer.
    pub(crate) mounted: Duration,
    /// How long an upload may take as a whole; each of its pieces has [`request`](Self::request).
    pub(crate) upload: Duration,
    /// The largest file, in bytes.
    pub(crate) media: u64,
    /// What the files of one tenant may weigh together, in bytes.
    pub(crate) media_per_tenant: u64,
    /// How long a file is kept.
    pub(crate) media_ttl: Duration,
    /// The longest line, in bytes. A longer one is skipped.
    pub(crate) line: usize,
    /// The largest WebSocket message, in bytes. A larger one ends the connection with 1009.
    pub(crate) message: usize,
    /// How long a gateway may take from the upgrade to its first hello.
    pub(crate) hello: Duration,
    /// Identities that one connection may announce.
    pub(crate) identities: usize,
    /// How long a write may take until the peer counts as lost.
    pub(crate) write: Duration,
    /// How often the connector pings.
    pub(crate) ping: Duration,
    /// How long a ping may go unanswered until the peer counts as lost, whatever else comes from it: a link may be dead in
    /// one direction alone. With [`ping`](Self::ping), how long that takes to be found.
    pub(crate) pong: Duration,
    /// Frames that wait to be written to one connection.
    pub(crate) outgoing: usize,
    /// Deliveries of one connection that are sent and not acknowledged; 1 sends each after the ack of the one
    /// before it.
    pub(crate) window: usize,
    /// What those may weigh together, in bytes of their lines. One that is heavier goes alone.
    pub(crate) window_bytes: usize,
    /// How long an ack is waited for. Past it the delivery leaves the window, and comes again with the next
    /// handshake: a gateway that never acknowledges is slowed down and not stopped.
    pub(crate) ack: Duration,
    /// Deliveries without an ack after which one becomes a dead letter.
    pub(crate) deliveries: u32,
    /// How long a sleeping instance is left alone after its wake URL was called.
    pub(crate) wake_cooldown: Duration,
    /// How long such a call may take.
    pub(crate) wake: Duration,
    /// What may wait for one instance.
    pub(crate) buffer: BufferLimits,
    /// Actions of one connection that are not performed yet.
    pub(crate) actions: usize,
    /// What those actions may weigh together, in bytes of their lines.
    pub(crate) action_bytes: usize,
    /// How long a front may take over one action. Past it, what became of the action is unknown and no
    /// result is sent.
    pub(crate) action: Duration,
    /// How long a closed connection may take to end, and all of them together at the shutdown.
    pub(crate) teardown: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            request: Duration::from_secs(10),
            body: 64 * 1024,
            mounted_body: 1024 * 1024,
            mounted: Duration::from_secs(30),
            upload: Duration::from_mins(5),
            media: 25 * 1024 * 1024,
            media_per_tenant: 512 * 1024 * 1024,
            media_ttl: Duration::from_hours(1),
            line: DEFAULT_MAX_LINE,
            message: 16 * 1024 * 1024,
            hello: Duration::from_secs(30),
            identities: 64,
            write: Duration::from_secs(10),
            ping: Duration::from_secs(10),
            pong: Duration::from_secs(10),
            outgoing: 1024,
            window: 32,
            window_bytes: 4 * 1024 * 1024,
            ack: Duration::from_secs(10),
            deliveries: 5,
            wake_cooldown: Duration::from_secs(30),
            wake: Duration::from_secs(10),
            buffer: BufferLimits::default(),
            actions: 256,
            action_bytes: 32 * 1024 * 1024,
            action: Duration::from_mins(1),
            teardown: Duration::from_secs(5),
        }
    }
}
