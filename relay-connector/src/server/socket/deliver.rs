//! The delivering half: what the instance's buffer holds, in order, as far as the window allows.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::delivery::closing::{Blame, Closing};
use crate::delivery::delivery_buffers::DeliveryBuffers;
use crate::delivery::gateway_connection::GatewayConnection;
use crate::delivery::in_flight_window::Suspicion;
use crate::delivery::instance_delivery::Departure;
use crate::{Cursor, Seq, StoreError};

/// Acks that are stored together.
const BATCH: usize = 256;

/// Delivers for as long as the store can be read.
pub(super) async fn deliver(connection: &Arc<GatewayConnection>, buffers: &DeliveryBuffers) -> Closing {
    match pull(connection, buffers).await {
        Ok(never) => match never {},
        Err(error) => {
            tracing::error!(gateway = %connection.gateway_id, %error, "the buffer cannot be read; closing the connection");
            Closing::TryLater
        }
    }
}

async fn pull(
    connection: &Arc<GatewayConnection>,
    buffers: &DeliveryBuffers,
) -> Result<std::convert::Infallible, StoreError> {
    let limits = buffers.limits();
    let mut reader = BufferReader::default();
    let mut changes = connection.instance_delivery.changes();
    loop {
        changes.mark_unchanged();
        lapse(connection, buffers).await?;
        if reader.advance(connection, buffers).await? {
            continue;
        }
        let next_lapse = connection.in_flight().next_lapse(limits.ack);
        tokio::select! {
            ticked = changes.changed() => ticked.expect("the connection holds its delivery"),
            () = sleep_until(next_lapse.unwrap_or_else(Instant::now)), if next_lapse.is_some() => {}
        }
    }
}

/// How far a connection has read the buffer, for each platform that is its own.
#[derive(Default)]
struct BufferReader {
    cursors: BTreeMap<String, Seq>,
    rewinds: u64,
    /// The ping that has to be answered before a suspect is sent.
    ping: Option<u64>,
}

impl BufferReader {
    /// Sends what there is and what there is room for; whether it is worth trying again at once.
    async fn advance(
        &mut self,
        connection: &Arc<GatewayConnection>,
        buffers: &DeliveryBuffers,
    ) -> Result<bool, StoreError> {
        let view = connection.instance_delivery.view(connection);
        if view.rewinds != self.rewinds {
            self.cursors.clear();
            self.rewinds = view.rewinds;
        }
        // A platform that comes back to this connection is read from its beginning.
        self.cursors.retain(|platform, _| view.platforms.contains(platform));
        if view.platforms.is_empty() {
            return Ok(false);
        }
        let Some(room) = connection.in_flight().room(buffers.limits()) else { return Ok(false) };
        let cursor = |platform: &String| Cursor {
            platform: platform.clone(),
            after: self.cursors.get(platform).copied().unwrap_or_default(),
        };
        let cursors = view.platforms.iter().map(cursor).collect();
        let found =
            buffers.pending(&connection.instance_delivery.instance, cursors, room.items, room.bytes).await?;
        if found.is_empty() {
            connection.instance_delivery.read_to_the_end(connection, &view);
            return Ok(false);
        }
        for delivery in found {
            if delivery.is_suspect() && !self.may_go_alone(connection).await {
                return Ok(false);
            }
            let goes_alone = delivery.is_suspect();
            match connection.deliver(&delivery, buffers.limits()).await {
                Departure::Sent | Departure::Skipped => self.cursors.insert(delivery.platform, delivery.seq),
                Departure::Refused => break,
            };
            if goes_alone {
                break;
            }
        }
        Ok(true)
    }

    /// Whether nothing else is under way, and the gateway has just answered: if it goes down then, nothing else can be
    /// why.
    async fn may_go_alone(&mut self, connection: &GatewayConnection) -> bool {
        if connection.in_flight().len() > 0 {
            self.ping = None;
            return false;
        }
        match self.ping {
            Some(ping) if connection.in_flight().is_answered(ping) => {
                self.ping = None;
                true
            }
            Some(_) => false,
            None => {
                self.ping = Some(connection.ping().await);
                false
            }
        }
    }
}

/// Makes room for others where acks are overdue, and counts what the gateway passed over.
async fn lapse(connection: &Arc<GatewayConnection>, buffers: &DeliveryBuffers) -> Result<(), StoreError> {
    let (lapsed, passed_over) = {
        let mut in_flight = connection.in_flight();
        (in_flight.lapse(Instant::now(), buffers.limits().ack), in_flight.passed_over())
    };
    buffers.unacknowledged(lapsed);
    if passed_over.is_empty() {
        return Ok(());
    }
    buffers.nack(&connection.instance_delivery.instance, passed_over).await
}

/// Accounts for a connection that ended: stores the acks that came, and counts what it was at, if that can be why.
///
/// Only the oldest delivery counts. A gateway takes deliveries in their order, so if one of them is its end, it is
/// that one, and those behind it must not become dead letters for it.
pub(super) async fn settle(
    connection: &Arc<GatewayConnection>,
    buffers: &DeliveryBuffers,
    reason: &Closing,
    mut acks: mpsc::Receiver<Seq>,
) -> Result<(), StoreError> {
    acks.close();
    acknowledge(connection, buffers, &mut acks).await;
    let blame = reason.blames();
    if blame == Blame::Nothing || connection.is_idle() {
        return Ok(());
    }
    let instance = &connection.instance_delivery.instance;
    let (oldest, under_way) = {
        let in_flight = connection.in_flight();
        (in_flight.at_the_end(blame == Blame::Content), in_flight.len())
    };
    buffers.unacknowledged(under_way.min(1));
    match oldest {
        Some(Suspicion::Blamed(seq)) => buffers.nack(instance, vec![seq]).await,
        Some(Suspicion::Lost(seq)) => buffers.suspect(instance, seq).await,
        None => Ok(()),
    }
}

/// Removes what is acknowledged from the buffer, for as long as acks may come.
pub(super) async fn acknowledge(
    connection: &Arc<GatewayConnection>,
    buffers: &DeliveryBuffers,
    acks: &mut mpsc::Receiver<Seq>,
) {
    let instance = &connection.instance_delivery.instance;
    let mut batch = Vec::with_capacity(BATCH);
    let (mut logged_unknown, mut logged_failed) = (false, false);
    while acks.recv_many(&mut batch, BATCH).await > 0 {
        match buffers.remove(instance, batch.clone()).await {
            Ok(unknown) => {
                connection.instance_delivery.removed(&batch);
                if !unknown.is_empty() && !logged_unknown {
                    logged_unknown = true;
                    tracing::info!(
                        gateway = %connection.gateway_id,
                        delivery = %unknown[0],
                        "ignoring an ack for a delivery that does not wait; further ones of this connection are ignored without a log line"
                    );
                }
            }
            // What it was for comes again with the next handshake.
            Err(error) if !logged_failed => {
                logged_failed = true;
                tracing::error!(gateway = %connection.gateway_id, %error, "acks cannot be stored");
            }
            Err(_) => {}
        }
        batch.clear();
    }
}
