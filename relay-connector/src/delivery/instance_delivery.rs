//! Where the deliveries of one instance go: its live connections, and which of them gets what.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::delivery::gateway_connection::GatewayConnection;
use crate::{Instance, Seq};

/// One instance that has a connection, or an event on its way into its buffer.
///
/// Of several connections that announced a platform, the newest one gets its deliveries. Connections do not push
/// to each other: each reads the buffer for the platforms that are its own, and marks here what it sends.
pub(crate) struct InstanceDelivery {
    pub(crate) instance: Instance,
    /// The second lock of delivery's order.
    state: Mutex<State>,
    /// Ticks whenever a connection may find something to do.
    changed: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    /// In the order in which they came.
    connections: Vec<Arc<GatewayConnection>>,
    /// What was sent and is in the buffer still, and by which connection. Not sent again while it is in here.
    under_way: BTreeMap<Seq, u64>,
    /// Counts the times at which the buffer has to be read from its beginning again.
    rewinds: u64,
    /// Connections that ended and are being accounted for.
    settling: usize,
    /// Events on their way into the buffer.
    appending: usize,
    /// Counts the events that came into it.
    appended: u64,
    /// The buffer was read to its end since the last event that came into it.
    drained: bool,
}

/// What a connection goes by when it reads the buffer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// The platforms whose deliveries it gets.
    pub(crate) platforms: Vec<String>,
    pub(crate) rewinds: u64,
    appended: u64,
}

/// What became of a delivery at the last moment before it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// It is on its way.
    Sent,
    /// It is on its way already, on this connection or another.
    Skipped,
    /// The connection gets no deliveries of this platform any more.
    Refused,
}

impl InstanceDelivery {
    pub(crate) fn new(instance: Instance) -> Self {
        Self { instance, state: Mutex::default(), changed: watch::channel(()).0 }
    }

    /// Wakes whenever there may be something to do.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Says that there may be something to do.
    pub(crate) fn tick(&self) {
        self.changed.send_replace(());
    }

    /// A connection comes. What an older one of the same gateway had under way comes again.
    pub(crate) fn enter(
        &self,
        connection: &Arc<GatewayConnection>,
        replaced: Option<&Arc<GatewayConnection>>,
    ) {
        let mut state = self.state();
        if let Some(replaced) = replaced {
            state.remove(replaced);
        }
        state.connections.push(Arc::clone(connection));
        state.drained = false;
        drop(state);
        self.tick();
    }

    /// A connection ended. From here until it [leaves](Self::leave) nothing is read from the buffer: what it
    /// acknowledged is still being removed, and what it did not may become a dead letter.
    pub(crate) fn settle(&self, connection: &GatewayConnection) {
        let mut state = self.state();
        if connection.begin_settling() {
            state.settling += 1;
        }
    }

    /// A connection is gone, and what it had under way comes again.
    pub(crate) fn leave(&self, connection: &Arc<GatewayConnection>) {
        let mut state = self.state();
        state.remove(connection);
        if connection.is_settling() {
            state.settling -= 1;
        }
        drop(state);
        self.tick();
    }

    /// A connection announced a platform, of which the buffer may hold something.
    pub(crate) fn announced(&self) {
        self.state().drained = false;
        self.tick();
    }

    /// Has the buffer read from its beginning again: something came back into it.
    pub(crate) fn rewind(&self) {
        let mut state = self.state();
        state.rewinds += 1;
        state.drained = false;
        drop(state);
        self.tick();
    }

    /// Whether nothing and nobody is left here.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.state();
        state.connections.is_empty() && state.appending == 0 && state.settling == 0
    }

    /// Whether a connection would get this platform's deliveries now.
    pub(crate) fn is_live(&self, platform: &str) -> bool {
        self.state().owner(platform).is_some()
    }

    /// What this connection may read now; nothing while another one is being accounted for.
    pub(crate) fn view(&self, connection: &Arc<GatewayConnection>) -> View {
        let state = self.state();
        let mut platforms = if state.settling > 0 { Vec::new() } else { connection.platforms() };
        platforms.retain(|platform| state.is_owner(connection, platform));
        View { platforms, rewinds: state.rewinds, appended: state.appended }
    }

    /// The connection read everything there was for the platforms of its view.
    pub(crate) fn read_to_the_end(&self, connection: &Arc<GatewayConnection>, view: &View) {
        let mut state = self.state();
        let nothing_came = state.appending == 0 && state.appended == view.appended;
        // With a second connection there are two ends, and nobody waits for both.
        let alone = state.connections.len() == 1 && Arc::ptr_eq(&state.connections[0], connection);
        if nothing_came && alone && state.rewinds == view.rewinds && state.settling == 0 {
            state.drained = true;
        }
    }

    /// Sends a delivery on this connection, unless it is on its way or no longer this connection's.
    pub(crate) fn depart(
        &self,
        connection: &Arc<GatewayConnection>,
        platform: &str,
        seq: Seq,
        remembered: usize,
        send: impl FnOnce(),
    ) -> Departure {
        let mut state = self.state();
        if !state.is_owner(connection, platform) {
            return Departure::Refused;
        }
        if state.under_way.contains_key(&seq) {
            return Departure::Skipped;
        }
        // The lock of the connection is held while it sends, so that nothing slips behind a `going_idle_ack`.
        if !connection.while_awake(send) {
            return Departure::Refused;
        }
        state.under_way.insert(seq, connection.number);
        // The oldest of so many has long left the buffer: that is bounded, and its oldest leave first.
        if state.under_way.len() > remembered {
            state.under_way.pop_first();
        }
        Departure::Sent
    }

    /// These have left the buffer.
    pub(crate) fn removed(&self, seqs: &[Seq]) {
        let mut state = self.state();
        for seq in seqs {
            state.under_way.remove(seq);
        }
    }

    /// An event is about to be appended.
    pub(crate) fn append(&self) {
        let mut state = self.state();
        state.appending += 1;
        state.drained = false;
    }

    /// It was, or could not be.
    pub(crate) fn appended(&self) {
        let mut state = self.state();
        state.appending -= 1;
        state.appended += 1;
        state.drained = false;
        drop(state);
        self.tick();
    }

    /// Sends an event past the buffer, if a connection is live for its platform and has been sent all that the
    /// buffer holds; `false` when it has to be appended.
    pub(crate) fn send_past(&self, platform: &str, send: impl FnOnce(&GatewayConnection) -> bool) -> bool {
        let state = self.state();
        let Some(owner) = state.owner(platform).filter(|_| state.drained) else { return false };
        let mut done = false;
        owner.while_awake(|| done = send(owner)) && done
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn owner(&self, platform: &str) -> Option<&Arc<GatewayConnection>> {
        self.connections.iter().rev().find(|connection| connection.listens(Some(platform)))
    }

    fn is_owner(&self, connection: &Arc<GatewayConnection>, platform: &str) -> bool {
        self.owner(platform).is_some_and(|owner| Arc::ptr_eq(owner, connection))
    }

    fn remove(&mut self, connection: &Arc<GatewayConnection>) {
        self.connections.retain(|other| !Arc::ptr_eq(other, connection));
        self.under_way.retain(|_, number| *number != connection.number);
        self.rewinds += 1;
        self.drained = false;
    }
}
