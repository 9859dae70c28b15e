//! The live connections, by tenant and gateway.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_wire::{ConnectorFrame, GatewayId};
use tokio::sync::watch;

use crate::Tenant;
use crate::close::Closing;
use crate::link::{Link, line};

/// Every gateway has at most one connection.
pub(crate) struct Roster {
    links: Mutex<BTreeMap<Tenant, BTreeMap<GatewayId, Arc<Link>>>>,
    /// Ticks whenever live delivery may reach somebody new.
    changed: watch::Sender<()>,
}

impl Default for Roster {
    fn default() -> Self {
        Self { links: Mutex::default(), changed: watch::channel(()).0 }
    }
}

impl Roster {
    /// A hello was answered.
    pub(crate) fn announced(&self) {
        self.changed.send_replace(());
    }

    /// Wakes whenever [`listeners`](Self::listeners) may have grown.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// How many gateways of the tenant an event of this platform would be sent to.
    pub(crate) fn listeners(&self, tenant: &Tenant, platform: &str) -> usize {
        let links = self.links();
        let gateways = links.get(tenant).into_iter().flat_map(BTreeMap::values);
        gateways.filter(|link| link.listens(Some(platform))).count()
    }

    /// Enters a connection; an older one of the same gateway is closed.
    pub(crate) fn enter(&self, link: &Arc<Link>) {
        let older = self
            .links()
            .entry(link.tenant.clone())
            .or_default()
            .insert(link.gateway_id.clone(), Arc::clone(link));
        if let Some(older) = older {
            older.close(Closing::DuplicateSession);
        }
    }

    /// Ends the connection of a gateway, if it has one.
    pub(crate) fn close(&self, gateway_id: &GatewayId, reason: &Closing) {
        for gateways in self.links().values() {
            if let Some(link) = gateways.get(gateway_id) {
                link.close(reason.clone());
            }
        }
    }

    /// Removes a connection, unless a newer one has taken its place.
    pub(crate) fn leave(&self, link: &Arc<Link>) {
        let mut links = self.links();
        let Entry::Occupied(mut tenant) = links.entry(link.tenant.clone()) else { return };
        if tenant.get().get(&link.gateway_id).is_some_and(|current| Arc::ptr_eq(current, link)) {
            tenant.get_mut().remove(&link.gateway_id);
        }
        if tenant.get().is_empty() {
            tenant.remove();
        }
    }

    /// Sends a frame to the tenant's gateways that announced the platform (any platform for `None`) and live
    /// delivery reaches, except one of them; how many that were.
    pub(crate) fn fan_out(
        &self,
        tenant: &Tenant,
        platform: Option<&str>,
        except: Option<&Link>,
        frame: &ConnectorFrame<'_>,
    ) -> usize {
        let links = self.links();
        let Some(gateways) = links.get(tenant) else { return 0 };
        let line = line(frame);
        // In here nothing waits: a gateway that does not read is closed, its neighbours are served.
        gateways
            .values()
            .filter(|link| !except.is_some_and(|except| std::ptr::eq(except, Arc::as_ptr(link))))
            .filter(|link| link.push(platform, &line))
            .count()
    }

    fn links(&self) -> MutexGuard<'_, BTreeMap<Tenant, BTreeMap<GatewayId, Arc<Link>>>> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use relay_wire::GatewayId;

    use super::Roster;
    use crate::authentication::Authenticated;
    use crate::close::Closing;
    use crate::link::{Link, LinkEnds};
    use crate::{Instance, Tenant};

    fn link(gateway: &str) -> (Arc<Link>, LinkEnds) {
        let (gateway_id, tenant) = (GatewayId::new(gateway), Tenant::default());
        let instance = Instance::of_gateway(tenant.clone(), &gateway_id);
        Link::new(Authenticated { gateway_id, tenant, instance }, 1)
    }

    #[test]
    fn a_second_connection_of_a_gateway_closes_the_first_and_survives_its_end() {
        let roster = Roster::default();
        let ((older, older_ends), (newer, newer_ends)) = (link("gw"), link("gw"));
        roster.enter(&older);
        roster.enter(&newer);
        assert_eq!(*older_ends.closing.borrow(), Some(Closing::DuplicateSession));
        assert_eq!(*newer_ends.closing.borrow(), None);

        roster.leave(&older);
        assert!(Arc::ptr_eq(&roster.links()[&Tenant::default()]["gw"], &newer));
        roster.leave(&newer);
        assert!(roster.links().is_empty(), "nothing is kept of a tenant without connections");
    }
}
