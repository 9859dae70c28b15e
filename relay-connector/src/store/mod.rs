//! What a connector must remember, behind two traits: its gateways, and what it still has to deliver to them.

pub(crate) mod buffer;
pub(crate) mod error;
pub(crate) mod gateway;
pub(crate) mod instance;
pub(crate) mod memory;
pub(crate) mod policy;
pub(crate) mod sqlite;

use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds};
use relay_wire::{GatewayId, Identity};

use self::buffer::{Appended, Arrival, Backlog, Buffered, Cursor, DeadLetter, RedeliveryPolicy, Seq};
use self::error::StoreError;
use self::gateway::{
    EnrollOutcome, Enrollment, GatewayRecord, ProvisionOutcome, Provisioning, RevokeOutcome, RotateOutcome,
    Subscriber,
};
use self::instance::Instance;
use self::policy::Policy;
use crate::Tenant;

/// The gateways, the enrollment tokens that were used, and what concerns each instance's agent.
///
/// Every operation happens whole or not at all, and has happened for good once it is answered.
pub trait GatewayStore: Send + Sync + 'static {
    /// Looks a gateway up; a revoked one is still there, without secrets.
    fn gateway<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
    ) -> BoxFuture<'a, Result<Option<GatewayRecord>, StoreError>>;

    /// Every gateway, ordered by its id.
    fn gateways(&self) -> BoxFuture<'_, Result<Vec<GatewayRecord>, StoreError>>;

    /// Uses the token up and stores the gateway: of two enrollments with one token, one succeeds. A gateway
    /// that was revoked is let in again, with the new secret alone: somebody minted a token for it.
    fn enroll(&self, enrollment: Enrollment) -> BoxFuture<'_, Result<EnrollOutcome, StoreError>>;

    /// Stores a gateway that its tenant's identity vouches for. For one that the tenant has already, endpoint,
    /// route keys, wake URL, instance and the fronted platform are brought up to date, and its secret stays
    /// what it is. One that was revoked stays revoked: the identity that vouches for it is a standing one.
    fn provision(&self, provisioning: Provisioning) -> BoxFuture<'_, Result<ProvisionOutcome, StoreError>>;

    /// Makes this the newest secret; the one before it stays good, older ones do not.
    fn rotate<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        secret: Secret,
    ) -> BoxFuture<'a, Result<RotateOutcome, StoreError>>;

    /// Takes all secrets from a gateway. What is buffered for its instance stays until it is too old.
    fn revoke<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<RevokeOutcome, StoreError>>;

    /// Remembers that a gateway fronts this identity, so that events are buffered for it while it is away.
    /// Nothing happens for an unknown gateway.
    fn announce<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        identity: Identity,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The instances of a tenant that front this platform by a gateway that is not revoked, ordered by name.
    fn subscribers<'a>(
        &'a self,
        tenant: &'a Tenant,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Subscriber>, StoreError>>;

    /// Declares which messages of a platform concern an instance's agent.
    fn set_policy<'a>(
        &'a self,
        instance: &'a Instance,
        platform: &'a str,
        policy: Policy,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// What was declared last; `None` where nothing was.
    fn policy<'a>(
        &'a self,
        instance: &'a Instance,
        platform: &'a str,
    ) -> BoxFuture<'a, Result<Option<Policy>, StoreError>>;
}

/// What is still to be delivered, for each instance in the order in which it was appended, and what was set
/// aside because nobody would take it.
pub trait BufferStore: Send + Sync + 'static {
    /// The word that all buffer ids of this store begin with: the candidate, unless there is one already. It
    /// keeps ids apart that a store counted before it was deleted and made anew.
    fn lineage<'a>(&'a self, candidate: &'a str) -> BoxFuture<'a, Result<String, StoreError>>;

    /// Appends a delivery to the buffer of each of these instances. It has happened for good once it is
    /// answered. What is too much or too old then becomes a dead letter, oldest first.
    fn append(&self, arrival: Arrival) -> BoxFuture<'_, Result<Vec<Appended>, StoreError>>;

    /// The next deliveries of an instance behind these cursors, in the order of their numbers: at most `items`,
    /// and no further one once they weigh `bytes` together.
    fn pending<'a>(
        &'a self,
        instance: &'a Instance,
        cursors: Vec<Cursor>,
        items: usize,
        bytes: usize,
    ) -> BoxFuture<'a, Result<Vec<Buffered>, StoreError>>;

    /// Removes what was acknowledged; those that were neither waiting nor dead letters of this instance.
    fn remove<'a>(
        &'a self,
        instance: &'a Instance,
        acked: Vec<Seq>,
    ) -> BoxFuture<'a, Result<Vec<Seq>, StoreError>>;

    /// Counts a delivery that was not acknowledged. Those that have had their last one become dead letters and are
    /// returned.
    fn nack<'a>(
        &'a self,
        instance: &'a Instance,
        unacked: Vec<Seq>,
        policy: RedeliveryPolicy,
    ) -> BoxFuture<'a, Result<Vec<Seq>, StoreError>>;

    /// How much waits for an instance.
    fn backlog<'a>(&'a self, instance: &'a Instance) -> BoxFuture<'a, Result<Backlog, StoreError>>;

    /// The dead letters of all instances, in the order of their numbers.
    fn dead_letters(&self) -> BoxFuture<'_, Result<Vec<DeadLetter>, StoreError>>;

    /// Puts dead letters back to where they were in their buffers, with a fresh count; how many there were.
    fn retry(&self, items: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Drops dead letters for good; how many there were.
    fn discard(&self, items: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>>;
}

/// All that a connector remembers.
pub trait Store: GatewayStore + BufferStore {}

impl<S: GatewayStore + BufferStore> Store for S {}
