//! Gateways as they are stored, and the ways by which they come and go.

use relay_auth::{Secret, UnixSeconds, VerifyList};
use relay_wire::{GatewayId, Identity};

use super::instance::Instance;
use super::policy::Policy;
use crate::Tenant;

/// A gateway as it is stored.
#[derive(Clone, Debug)]
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

/// An instance that fronts a platform.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// What became of an [`Enrollment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Debug)]
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

/// What became of a [`Provisioning`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
pub enum RevokeOutcome {
    /// The gateway has no secret any more.
    Revoked,
    /// It had been revoked before.
    Already,
    /// There is no such gateway.
    Unknown,
}
