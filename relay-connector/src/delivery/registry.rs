//! The live connections, by tenant and gateway, and the deliveries of their instances.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_wire::{ConnectorFrame, GatewayId};
use tokio::sync::watch;

use crate::access::authentication::Authenticated;
use crate::delivery::buffer_ids::BufferIds;
use crate::delivery::closing::Closing;
use crate::delivery::gateway_connection::{ConnectionEnds, GatewayConnection, line};
use crate::delivery::instance_delivery::InstanceDelivery;
use crate::metrics::Metrics;
use crate::{Instance, Tenant};

/// Every gateway has at most one connection.
pub(crate) struct Registry {
    metrics: Metrics,
    /// The first lock of delivery's order, which [`delivery`](crate::delivery) states.
    present: Mutex<Present>,
    /// Ticks whenever live delivery may reach somebody new.
    changed: watch::Sender<()>,
}

/// Ordered, so that nothing which is visible depends on chance.
#[derive(Default)]
struct Present {
    connections: BTreeMap<Tenant, BTreeMap<GatewayId, Arc<GatewayConnection>>>,
    deliveries: BTreeMap<Instance, Arc<InstanceDelivery>>,
    last_number: u64,
}

#[cfg(test)]
impl Default for Registry {
    fn default() -> Self {
        Self::new(Metrics::default())
    }
}

/// A connection's place in the registry, given up when this is dropped.
pub(crate) struct Presence {
    registry: Arc<Registry>,
    connection: Arc<GatewayConnection>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.registry.leave(&self.connection);
    }
}

/// An event on its way into the buffer of an instance, until this is dropped.
pub(crate) struct Appending {
    registry: Arc<Registry>,
    delivery: Arc<InstanceDelivery>,
}

impl Drop for Appending {
    fn drop(&mut self) {
        self.delivery.appended();
        self.registry.present().tidy(&self.delivery.instance);
    }
}

impl Registry {
    pub(crate) fn new(metrics: Metrics) -> Self {
        Self { metrics, present: Mutex::default(), changed: watch::channel(()).0 }
    }

    /// How many connections there are, and how much they were sent and have not acknowledged.
    pub(crate) fn totals(&self) -> (usize, usize) {
        let present = self.present();
        let connections = present.connections.values().flat_map(BTreeMap::values);
        connections.fold((0, 0), |(count, in_flight), connection| {
            (count + 1, in_flight + connection.in_flight().len())
        })
    }

    /// A hello was answered.
    pub(crate) fn announced(&self) {
        self.changed.send_replace(());
    }

    /// Wakes whenever [`is_reachable`](Self::is_reachable) may have become true.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// Whether an event of this platform would be sent to a gateway of the tenant at once.
    pub(crate) fn is_reachable(&self, tenant: &Tenant, platform: &str) -> bool {
        let present = self.present();
        let mut gateways = present.connections.get(tenant).into_iter().flat_map(BTreeMap::values);
        gateways.any(|connection| connection.listens(Some(platform)))
    }

    /// Whether an event of this platform would be sent to this instance at once.
    pub(crate) fn is_live(&self, instance: &Instance, platform: &str) -> bool {
        self.delivery(instance).is_some_and(|delivery| delivery.is_live(platform))
    }

    /// Enters a connection; an older one of the same gateway is closed.
    pub(crate) fn enter(
        self: &Arc<Self>,
        gateway: Authenticated,
        ids: BufferIds,
        queue: usize,
    ) -> (Arc<GatewayConnection>, ConnectionEnds, Presence) {
        let mut present = self.present();
        present.last_number += 1;
        let number = present.last_number;
        let delivery = present.delivery(&gateway.instance);
        let (connection, ends) =
            GatewayConnection::new(gateway, Arc::clone(&delivery), ids, number, queue, self.metrics.clone());
        self.metrics.connected();
        let gateways = present.connections.entry(connection.tenant.clone()).or_default();
        let older = gateways.insert(connection.gateway_id.clone(), Arc::clone(&connection));
        if let Some(older) = &older {
            older.close(Closing::DuplicateSession);
            older.instance_delivery.settle(older);
        }
        delivery.enter(&connection, older.as_ref());
        let presence = Presence { registry: Arc::clone(self), connection: Arc::clone(&connection) };
        (connection, ends, presence)
    }

    /// Ends the connection of a gateway, if it has one.
    pub(crate) fn close(&self, gateway_id: &GatewayId, reason: &Closing) {
        for gateways in self.present().connections.values() {
            if let Some(connection) = gateways.get(gateway_id) {
                connection.close(reason.clone());
            }
        }
    }

    /// Removes a connection, unless a newer one has taken its place.
    fn leave(&self, connection: &Arc<GatewayConnection>) {
        let mut present = self.present();
        connection.instance_delivery.leave(connection);
        present.tidy(&connection.instance_delivery.instance);
        let Entry::Occupied(mut tenant) = present.connections.entry(connection.tenant.clone()) else {
            return;
        };
        if tenant.get().get(&connection.gateway_id).is_some_and(|current| Arc::ptr_eq(current, connection)) {
            tenant.get_mut().remove(&connection.gateway_id);
        }
        if tenant.get().is_empty() {
            tenant.remove();
        }
    }

    /// Sends a frame past everything else to the tenant's gateways that live delivery reaches, except one of
    /// them; how many that were.
    pub(crate) fn interrupt(
        &self,
        tenant: &Tenant,
        except: &GatewayConnection,
        frame: &ConnectorFrame,
    ) -> usize {
        let present = self.present();
        let Some(gateways) = present.connections.get(tenant) else { return 0 };
        let line = line(frame);
        // In here nothing waits: a gateway that does not read is closed, its neighbours are served.
        let others = gateways.values().filter(|connection| !std::ptr::eq(except, Arc::as_ptr(connection)));
        others.filter(|connection| connection.interrupt(&line)).count()
    }

    /// Sends an event past the buffer of an instance, if it has a connection that is ahead of its buffer.
    pub(crate) fn send_past(
        &self,
        instance: &Instance,
        platform: &str,
        send: impl FnOnce(&GatewayConnection) -> bool,
    ) -> bool {
        self.delivery(instance).is_some_and(|delivery| delivery.send_past(platform, send))
    }

    /// Announces an event on its way into a buffer, so that none is sent past it meanwhile.
    pub(crate) fn appending(self: &Arc<Self>, instance: &Instance) -> Appending {
        let mut present = self.present();
        let delivery = present.delivery(instance);
        // Under the lock of the registry, which else could find the delivery unused and forget it.
        delivery.append();
        drop(present);
        Appending { registry: Arc::clone(self), delivery }
    }

    /// Has every connection read its buffer from the beginning.
    pub(crate) fn rewind(&self) {
        self.present().deliveries.values().for_each(|delivery| delivery.rewind());
    }

    fn delivery(&self, instance: &Instance) -> Option<Arc<InstanceDelivery>> {
        self.present().deliveries.get(instance).cloned()
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Present {
    fn delivery(&mut self, instance: &Instance) -> Arc<InstanceDelivery> {
        let delivery = self
            .deliveries
            .entry(instance.clone())
            .or_insert_with(|| Arc::new(InstanceDelivery::new(instance.clone())));
        Arc::clone(delivery)
    }

    /// Forgets an instance delivery that nobody uses.
    fn tidy(&mut self, instance: &Instance) {
        if self.deliveries.get(instance).is_some_and(|delivery| delivery.is_idle()) {
            self.deliveries.remove(instance);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Registry;
    use crate::access::authentication::Authenticated;
    use crate::delivery::buffer_ids::BufferIds;
    use crate::delivery::closing::Closing;
    use crate::{Instance, Tenant};

    fn gateway(name: &str) -> Authenticated {
        let instance = Instance::named(Tenant::default(), "agent");
        Authenticated { gateway_id: name.parse().unwrap(), tenant: Tenant::default(), instance }
    }

    #[test]
    fn a_second_connection_of_a_gateway_closes_the_first_and_survives_its_end() {
        let registry = Arc::new(Registry::default());
        let ids = BufferIds::new("f00d");
        let (_, older_ends, older) = registry.enter(gateway("gw"), ids.clone(), 1);
        let (newer, newer_ends, presence) = registry.enter(gateway("gw"), ids, 1);
        assert_eq!(*older_ends.closing.borrow(), Some(Closing::DuplicateSession));
        assert_eq!(*newer_ends.closing.borrow(), None);

        drop(older);
        assert!(Arc::ptr_eq(&registry.present().connections[&Tenant::default()]["gw"], &newer));
        drop(presence);
        assert!(registry.present().connections.is_empty(), "nothing is kept of a tenant without connections");
        assert!(registry.present().deliveries.is_empty(), "nor of its instances");
    }

    #[test]
    fn an_instance_delivery_stays_while_an_event_is_on_its_way() {
        let registry = Arc::new(Registry::default());
        let (_, _, presence) = registry.enter(gateway("gw"), BufferIds::new("f00d"), 1);
        let appending = registry.appending(&Instance::named(Tenant::default(), "agent"));
        drop(presence);
        assert_eq!(registry.present().deliveries.len(), 1);
        drop(appending);
        assert!(registry.present().deliveries.is_empty());
    }
}
