//! One front of the file.

use std::fmt;
use std::sync::Arc;

use relay_connector::{AccessPolicy, Front, PairingCode, Tenant};
use relay_net::Dial;

use crate::FrontCheck;
use crate::front_kind::FrontPlan;

/// A front that the file names.
#[derive(Clone)]
pub struct ConfiguredFront {
    pub(crate) platform: &'static str,
    pub(crate) tenant: Option<Tenant>,
    pub(crate) access: AccessPolicy,
    pub(crate) plan: Arc<dyn FrontPlan>,
}

impl fmt::Debug for ConfiguredFront {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfiguredFront")
            .field("platform", &self.platform)
            .field("tenant", &self.tenant)
            .field("access", &self.access)
            .field("plan", &self.plan)
            .finish()
    }
}

/// Why a front cannot be opened. No secret is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {remedy}")]
pub struct FrontProblem {
    what: String,
    remedy: String,
}

impl FrontProblem {
    pub(crate) fn new(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), remedy: remedy.into() }
    }

    /// What is wrong.
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do about it.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl ConfiguredFront {
    /// The platform.
    pub fn platform(&self) -> &'static str {
        self.platform
    }

    /// Who may talk to the agent through it.
    pub fn access(&self) -> &AccessPolicy {
        &self.access
    }

    /// Opens it for the tenant that it names, else for the default one. The platform is not asked yet.
    ///
    /// # Errors
    /// Its secret is not there, or is none.
    pub fn open(&self, default: &Tenant, dialer: Arc<dyn Dial>) -> Result<Arc<dyn Front>, FrontProblem> {
        self.plan.open(self.tenant.clone().unwrap_or_else(|| default.clone()), dialer)
    }

    /// Asks the platform what keeps it from working. Where it `is_running`, what would disturb it is left out.
    pub async fn check(&self, dialer: Arc<dyn Dial>, is_running: bool) -> Vec<FrontCheck> {
        self.plan.check(dialer, is_running).await
    }

    /// Where people find the bot, such as `https://t.me/…`, if the platform says it within seconds. Who opens it shows the
    /// code, where the platform's links can carry one.
    pub async fn contact(&self, dialer: Arc<dyn Dial>, code: Option<&PairingCode>) -> Option<String> {
        self.plan.contact(dialer, code).await
    }
}
