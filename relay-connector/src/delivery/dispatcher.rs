//! The way of events from the fronts into the buffers.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use relay_wire::ConnectorFrame;

use crate::delivery::buffer_ids::{plain, unlabelled};
use crate::delivery::registry::Registry;
use crate::delivery::wake::Waker;
use crate::metrics::Metrics;
use crate::{
    AppendError, Appended, Clock, DeliverError, Delivery, Limits, NewDelivery, StorageChanges, Store,
    StoreError, Subscriber, Tenant,
};

/// Takes events of all fronts.
pub(crate) struct Dispatcher {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    /// Whether also what can be sent at once goes through the buffer, so that it is acknowledged.
    pub(crate) always_buffer: bool,
    pub(crate) waker: Waker,
    pub(crate) metrics: Metrics,
    /// The platforms that have to wait for room.
    pub(crate) full: Episodes,
    /// The instances of which something had to make room, and those of which something is gone for good.
    pub(crate) overflowing: Episodes,
    pub(crate) losing: Episodes,
}

impl Dispatcher {
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
        frame: &ConnectorFrame,
        changes: StorageChanges,
    ) -> Result<Delivery, DeliverError> {
        if takers.is_empty() {
            self.keep(platform, changes).await?;
            return Ok(Delivery::Unwanted);
        }
        let text = unlabelled(frame);
        if text.len() > self.limits.line {
            return Err(DeliverError::TooLong { bytes: text.len(), max: self.limits.line });
        }
        let mut live = 0;
        if !self.always_buffer {
            takers.retain(|taker| {
                let sent = self.registry.send_past(&taker.instance, platform, |connection| {
                    connection.send_past(plain(&text), &self.limits)
                });
                live += usize::from(sent);
                !sent
            });
        }
        if takers.is_empty() {
            self.keep(platform, changes).await?;
        } else {
            self.append(&takers, platform, text, changes, live > 0).await?;
            for taker in &takers {
                if self.registry.is_live(&taker.instance, platform) {
                    live += 1;
                } else {
                    self.waker.poke(taker);
                }
            }
        }
        Ok(if live > 0 { Delivery::Delivered(live) } else { Delivery::Buffered(takers.len()) })
    }

    /// Stores what a front keeps where there is no event to store it with.
    async fn keep(&self, platform: &str, changes: StorageChanges) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        self.store.change_front(platform, changes, self.clock.now()).await
    }

    async fn append(
        &self,
        takers: &[Subscriber],
        platform: &str,
        line: Bytes,
        changes: StorageChanges,
        is_taken: bool,
    ) -> Result<(), DeliverError> {
        let instances: Vec<_> = takers.iter().map(|taker| taker.instance.clone()).collect();
        // Dropped at the end, which wakes the connections of these instances.
        let _on_their_way: Vec<_> =
            instances.iter().map(|instance| self.registry.appending(instance)).collect();
        let delivery = NewDelivery {
            instances,
            platform: platform.to_owned(),
            line,
            now: self.clock.now(),
            limits: self.limits.buffer,
            changes,
            is_taken,
        };
        let whose = || {
            takers.first().map_or_else(String::new, |taker| format!("{}/{platform}", taker.instance.tenant()))
        };
        match self.store.append(delivery).await {
            Ok(all) => {
                self.full.set(false, whose);
                for appended in all {
                    self.metrics.dead_for_room(appended.dead_letters);
                    self.log_dead_letters(&appended);
                }
                Ok(())
            }
            Err(AppendError::Full) => {
                if self.full.set(true, whose) {
                    tracing::warn!(
                        platform,
                        items = self.limits.buffer.items,
                        bytes = self.limits.buffer.bytes,
                        "the buffers of all gateways of the platform are full, and it has to wait; start a gateway, or revoke \
                         those that never come back"
                    );
                }
                Err(DeliverError::Full)
            }
            Err(AppendError::Store(error)) => Err(error.into()),
        }
    }

    /// Logs what had to make room, once for each instance until there is room again.
    fn log_dead_letters(&self, appended: &Appended) {
        let Appended { instance, dead_letters, gone, .. } = appended;
        if self.overflowing.set(*dead_letters > 0, || instance.to_string()) {
            tracing::warn!(
                %instance,
                dead_letters,
                "deliveries waited for too long, or too many waited; the oldest become dead letters, further ones without a \
                 log line"
            );
        }
        if self.losing.set(*gone > 0, || instance.to_string()) {
            tracing::error!(
                %instance,
                gone,
                "there are too many dead letters; the oldest of them are gone, further ones without a log line"
            );
        }
    }
}

/// What is so at the moment, by name, so that a beginning is told from what goes on.
#[derive(Debug, Default)]
pub(crate) struct Episodes(Mutex<BTreeSet<String>>);

impl Episodes {
    /// Says whether it is so; whether that has just begun.
    fn set(&self, is_so: bool, name: impl FnOnce() -> String) -> bool {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_so {
            return names.insert(name());
        }
        // Almost always there is none, and nothing to name.
        if !names.is_empty() {
            names.remove(&name());
        }
        false
    }
}
