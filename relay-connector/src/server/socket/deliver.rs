//! The delivering half: what the instance's buffer holds, in order, as far as the window allows.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::connector::Shared;
use crate::delivery::gateway_connection::Link;
use crate::delivery::instance_delivery::Departure;
use crate::server::close::Closing;
use crate::{Place, Seq, StoreError, Verdict};

/// Acks that are stored together.
const BATCH: usize = 256;

/// Delivers for as long as the store can be read.
pub(super) async fn deliver(link: &Arc<Link>, shared: &Shared) -> Closing {
    match pull(link, shared).await {
        Ok(never) => match never {},
        Err(error) => {
            tracing::error!(gateway = %link.gateway_id, %error, "deliveries stop; the gateway is sent away");
            Closing::TryLater
        }
    }
}

async fn pull(link: &Arc<Link>, shared: &Shared) -> Result<std::convert::Infallible, StoreError> {
    let limits = &shared.limits;
    let mut reader = BufferReader::default();
    let mut changes = link.outlet.changes();
    loop {
        changes.mark_unchanged();
        lapse(link, shared).await?;
        if reader.advance(link, shared).await? {
            continue;
        }
        let next_lapse = link.flights().next_lapse(limits.ack);
        tokio::select! {
            ticked = changes.changed() => ticked.expect("the link holds its outlet"),
            () = sleep_until(next_lapse.unwrap_or_else(Instant::now)), if next_lapse.is_some() => {}
        }
    }
}

/// How far a connection has read the buffer, for each platform that is its own.
#[derive(Default)]
struct BufferReader {
    places: BTreeMap<String, Seq>,
    rewinds: u64,
}

impl BufferReader {
    /// Sends what there is and what there is room for; whether it is worth trying again at once.
    async fn advance(&mut self, link: &Arc<Link>, shared: &Shared) -> Result<bool, StoreError> {
        let view = link.outlet.view(link);
        if view.rewinds != self.rewinds {
            self.places.clear();
            self.rewinds = view.rewinds;
        }
        // A platform that comes back to this connection is read from its beginning.
        self.places.retain(|platform, _| view.platforms.contains(platform));
        if view.platforms.is_empty() {
            return Ok(false);
        }
        let Some(room) = link.flights().room(&shared.limits) else { return Ok(false) };
        let place = |platform: &String| Place {
            platform: platform.clone(),
            after: self.places.get(platform).copied().unwrap_or_default(),
        };
        let places = view.platforms.iter().map(place).collect();
        let found = shared.store.pending(&link.outlet.instance, places, room.items, room.bytes).await?;
        if found.is_empty() {
            link.outlet.read_to_the_end(link, &view);
            return Ok(false);
        }
        for delivery in found {
            match link.deliver(&delivery, &shared.limits).await {
                Departure::Sent | Departure::Skipped => self.places.insert(delivery.platform, delivery.seq),
                Departure::Refused => break,
            };
        }
        Ok(true)
    }
}

/// Counts what was not acknowledged in time, and makes room for others.
async fn lapse(link: &Arc<Link>, shared: &Shared) -> Result<(), StoreError> {
    let lapsed = link.flights().lapse(Instant::now(), shared.limits.ack);
    if lapsed.is_empty() { Ok(()) } else { count(link, shared, lapsed).await }
}

/// Accounts for a connection that ended: stores the acks that came, and counts what it was at.
///
/// Only the oldest delivery counts. A gateway takes deliveries in their order, so if one of them is its end, it is
/// that one, and those behind it must not be set aside for it.
pub(super) async fn settle(
    link: &Arc<Link>,
    shared: &Shared,
    reason: &Closing,
    mut acks: mpsc::Receiver<Seq>,
) -> Result<(), StoreError> {
    acks.close();
    acknowledge(link, shared, &mut acks).await;
    let oldest = link.flights().oldest_written();
    match oldest {
        Some(oldest) if reason.is_the_peers_doing() && !link.is_idle() => {
            count(link, shared, vec![oldest]).await
        }
        _ => Ok(()),
    }
}

async fn count(link: &Arc<Link>, shared: &Shared, unacked: Vec<Seq>) -> Result<(), StoreError> {
    let limits = &shared.limits;
    let verdict = Verdict { max: limits.deliveries, now: (shared.clock)(), limits: limits.buffer };
    let instance = &link.outlet.instance;
    for seq in shared.store.count_unacked(instance, unacked, verdict).await? {
        tracing::warn!(
            %instance,
            delivery = %seq,
            deliveries = limits.deliveries,
            "a delivery was never acknowledged; it is set aside, and those behind it go on"
        );
    }
    Ok(())
}

/// Removes what is acknowledged from the buffer, for as long as acks may come.
pub(super) async fn acknowledge(link: &Arc<Link>, shared: &Shared, acks: &mut mpsc::Receiver<Seq>) {
    let instance = &link.outlet.instance;
    let mut batch = Vec::with_capacity(BATCH);
    let (mut told_unknown, mut told_failed) = (false, false);
    while acks.recv_many(&mut batch, BATCH).await > 0 {
        match shared.store.remove(instance, batch.clone()).await {
            Ok(unknown) => {
                link.outlet.removed(&batch);
                if !unknown.is_empty() && !told_unknown {
                    told_unknown = true;
                    tracing::info!(
                        gateway = %link.gateway_id,
                        delivery = %unknown[0],
                        "an ack for nothing that waits; further ones of this connection pass without a word"
                    );
                }
            }
            // What it was for comes again with the next handshake.
            Err(error) if !told_failed => {
                told_failed = true;
                tracing::error!(gateway = %link.gateway_id, %error, "acks cannot be stored");
            }
            Err(_) => {}
        }
        batch.clear();
    }
}
