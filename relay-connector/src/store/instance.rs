//! What a delivery is for: an agent, however many gateways it runs behind.

use std::borrow::Cow;
use std::fmt;

use relay_wire::GatewayId;

use crate::Tenant;

/// Begins the stored key of an instance that is one gateway. No instance id holds a control character, so no instance
/// by id has such a key.
const GATEWAY: char = '\u{1f}';

/// One agent of a tenant: the instance id that its gateways were provisioned with, or one gateway that was given none.
/// Several gateways of one instance share a buffer, and one of them gets each delivery.
///
/// An instance by id and the instance of a gateway are never the same, whatever they are called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instance {
    tenant: Tenant,
    kind: InstanceKind,
    name: String,
}

/// What an instance is named by. The order is that of the stored keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum InstanceKind {
    Gateway,
    Id,
}

impl Instance {
    /// An instance by the id that its gateways were provisioned with.
    pub fn named(tenant: Tenant, name: impl Into<String>) -> Self {
        Self { tenant, kind: InstanceKind::Id, name: name.into() }
    }

    /// The instance of a gateway that was given no instance id.
    pub fn of_gateway(tenant: Tenant, gateway_id: &GatewayId) -> Self {
        Self { tenant, kind: InstanceKind::Gateway, name: gateway_id.as_str().to_owned() }
    }

    /// Whose it is.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Its instance id, or the id of its one gateway: a name for people, which one of each kind may have.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is one gateway that was given no instance id.
    pub fn is_gateway(&self) -> bool {
        self.kind == InstanceKind::Gateway
    }

    /// Whether this is the instance id that a gateway got which had none before and is called the same: what waits for
    /// the gateway is then this instance's.
    pub(crate) fn takes_over(&self, old: &Self) -> bool {
        old.is_gateway() && !self.is_gateway() && old.tenant == self.tenant && old.name == self.name
    }

    /// Its key in a store, unique within the tenant. An instance id is its own key.
    pub fn key(&self) -> Cow<'_, str> {
        match self.kind {
            InstanceKind::Gateway => format!("{GATEWAY}{}", self.name).into(),
            InstanceKind::Id => self.name.as_str().into(),
        }
    }

    /// The instance that has this key.
    pub fn from_key(tenant: Tenant, key: &str) -> Self {
        match key.strip_prefix(GATEWAY) {
            Some(gateway_id) => Self { tenant, kind: InstanceKind::Gateway, name: gateway_id.to_owned() },
            None => Self::named(tenant, key),
        }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::Instance;
    use crate::Tenant;

    #[test]
    fn a_gateway_and_an_instance_id_of_one_name_have_keys_of_their_own_and_come_back_from_them() {
        let by_id = Instance::named(Tenant::default(), "agent");
        let gateway = Instance::of_gateway(Tenant::default(), &"agent".parse().unwrap());
        assert_ne!(by_id, gateway);
        assert_ne!(by_id.key(), gateway.key());
        assert_eq!(gateway < by_id, gateway.key() < by_id.key());
        for instance in [by_id, gateway] {
            assert_eq!(Instance::from_key(Tenant::default(), &instance.key()), instance);
        }
    }
}
