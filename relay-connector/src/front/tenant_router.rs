//! Whose a chat is.

use std::fmt;
use std::sync::Arc;

use relay_wire::Source;

use crate::store::GatewayStore;
use crate::{StoreError, Tenant};

/// Finds the tenant of a chat on one platform: by a binding, else by the route keys of gateways, else the default.
///
/// A binding is what an operator or an owner decided; a route key is what a gateway claims of itself.
#[derive(Clone)]
pub struct TenantRouter {
    store: Arc<dyn GatewayStore>,
    platform: Arc<str>,
    default: Tenant,
}

impl TenantRouter {
    pub(crate) fn new(store: Arc<dyn GatewayStore>, platform: &str, default: Tenant) -> Self {
        Self { store, platform: platform.into(), default }
    }

    /// The same with another default, for a front that was set up for one tenant.
    #[must_use]
    pub fn with_default(self, default: Tenant) -> Self {
        Self { default, ..self }
    }

    /// The tenant of the first of these places that has one, narrowest first: a thread, its chat, its scope.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn tenant_of(&self, places: &[&str]) -> Result<Tenant, StoreError> {
        let found = self.store.route(&self.platform, places).await?;
        Ok(found.unwrap_or_else(|| self.default.clone()))
    }

    /// The tenant of what comes from here: of its chat, of the chat above that, or of its scope.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn tenant_of_source(&self, source: &Source) -> Result<Tenant, StoreError> {
        let places = [Some(source.chat_id.as_ref()), source.parent_chat_id.as_deref(), source.scope()];
        let places: Vec<&str> = places.into_iter().flatten().filter(|place| !place.is_empty()).collect();
        self.tenant_of(&places).await
    }
}

impl fmt::Debug for TenantRouter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantRouter")
            .field("platform", &self.platform)
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}
