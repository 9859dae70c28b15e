//! Gateways as they are stored, and the ways by which they come and go.

use getset::WithSetters;
use relay_auth::{Secret, UnixSeconds, VerifyList};
use relay_wire::{GatewayId, Identity};

use super::instance::Instance;
use super::policy::Policy;
use crate::Tenant;

/// A gateway as it is stored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GatewayRecord {
    /// Its id.
    pub gateway_id: GatewayId,
    /// Who it works for.
    pub tenant: Tenant,
    /// The instance whose buffer it drains.
    pub instance: Instance,
    /// The secrets its upgrade tokens may be signed with: the newest, then the one before it. None of a
    /// revoked gateway's.
    pub verify: VerifyList,
    /// Where the gateway could be called; `None` without a public address.
    pub endpoint: Option<String>,
    /// The chats or scopes that belong to it.
    pub route_keys: Vec<String>,
    /// Where it is woken when something waits for it.
    pub wake_url: Option<String>,
    /// The identities that it was provisioned with or announced, in the order of platform and bot.
    pub identities: Vec<Identity>,
    /// When it was first enrolled or provisioned.
    pub created: UnixSeconds,
    /// When it was revoked, if it is.
    pub revoked: Option<UnixSeconds>,
}

impl GatewayRecord {
    /// A gateway that is in, with nothing known of it but this.
    pub fn new(
        gateway_id: GatewayId,
        tenant: Tenant,
        instance: Instance,
        verify: VerifyList,
        created: UnixSeconds,
    ) -> Self {
        Self {
            gateway_id,
            tenant,
            instance,
            verify,
            endpoint: None,
            route_keys: Vec::new(),
            wake_url: None,
            identities: Vec::new(),
            created,
            revoked: None,
        }
    }
}

/// An instance that fronts a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscriber {
    /// The instance.
    pub instance: Instance,
    /// Its bots on that platform, without empty ones, each once, in order.
    pub bot_ids: Vec<String>,
    /// What it declared, or the default.
    pub policy: Policy,
    /// Where its gateways are woken, each once, in order.
    pub wake_urls: Vec<String>,
}

impl Subscriber {
    /// An instance, with nothing known of it yet.
    pub fn new(instance: Instance) -> Self {
        Self { instance, bot_ids: Vec::new(), policy: Policy::default(), wake_urls: Vec::new() }
    }

    /// Adds what one of its gateways has, unless it is there already.
    pub(crate) fn add(&mut self, bot_id: String, wake_url: Option<String>) {
        if !bot_id.is_empty()
            && let Err(at) = self.bot_ids.binary_search(&bot_id)
        {
            self.bot_ids.insert(at, bot_id);
        }
        if let Some(url) = wake_url
            && let Err(at) = self.wake_urls.binary_search(&url)
        {
            self.wake_urls.insert(at, url);
        }
    }
}

/// An enrollment to be stored, in one step that either happens or does not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enrollment {
    /// The gateway.
    pub gateway_id: GatewayId,
    /// The tenant that the token was minted for.
    pub tenant: Tenant,
    /// Its new secret.
    pub secret: Secret,
    /// Names the token; it is used up by this.
    pub nonce: String,
    /// Until when the token would have been good: its nonce need not be kept any longer.
    pub expires: UnixSeconds,
    /// The time of the enrollment.
    pub now: UnixSeconds,
}

impl Enrollment {
    /// A gateway of this tenant gets this secret now, for a token of this nonce that would be good until `expires`.
    pub fn new(
        gateway_id: GatewayId,
        tenant: Tenant,
        secret: Secret,
        nonce: impl Into<String>,
        expires: UnixSeconds,
        now: UnixSeconds,
    ) -> Self {
        Self { gateway_id, tenant, secret, nonce: nonce.into(), expires, now }
    }
}

/// What became of an [`Enrollment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EnrollOutcome {
    /// The gateway is new, or was revoked and is in again.
    Enrolled,
    /// The gateway was known to this tenant: the new secret is its primary, the former primary still works.
    Rotated,
    /// The token was used before. Nothing changed.
    TokenUsed,
    /// The gateway belongs to another tenant. Nothing changed, the token is still good.
    ForeignGateway,
}

/// A gateway that an identity vouches for, in one step that either happens or does not.
#[derive(Clone, Debug, WithSetters)]
#[getset(set_with = "pub")]
#[non_exhaustive]
pub struct Provisioning {
    /// The gateway.
    pub gateway_id: GatewayId,
    /// The identity's tenant.
    pub tenant: Tenant,
    /// The secret that a new gateway gets.
    pub secret: Secret,
    /// One identity that it fronts.
    pub identity: Identity,
    /// The instance it was given, if any.
    pub instance_id: Option<String>,
    /// Where it could be called; `None` without a public address.
    pub endpoint: Option<String>,
    /// The chats or scopes that belong to it.
    pub route_keys: Vec<String>,
    /// Where it is woken, if anywhere.
    pub wake_url: Option<String>,
    /// The time of the provisioning.
    pub now: UnixSeconds,
}

impl Provisioning {
    /// A gateway of this tenant that fronts this identity, and gets this secret now if it is new.
    pub fn new(
        gateway_id: GatewayId,
        tenant: Tenant,
        secret: Secret,
        identity: Identity,
        now: UnixSeconds,
    ) -> Self {
        Self {
            gateway_id,
            tenant,
            secret,
            identity,
            instance_id: None,
            endpoint: None,
            route_keys: Vec::new(),
            wake_url: None,
            now,
        }
    }
}

/// What became of a [`Provisioning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProvisionOutcome {
    /// The gateway is new and has the secret.
    Issued,
    /// The tenant had this gateway already. Its description is up to date, the secret is not its.
    Known,
    /// The gateway belongs to another tenant. Nothing changed.
    ForeignGateway,
    /// The gateway was revoked. Nothing changed.
    Revoked,
}

/// What became of a rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RotateOutcome {
    /// The gateway has a new secret and its former one.
    Rotated,
    /// There is no such gateway.
    Unknown,
    /// It is revoked. Nothing changed.
    Revoked,
}

/// What became of a revocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevokeOutcome {
    /// The gateway has no secret any more.
    Revoked,
    /// It had been revoked before.
    Already,
    /// There is no such gateway.
    Unknown,
}
