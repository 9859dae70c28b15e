//! Gateways, tokens and policies in memory.

use std::collections::{BTreeMap, HashMap};

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use relay_auth::{Secret, UnixSeconds, VerifyList};
use relay_wire::{CommandSpec, GatewayId, Identity};

use super::MemoryStore;
use super::buffer::Buffers;
use crate::Tenant;
use crate::store::GatewayStore;
use crate::store::error::StoreError;
use crate::store::gateway::{
    EnrollOutcome, Enrollment, GatewayRecord, ProvisionOutcome, Provisioning, RevokeOutcome, RotateOutcome,
    Subscriber,
};
use crate::store::instance::Instance;
use crate::store::policy::Policy;
use crate::store::routing::{Binding, GatewayCommands};

#[derive(Debug, Default)]
pub(super) struct Gateways {
    records: BTreeMap<GatewayId, GatewayRecord>,
    /// Nonces of used tokens, until the token would have expired anyway.
    used: HashMap<String, UnixSeconds>,
    policies: HashMap<(Instance, String), Policy>,
    commands: BTreeMap<(GatewayId, Identity), Vec<CommandSpec>>,
    /// By platform and place.
    bindings: BTreeMap<(String, String), Tenant>,
}

impl Gateways {
    fn enroll(&mut self, enrollment: Enrollment) -> EnrollOutcome {
        let Enrollment { gateway_id, tenant, secret, nonce, expires, now } = enrollment;
        self.used.retain(|_, expires| *expires >= now);
        if self.used.contains_key(&nonce) {
            return EnrollOutcome::TokenUsed;
        }
        let known = self.records.get_mut(&gateway_id);
        if known.as_ref().is_some_and(|gateway| gateway.tenant != tenant) {
            return EnrollOutcome::ForeignGateway;
        }
        self.used.insert(nonce, expires);
        let Some(known) = known else {
            let instance = Instance::of_gateway(tenant.clone(), &gateway_id);
            self.insert(gateway_id, tenant, instance, secret, now);
            return EnrollOutcome::Enrolled;
        };
        let was_revoked = known.revoked.take().is_some();
        renew(known, secret);
        if was_revoked { EnrollOutcome::Enrolled } else { EnrollOutcome::Rotated }
    }

    fn provision(&mut self, provisioning: Provisioning, buffers: &mut Buffers) -> ProvisionOutcome {
        let Provisioning { gateway_id, tenant, secret, identity, instance_id, .. } = provisioning;
        let instance = match instance_id {
            Some(name) => Instance::named(tenant.clone(), name),
            None => Instance::of_gateway(tenant.clone(), &gateway_id),
        };
        let outcome = match self.records.get(&gateway_id) {
            Some(known) if known.tenant != tenant => return ProvisionOutcome::ForeignGateway,
            Some(known) if known.revoked.is_some() => return ProvisionOutcome::Revoked,
            Some(known) => {
                if instance.takes_over(&known.instance) {
                    let old = known.instance.clone();
                    self.take_over(&old, &instance);
                    buffers.take_over(&old, &instance);
                }
                ProvisionOutcome::Known
            }
            None => {
                self.insert(gateway_id.clone(), tenant, instance.clone(), secret, provisioning.now);
                ProvisionOutcome::Issued
            }
        };
        if let Some(record) = self.records.get_mut(&gateway_id) {
            record.instance = instance;
            record.endpoint = provisioning.endpoint;
            record.route_keys = provisioning.route_keys;
            record.wake_url = provisioning.wake_url;
            front(record, identity);
        }
        outcome
    }

    /// What is declared for the old instance is declared for the new one from here on, unless that has its own.
    fn take_over(&mut self, old: &Instance, new: &Instance) {
        let theirs = self.policies.extract_if(|(instance, _), _| instance == old).collect::<Vec<_>>();
        for ((_, platform), policy) in theirs {
            self.policies.entry((new.clone(), platform)).or_insert(policy);
        }
    }

    fn insert(
        &mut self,
        gateway_id: GatewayId,
        tenant: Tenant,
        instance: Instance,
        secret: Secret,
        now: UnixSeconds,
    ) {
        let record = GatewayRecord {
            gateway_id: gateway_id.clone(),
            tenant,
            instance,
            verify: VerifyList::new(secret),
            endpoint: None,
            route_keys: Vec::new(),
            wake_url: None,
            identities: Vec::new(),
            created: now,
            revoked: None,
        };
        self.records.insert(gateway_id, record);
    }

    fn rotate(&mut self, gateway_id: &GatewayId, secret: Secret) -> RotateOutcome {
        match self.records.get_mut(gateway_id) {
            None => RotateOutcome::Unknown,
            Some(record) if record.revoked.is_some() => RotateOutcome::Revoked,
            Some(record) => {
                renew(record, secret);
                RotateOutcome::Rotated
            }
        }
    }

    fn revoke(&mut self, gateway_id: &GatewayId, now: UnixSeconds) -> RevokeOutcome {
        match self.records.get_mut(gateway_id) {
            None => RevokeOutcome::Unknown,
            Some(record) if record.revoked.is_some() => RevokeOutcome::Already,
            Some(record) => {
                record.revoked = Some(now);
                record.verify = VerifyList::default();
                RevokeOutcome::Revoked
            }
        }
    }

    fn subscribers(&self, tenant: &Tenant, platform: &str) -> Vec<Subscriber> {
        let mut subscribers: BTreeMap<&Instance, Subscriber> = BTreeMap::new();
        let theirs = self.records.values().filter(|record| record.tenant == *tenant);
        for record in theirs.filter(|record| record.revoked.is_none()) {
            for identity in record.identities.iter().filter(|identity| identity.platform == platform) {
                let subscriber = subscribers.entry(&record.instance).or_insert_with(|| Subscriber {
                    instance: record.instance.clone(),
                    bot_ids: Vec::new(),
                    policy: self.policy(&record.instance, platform).unwrap_or_default(),
                    wake_urls: Vec::new(),
                });
                subscriber.add(identity.bot_id.clone(), record.wake_url.clone());
            }
        }
        subscribers.into_values().collect()
    }

    fn announce(
        &mut self,
        gateway_id: &GatewayId,
        identity: Identity,
        commands: Option<Vec<CommandSpec>>,
    ) -> bool {
        let Some(record) = self.records.get_mut(gateway_id) else { return false };
        let is_new = front(record, identity.clone());
        let Some(commands) = commands else { return is_new };
        let key = (gateway_id.clone(), identity);
        let changed = self.commands.get(&key) != Some(&commands);
        self.commands.insert(key, commands);
        is_new || changed
    }

    fn commands(&self, platform: &str) -> Vec<GatewayCommands> {
        let offered = self.commands.iter().filter(|((_, identity), _)| identity.platform == platform);
        let of_gateway = offered.filter_map(|((gateway_id, identity), commands)| {
            let record = self.records.get(gateway_id).filter(|record| record.revoked.is_none())?;
            Some(GatewayCommands {
                gateway_id: gateway_id.clone(),
                tenant: record.tenant.clone(),
                identity: identity.clone(),
                commands: commands.clone(),
            })
        });
        of_gateway.collect()
    }

    fn route(&self, platform: &str, places: &[&str]) -> Option<Tenant> {
        let bound = |place: &&str| self.bindings.get(&(platform.to_owned(), (*place).to_owned())).cloned();
        let keyed = |place: &&str| {
            let fronting = self.records.values().filter(|record| {
                record.revoked.is_none()
                    && record.identities.iter().any(|identity| identity.platform == platform)
                    && record.route_keys.iter().any(|key| key == place)
            });
            let first = fronting.min_by_key(|record| (record.created, &record.gateway_id));
            first.map(|record| record.tenant.clone())
        };
        places.iter().find_map(bound).or_else(|| places.iter().find_map(keyed))
    }

    fn policy(&self, instance: &Instance, platform: &str) -> Option<Policy> {
        self.policies.get(&(instance.clone(), platform.to_owned())).cloned()
    }
}

/// A revoked gateway has no newest secret, so none becomes its former one.
fn renew(record: &mut GatewayRecord, secret: Secret) {
    let former = record.verify.secrets().first().cloned();
    record.verify = VerifyList::new(secret);
    record.verify.extend(former);
}

/// Whether the identity is new.
fn front(record: &mut GatewayRecord, identity: Identity) -> bool {
    let at = record.identities.binary_search(&identity);
    if let Err(at) = at {
        record.identities.insert(at, identity);
    }
    at.is_err()
}

impl GatewayStore for MemoryStore {
    fn gateway<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
    ) -> BoxFuture<'a, Result<Option<GatewayRecord>, StoreError>> {
        done(self.gateways_now().records.get(gateway_id).cloned())
    }

    fn gateways(&self) -> BoxFuture<'_, Result<Vec<GatewayRecord>, StoreError>> {
        done(self.gateways_now().records.values().cloned().collect())
    }

    fn enroll(&self, enrollment: Enrollment) -> BoxFuture<'_, Result<EnrollOutcome, StoreError>> {
        done(self.gateways_now().enroll(enrollment))
    }

    fn provision(&self, provisioning: Provisioning) -> BoxFuture<'_, Result<ProvisionOutcome, StoreError>> {
        let mut gateways = self.gateways_now();
        done(gateways.provision(provisioning, &mut self.buffers_now()))
    }

    fn rotate<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        secret: Secret,
    ) -> BoxFuture<'a, Result<RotateOutcome, StoreError>> {
        done(self.gateways_now().rotate(gateway_id, secret))
    }

    fn revoke<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<RevokeOutcome, StoreError>> {
        done(self.gateways_now().revoke(gateway_id, now))
    }

    fn announce<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        identity: Identity,
        commands: Option<Vec<CommandSpec>>,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        done(self.gateways_now().announce(gateway_id, identity, commands))
    }

    fn commands<'a>(&'a self, platform: &'a str) -> BoxFuture<'a, Result<Vec<GatewayCommands>, StoreError>> {
        done(self.gateways_now().commands(platform))
    }

    fn bind(&self, binding: Binding) -> BoxFuture<'_, Result<(), StoreError>> {
        let Binding { platform, place, tenant } = binding;
        self.gateways_now().bindings.insert((platform, place), tenant);
        done(())
    }

    fn unbind<'a>(&'a self, platform: &'a str, place: &'a str) -> BoxFuture<'a, Result<bool, StoreError>> {
        let key = (platform.to_owned(), place.to_owned());
        done(self.gateways_now().bindings.remove(&key).is_some())
    }

    fn bindings(&self) -> BoxFuture<'_, Result<Vec<Binding>, StoreError>> {
        let gateways = self.gateways_now();
        let bindings = gateways.bindings.iter().map(|((platform, place), tenant)| Binding {
            platform: platform.clone(),
            place: place.clone(),
            tenant: tenant.clone(),
        });
        done(bindings.collect())
    }

    fn route<'a>(
        &'a self,
        platform: &'a str,
        places: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Option<Tenant>, StoreError>> {
        done(self.gateways_now().route(platform, places))
    }

    fn subscribers<'a>(
        &'a self,
        tenant: &'a Tenant,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Subscriber>, StoreError>> {
        done(self.gateways_now().subscribers(tenant, platform))
    }

    fn set_policy<'a>(
        &'a self,
        instance: &'a Instance,
        platform: &'a str,
        policy: Policy,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        self.gateways_now().policies.insert((instance.clone(), platform.to_owned()), policy);
        done(())
    }

    fn policy<'a>(
        &'a self,
        instance: &'a Instance,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Option<Policy>, StoreError>> {
        done(self.gateways_now().policy(instance, platform))
    }
}

/// What is in memory is there at once and cannot fail.
pub(super) fn done<T: Send + 'static>(answer: T) -> BoxFuture<'static, Result<T, StoreError>> {
    future::ready(Ok(answer)).boxed()
}

#[cfg(test)]
mod tests {
    use relay_auth::{Secret, UnixSeconds};

    use super::Gateways;
    use crate::{Enrollment, Tenant};

    #[test]
    fn nonces_are_forgotten_once_their_token_has_expired() {
        let enrollment = |nonce: &str, now| Enrollment {
            gateway_id: "gw".parse().unwrap(),
            tenant: Tenant::default(),
            secret: Secret::new("s"),
            nonce: nonce.to_owned(),
            expires: UnixSeconds(100),
            now: UnixSeconds(now),
        };
        let mut gateways = Gateways::default();
        gateways.enroll(enrollment("n1", 50));
        gateways.enroll(enrollment("n2", 101));
        assert_eq!(gateways.used.keys().collect::<Vec<_>>(), ["n2"]);
    }
}
