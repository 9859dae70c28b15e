//! The way of events from the fronts into the buffers.

use std::sync::Arc;

use bytes::Bytes;
use relay_wire::ConnectorFrame;

use crate::delivery::buffer_ids::{plain, unlabelled};
use crate::delivery::registry::Roster;
use crate::delivery::wake::Waker;
use crate::{
    Appended, Arrival, Clock, DeliverError, Delivery, Limits, Store, StoreError, Subscriber, Tenant,
};

/// Takes events of all fronts.
pub(crate) struct Intake {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) roster: Arc<Roster>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    /// Whether also what can be sent at once goes through the buffer, so that it is acknowledged.
    pub(crate) always_buffer: bool,
    pub(crate) waker: Waker,
}

impl Intake {
    /// The instances of the tenant that front the platform and are to get an event.
    pub(crate) async fn takers(
        &self,
        tenant: &Tenant,
        platform: &str,
        admits: impl Fn(&Subscriber) -> bool,
    ) -> Result<Vec<Subscriber>, StoreError> {
        let mut takers = self.store.subscribers(tenant, platform).await?;
        takers.retain(|subscriber| admits(subscriber));
        Ok(takers)
    }

    /// Takes a frame for these instances. Once this is answered, the frame is stored, or queued for a live
    /// connection where that is enough.
    pub(crate) async fn take(
        &self,
        mut takers: Vec<Subscriber>,
        platform: &str,
        frame: &ConnectorFrame<'_>,
    ) -> Result<Delivery, DeliverError> {
        if takers.is_empty() {
            return Ok(Delivery::Unwanted);
        }
        let text = unlabelled(frame);
        if text.len() > self.limits.line {
            return Err(DeliverError::TooLong { bytes: text.len(), max: self.limits.line });
        }
        let mut live = 0;
        if !self.always_buffer {
            takers.retain(|taker| {
                let sent = self
                    .roster
                    .send_past(&taker.instance, platform, |link| link.send_past(plain(&text), &self.limits));
                live += usize::from(sent);
                !sent
            });
        }
        if !takers.is_empty() {
            self.append(&takers, platform, text).await?;
            for taker in &takers {
                if self.roster.is_live(&taker.instance, platform) {
                    live += 1;
                } else {
                    self.waker.poke(taker);
                }
            }
        }
        Ok(if live > 0 { Delivery::Delivered(live) } else { Delivery::Buffered(takers.len()) })
    }

    async fn append(&self, takers: &[Subscriber], platform: &str, line: Bytes) -> Result<(), StoreError> {
        let instances: Vec<_> = takers.iter().map(|taker| taker.instance.clone()).collect();
        // Dropped at the end, which wakes the connections of these instances.
        let _on_their_way: Vec<_> =
            instances.iter().map(|instance| self.roster.appending(instance)).collect();
        let arrival = Arrival {
            instances,
            platform: platform.to_owned(),
            line,
            now: (self.clock)(),
            limits: self.limits.buffer,
        };
        self.store.append(arrival).await?.iter().for_each(tell);
        Ok(())
    }
}

/// Says what had to make room. It happens for every event while a buffer is full, and the operator may want to
/// know each time: something of theirs is not delivered.
fn tell(appended: &Appended) {
    let Appended { instance, set_aside, gone, .. } = appended;
    if *set_aside > 0 {
        tracing::warn!(%instance, set_aside, "deliveries waited for too long, or too many waited; the oldest are set aside");
    }
    if *gone > 0 {
        tracing::error!(%instance, gone, "too many deliveries were set aside; the oldest of those are gone");
    }
}
