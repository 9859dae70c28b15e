//! The live connections, by tenant and gateway, and the outlets of their instances.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_wire::{ConnectorFrame, GatewayId};
use tokio::sync::watch;

use crate::access::authentication::Authenticated;
use crate::delivery::buffer_ids::BufferIds;
use crate::delivery::gateway_connection::{Link, LinkEnds, line};
use crate::delivery::instance_delivery::Outlet;
use crate::server::close::Closing;
use crate::{Instance, Tenant};

/// Every gateway has at most one connection.
pub(crate) struct Roster {
    present: Mutex<Present>,
    /// Ticks whenever live delivery may reach somebody new.
    changed: watch::Sender<()>,
}

/// Ordered, so that nothing which is visible depends on chance.
#[derive(Default)]
struct Present {
    links: BTreeMap<Tenant, BTreeMap<GatewayId, Arc<Link>>>,
    outlets: BTreeMap<Instance, Arc<Outlet>>,
    last_number: u64,
}

impl Default for Roster {
    fn default() -> Self {
        Self { present: Mutex::default(), changed: watch::channel(()).0 }
    }
}

/// A connection's place in the roster, given up when this is dropped.
pub(crate) struct Presence {
    roster: Arc<Roster>,
    link: Arc<Link>,
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.roster.leave(&self.link);
    }
}

/// An event on its way into the buffer of an instance, until this is dropped.
pub(crate) struct Appending {
    roster: Arc<Roster>,
    outlet: Arc<Outlet>,
}

impl Drop for Appending {
    fn drop(&mut self) {
        self.outlet.appended();
        self.roster.present().tidy(&self.outlet.instance);
    }
}

impl Roster {
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
        let mut gateways = present.links.get(tenant).into_iter().flat_map(BTreeMap::values);
        gateways.any(|link| link.listens(Some(platform)))
    }

    /// Whether an event of this platform would be sent to this instance at once.
    pub(crate) fn is_live(&self, instance: &Instance, platform: &str) -> bool {
        self.outlet(instance).is_some_and(|outlet| outlet.is_live(platform))
    }

    /// Enters a connection; an older one of the same gateway is closed.
    pub(crate) fn enter(
        self: &Arc<Self>,
        gateway: Authenticated,
        ids: BufferIds,
        queue: usize,
    ) -> (Arc<Link>, LinkEnds, Presence) {
        let mut present = self.present();
        present.last_number += 1;
        let number = present.last_number;
        let outlet = present.outlet(&gateway.instance);
        let (link, ends) = Link::new(gateway, Arc::clone(&outlet), ids, number, queue);
        let gateways = present.links.entry(link.tenant.clone()).or_default();
        let older = gateways.insert(link.gateway_id.clone(), Arc::clone(&link));
        if let Some(older) = &older {
            older.close(Closing::DuplicateSession);
            older.outlet.settle(older);
        }
        outlet.enter(&link, older.as_ref());
        let presence = Presence { roster: Arc::clone(self), link: Arc::clone(&link) };
        (link, ends, presence)
    }

    /// Ends the connection of a gateway, if it has one.
    pub(crate) fn close(&self, gateway_id: &GatewayId, reason: &Closing) {
        for gateways in self.present().links.values() {
            if let Some(link) = gateways.get(gateway_id) {
                link.close(reason.clone());
            }
        }
    }

    /// Removes a connection, unless a newer one has taken its place.
    fn leave(&self, link: &Arc<Link>) {
        let mut present = self.present();
        link.outlet.leave(link);
        present.tidy(&link.outlet.instance);
        let Entry::Occupied(mut tenant) = present.links.entry(link.tenant.clone()) else { return };
        if tenant.get().get(&link.gateway_id).is_some_and(|current| Arc::ptr_eq(current, link)) {
            tenant.get_mut().remove(&link.gateway_id);
        }
        if tenant.get().is_empty() {
            tenant.remove();
        }
    }

    /// Sends a frame past everything else to the tenant's gateways that live delivery reaches, except one of
    /// them; how many that were.
    pub(crate) fn interrupt(&self, tenant: &Tenant, except: &Link, frame: &ConnectorFrame<'_>) -> usize {
        let present = self.present();
        let Some(gateways) = present.links.get(tenant) else { return 0 };
        let line = line(frame);
        // In here nothing waits: a gateway that does not read is closed, its neighbours are served.
        let others = gateways.values().filter(|link| !std::ptr::eq(except, Arc::as_ptr(link)));
        others.filter(|link| link.interrupt(&line)).count()
    }

    /// Sends an event past the buffer of an instance, if it has a connection that is ahead of its buffer.
    pub(crate) fn send_past(
        &self,
        instance: &Instance,
        platform: &str,
        send: impl FnOnce(&Link) -> bool,
    ) -> bool {
        self.outlet(instance).is_some_and(|outlet| outlet.send_past(platform, send))
    }

    /// Announces an event on its way into a buffer, so that none is sent past it meanwhile.
    pub(crate) fn appending(self: &Arc<Self>, instance: &Instance) -> Appending {
        let mut present = self.present();
        let outlet = present.outlet(instance);
        // Under the lock of the roster, which else could find the outlet unused and forget it.
        outlet.append();
        drop(present);
        Appending { roster: Arc::clone(self), outlet }
    }

    /// Has every connection read its buffer from the beginning.
    pub(crate) fn rewind(&self) {
        self.present().outlets.values().for_each(|outlet| outlet.rewind());
    }

    fn outlet(&self, instance: &Instance) -> Option<Arc<Outlet>> {
        self.present().outlets.get(instance).cloned()
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Present {
    fn outlet(&mut self, instance: &Instance) -> Arc<Outlet> {
        let outlet =
            self.outlets.entry(instance.clone()).or_insert_with(|| Arc::new(Outlet::new(instance.clone())));
        Arc::clone(outlet)
    }

    /// Forgets an outlet that nobody uses.
    fn tidy(&mut self, instance: &Instance) {
        if self.outlets.get(instance).is_some_and(|outlet| outlet.is_idle()) {
            self.outlets.remove(instance);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Roster;
    use crate::access::authentication::Authenticated;
    use crate::delivery::buffer_ids::BufferIds;
    use crate::server::close::Closing;
    use crate::{Instance, Tenant};

    fn gateway(name: &str) -> Authenticated {
        let instance = Instance::named(Tenant::default(), "agent");
        Authenticated { gateway_id: name.into(), tenant: Tenant::default(), instance }
    }

    #[test]
    fn a_second_connection_of_a_gateway_closes_the_first_and_survives_its_end() {
        let roster = Arc::new(Roster::default());
        let ids = BufferIds::new("f00d");
        let (_, older_ends, older) = roster.enter(gateway("gw"), ids.clone(), 1);
        let (newer, newer_ends, presence) = roster.enter(gateway("gw"), ids, 1);
        assert_eq!(*older_ends.closing.borrow(), Some(Closing::DuplicateSession));
        assert_eq!(*newer_ends.closing.borrow(), None);

        drop(older);
        assert!(Arc::ptr_eq(&roster.present().links[&Tenant::default()]["gw"], &newer));
        drop(presence);
        assert!(roster.present().links.is_empty(), "nothing is kept of a tenant without connections");
        assert!(roster.present().outlets.is_empty(), "nor of its instances");
    }

    #[test]
    fn an_outlet_stays_while_an_event_is_on_its_way() {
        let roster = Arc::new(Roster::default());
        let (_, _, presence) = roster.enter(gateway("gw"), BufferIds::new("f00d"), 1);
        let appending = roster.appending(&Instance::named(Tenant::default(), "agent"));
        drop(presence);
        assert_eq!(roster.present().outlets.len(), 1);
        drop(appending);
        assert!(roster.present().outlets.is_empty());
    }
}
