//! What a connector must remember, behind three traits: its gateways, what it still has to deliver to them, and what its
//! fronts keep.

pub(crate) mod buffer;
pub(crate) mod error;
pub(crate) mod gateway;
pub(crate) mod instance;
pub(crate) mod memory;
pub(crate) mod policy;
pub(crate) mod routing;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
pub(crate) mod storage_changes;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds};
use relay_wire::{CommandSpec, GatewayId, Identity, SessionKey};

use self::buffer::{
    AppendError, Appended, Backlog, Buffered, Cursor, DeadLetter, NewDelivery, RedeliveryPolicy, Retried, Seq,
};
use self::error::StoreError;
use self::gateway::{
    EnrollOutcome, Enrollment, GatewayRecord, ProvisionOutcome, Provisioning, RevokeOutcome, RotateOutcome,
    Subscriber,
};
use self::instance::Instance;
use self::policy::Policy;
use self::routing::{Binding, GatewayCommands};
use self::storage_changes::StorageChanges;
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

    /// Remembers that a gateway fronts this identity, so that events are buffered for it while it is away, and the
    /// slash commands that it offers there; without any, those that it offered before stay. Whether it said
    /// something new. Nothing happens for an unknown gateway.
    fn announce<'a>(
        &'a self,
        gateway_id: &'a GatewayId,
        identity: Identity,
        commands: Option<Vec<CommandSpec>>,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// The slash commands that gateways offer on this platform, of those that are not revoked and announced some,
    /// ordered by gateway and bot.
    fn commands<'a>(&'a self, platform: &'a str) -> BoxFuture<'a, Result<Vec<GatewayCommands>, StoreError>>;

    /// Gives a chat or a scope to a tenant, whoever had it before.
    fn bind(&self, binding: Binding) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Takes a chat or a scope from the tenant that it was given to; whether it had been.
    fn unbind<'a>(&'a self, platform: &'a str, place: &'a str) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Every binding, in order.
    fn bindings(&self) -> BoxFuture<'_, Result<Vec<Binding>, StoreError>>;

    /// The tenant that the first of these places is bound to, else the one whose gateway has the first of them among
    /// its route keys; of several such gateways the one that came first, on this platform and not revoked.
    fn route<'a>(
        &'a self,
        platform: &'a str,
        places: &'a [&'a str],
    ) -> BoxFuture<'a, Result<Option<Tenant>, StoreError>>;

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

/// What is still to be delivered, for each instance in the order in which it was appended, and the dead
/// letters that nobody would take.
pub trait BufferStore: Send + Sync + 'static {
    /// The word that all buffer ids of this store begin with: the candidate, unless there is one already. It
    /// keeps ids apart that a store counted before it was deleted and made anew.
    fn lineage<'a>(&'a self, candidate: &'a str) -> BoxFuture<'a, Result<String, StoreError>>;

    /// Appends a delivery to the buffer of each of these instances. It has happened for good once it is
    /// answered. What is too old then becomes a dead letter, and what is too much in one of them, if there is room in
    /// another. One that finds a buffer empty fits, however big it is.
    fn append(&self, arrival: NewDelivery) -> BoxFuture<'_, Result<Vec<Appended>, AppendError>>;

    /// Whether what must not be lost waits for room, such as on a full disk.
    fn is_full(&self) -> bool {
        false
    }

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

    /// Marks a delivery that a connection was lost with.
    fn suspect<'a>(&'a self, instance: &'a Instance, item: Seq) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Counts deliveries that their gateway had and did not acknowledge. Those that have had their last one become dead
    /// letters and are returned.
    fn nack<'a>(
        &'a self,
        instance: &'a Instance,
        items: Vec<Seq>,
        policy: RedeliveryPolicy,
    ) -> BoxFuture<'a, Result<Vec<Seq>, StoreError>>;

    /// How much waits for an instance.
    fn backlog<'a>(&'a self, instance: &'a Instance) -> BoxFuture<'a, Result<Backlog, StoreError>>;

    /// The dead letters of all instances, in the order of their numbers.
    fn dead_letters(&self) -> BoxFuture<'_, Result<Vec<DeadLetter>, StoreError>>;

    /// Puts dead letters back to where they were in their buffers, with a fresh count; how many there were.
    fn retry(&self, items: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>>;

    /// Puts back unacknowledged dead letters whose wait is over and that are not too old: each one is a suspect, and
    /// becomes a dead letter again with its next nack. The wait is a minute at first, and doubles up to six hours.
    fn retry_due(&self, policy: RedeliveryPolicy) -> BoxFuture<'_, Result<Retried, StoreError>>;

    /// Drops dead letters for good; how many there were.
    fn discard(&self, items: Vec<Seq>) -> BoxFuture<'_, Result<usize, StoreError>>;
}

/// What fronts keep, each under the name of its platform: values by key, and credentials for a while.
pub trait FrontStore: Send + Sync + 'static {
    /// What a front keeps under a key.
    fn front_value<'a>(
        &'a self,
        platform: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<Bytes>, StoreError>>;

    /// Everything that a front keeps under keys that begin so, in the order of the keys.
    fn front_values<'a>(
        &'a self,
        platform: &'a str,
        prefix: &'a str,
    ) -> BoxFuture<'a, Result<Vec<(String, Bytes)>, StoreError>>;

    /// Makes all of these changes or none.
    fn change_front<'a>(
        &'a self,
        platform: &'a str,
        changes: StorageChanges,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// The credential of a tenant's conversation, unless it has expired.
    fn credential<'a>(
        &'a self,
        platform: &'a str,
        tenant: &'a Tenant,
        session: &'a SessionKey,
        now: UnixSeconds,
    ) -> BoxFuture<'a, Result<Option<Secret>, StoreError>>;
}

/// All that a connector remembers.
pub trait Store: GatewayStore + BufferStore + FrontStore {}

impl<S: GatewayStore + BufferStore + FrontStore> Store for S {}
