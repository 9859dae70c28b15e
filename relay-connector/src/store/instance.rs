//! What a delivery is for: an agent, however many gateways it runs behind.

use std::fmt;

use relay_wire::GatewayId;

use crate::Tenant;

/// One agent of a tenant: the instance id that its gateways were provisioned with, or the gateway's own id
/// where there is none. Several gateways of one instance share a buffer, and one of them gets each delivery.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instance {
    tenant: Tenant,
    name: String,
}

impl Instance {
    /// An instance by the id that its gateways were provisioned with.
    pub fn named(tenant: Tenant, name: impl Into<String>) -> Self {
        Self { tenant, name: name.into() }
    }

    /// The instance of a gateway that was given no instance id.
    pub fn of_gateway(tenant: Tenant, gateway_id: &GatewayId) -> Self {
        Self::named(tenant, gateway_id.as_str())
    }

    /// Whose it is.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Its name, unique within the tenant.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.name)
    }
}
