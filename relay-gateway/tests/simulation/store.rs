//! The connector's store, with an observer between it and the connector.

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds};
use relay_connector::{
    AppendError, Appended, Backlog, Binding, BufferStore, Buffered, Cursor, DeadLetter, EnrollOutcome,
    Enrollment, FrontStore, GatewayCommands, GatewayRecord, GatewayStore, Instance, NewDelivery, Policy,
    ProvisionOutcome, Provisioning, RedeliveryPolicy, Retried, RevokeOutcome, RotateOutcome, Seq,
    StorageChanges, Store, StoreError, Subscriber, Tenant,
};
use relay_wire::{CommandSpec, ConnectorFrame, GatewayId, Identity, SessionKey};
use tokio::time::sleep;

use crate::breaks::Break;
use crate::happening::Happening;
use crate::names::MessageId;
use crate::power::Point;
use crate::world::Life;

/// How long the store that says it has a delivery takes until it has.
const HASTE: Duration = Duration::from_millis(200);

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreError>>;

/// Passes everything on, where the power allows it before and afterwards.
pub struct ObservedStore {
    pub store: Arc<dyn Store>,
    pub life: Life,
}

impl ObservedStore {
    fn between<'a, T: Send + 'a>(
        &'a self,
        before: Point,
        after: Point,
        work: BoxFuture<'a, T>,
    ) -> BoxFuture<'a, T> {
        async move {
            self.life.pass(before).await;
            let done = work.await;
            self.life.pass(after).await;
            done
        }
        .boxed()
    }
}

/// The message of a delivery's line.
fn message_of(line: &[u8]) -> MessageId {
    let Ok(ConnectorFrame::Inbound(inbound)) = ConnectorFrame::decode(line) else {
        panic!("only messages are delivered here")
    };
    let id = MessageId::of(&inbound.event);
    id.expect("every message has an id of the simulation")
}

impl BufferStore for ObservedStore {
    fn lineage<'a>(&'a self, candidate: &'a str) -> Answer<'a, String> {
        self.store.lineage(candidate)
    }

    fn append(&self, arrival: NewDelivery) -> BoxFuture<'_, Result<Vec<Appended>, AppendError>> {
        if self.life.world.broken == Some(Break::TakenBeforeAppend) {
            let store = Arc::clone(&self.store);
            tokio::spawn(async move {
                sleep(HASTE).await;
                store.append(arrival).await
            });
            return ready(Ok(Vec::new())).boxed();
        }
        let message = message_of(&arrival.line);
        let append = self.store.append(arrival);
        let append = async move {
            let appended = append.await?;
            let mut state = self.life.world.state();
            state.buffered.extend(appended.iter().map(|appended| (appended.seq, message)));
            state.unacked.extend(appended.iter().map(|appended| appended.seq));
            drop(state);
            Ok(appended)
        };
        self.between(Point::BeforeAppend, Point::AfterAppend, append.boxed())
    }

    fn pending<'a>(
        &'a self,
        instance: &'a Instance,
        cursors: Vec<Cursor>,
        items: usize,
        bytes: usize,
    ) -> Answer<'a, Vec<Buffered>> {
        let pending = self.store.pending(instance, cursors, items, bytes);
        async move {
            let mut pending = pending.await?;
            if self.life.world.broken == Some(Break::DrainDrops) && pending.len() > 1 {
                let dropped = pending.remove(0);
                self.store.remove(instance, vec![dropped.seq]).await?;
            }
            Ok(pending)
        }
        .boxed()
    }

    fn remove<'a>(&'a self, instance: &'a Instance, acked: Vec<Seq>) -> Answer<'a, Vec<Seq>> {
        let remove = async move {
            let unknown = self.store.remove(instance, acked.clone()).await?;
            let mut state = self.life.world.state();
            state.unacked.retain(|seq| !acked.contains(seq));
            drop(state);
            Ok(unknown)
        };
        self.between(Point::BeforeRemoval, Point::AfterRemoval, remove.boxed())
    }

    fn nack<'a>(
        &'a self,
        instance: &'a Instance,
        unacked: Vec<Seq>,
        policy: RedeliveryPolicy,
    ) -> Answer<'a, Vec<Seq>> {
        let count = self.store.nack(instance, unacked, policy);
        async move {
            let aside = count.await?;
            for seq in &aside {
                let message = self.life.world.state().buffered.get(seq).copied();
                self.life.note(&Happening::DeadLetter(message.expect("it was appended")));
            }
            Ok(aside)
        }
        .boxed()
    }

    fn suspect<'a>(&'a self, instance: &'a Instance, item: Seq) -> Answer<'a, ()> {
        self.store.suspect(instance, item)
    }

    fn backlog<'a>(&'a self, instance: &'a Instance) -> Answer<'a, Backlog> {
        self.store.backlog(instance)
    }

    fn dead_letters(&self) -> Answer<'_, Vec<DeadLetter>> {
        self.store.dead_letters()
    }

    fn retry(&self, items: Vec<Seq>) -> Answer<'_, usize> {
        self.store.retry(items)
    }

    fn retry_due(&self, policy: RedeliveryPolicy) -> Answer<'_, Retried> {
        self.store.retry_due(policy)
    }

    fn discard(&self, items: Vec<Seq>) -> Answer<'_, usize> {
        self.store.discard(items)
    }
}

impl FrontStore for ObservedStore {
    fn front_value<'a>(&'a self, platform: &'a str, key: &'a str) -> Answer<'a, Option<Bytes>> {
        self.store.front_value(platform, key)
    }

    fn front_values<'a>(&'a self, platform: &'a str, prefix: &'a str) -> Answer<'a, Vec<(String, Bytes)>> {
        self.store.front_values(platform, prefix)
    }

    fn change_front<'a>(
        &'a self,
        platform: &'a str,
        changes: StorageChanges,
        now: UnixSeconds,
    ) -> Answer<'a, ()> {
        self.store.change_front(platform, changes, now)
    }

    fn credential<'a>(
        &'a self,
        platform: &'a str,
        tenant: &'a Tenant,
        session: &'a SessionKey,
        now: UnixSeconds,
    ) -> Answer<'a, Option<Secret>> {
        self.store.credential(platform, tenant, session, now)
    }
}

impl GatewayStore for ObservedStore {
    fn gateway<'a>(&'a self, gateway_id: &'a GatewayId) -> Answer<'a, Option<GatewayRecord>> {
        self.store.gateway(gateway_id)
    }

    fn gateways(&self) -> Answer<'_, Vec<GatewayRecord>> {
        self.store.gateways()
    }

    fn enroll(&self, enrollment: Enrollment) -> Answer<'_, EnrollOutcome> {
        self.store.enroll(enrollment)
    }

    fn provision(&self, provisioning: Provisioning) -> Answer<'_, ProvisionOutcome> {
        self.store.provision(provisioning)
    }

    fn rotate<'a>(&'a self, gateway_id: &'a GatewayId, secret: Secret) -> Answer<'a, RotateOutcome> {
        self.store.rotate(gateway_id, secret)
    }

    fn revoke<'a>(&'a self, gateway_id: &'a GatewayId, now: UnixSeconds) -> Answer<'a, RevokeOutcome> {
        self.store.revoke(gateway_id, now)
    }

    fn announce<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        identity: Identity,
        commands: Option<Vec<CommandSpec>>,
    ) -> Answer<'a, bool> {
        self.store.announce(gateway_id, identity, commands)
    }

    fn commands<'a>(&'a self, platform: &'a str) -> Answer<'a, Vec<GatewayCommands>> {
        self.store.commands(platform)
    }

    fn bind(&self, binding: Binding) -> Answer<'_, ()> {
        self.store.bind(binding)
    }

    fn unbind<'a>(&'a self, platform: &'a str, place: &'a str) -> Answer<'a, bool> {
        self.store.unbind(platform, place)
    }

    fn bindings(&self) -> Answer<'_, Vec<Binding>> {
        self.store.bindings()
    }

    fn route<'a>(&'a self, platform: &'a str, places: &'a [&'a str]) -> Answer<'a, Option<Tenant>> {
        self.store.route(platform, places)
    }

    fn subscribers<'a>(&'a self, tenant: &'a Tenant, platform: &'a str) -> Answer<'a, Vec<Subscriber>> {
        self.store.subscribers(tenant, platform)
    }

    fn set_policy<'a>(&'a self, instance: &'a Instance, platform: &'a str, policy: Policy) -> Answer<'a, ()> {
        self.store.set_policy(instance, platform, policy)
    }

    fn policy<'a>(&'a self, instance: &'a Instance, platform: &'a str) -> Answer<'a, Option<Policy>> {
        self.store.policy(instance, platform)
    }
}
