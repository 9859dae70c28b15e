//! The relevance policy of each platform, declared at every start.

use std::time::Duration;

use relay_runtime::{Clock, Random};
use relay_transport::{ConnectorApi, ConnectorApiError, Credentials};
use relay_wire::PolicyRequest;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use url::Url;

use crate::background::retry::{self, Retry};

/// Declares what the settings say. Messages flow without it, only more of them than the operator wants, so no
/// failure ends anything.
pub(crate) struct Declaration {
    /// Ends in `/relay/policy`.
    pub(crate) url: Url,
    /// What is still to be declared; a platform where all is at its default is not among it.
    pub(crate) policies: Vec<PolicyRequest>,
    pub(crate) api: ConnectorApi,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// Who the gateway is, as soon as it is known.
    pub(crate) credentials: watch::Receiver<Option<Credentials>>,
}

impl Declaration {
    /// Tries until everything is declared, or until `shutdown`.
    pub(crate) async fn run(mut self, shutdown: CancellationToken) {
        if self.policies.is_empty() {
            return;
        }
        let credentials = tokio::select! {
            () = shutdown.cancelled() => return,
            known = self.credentials.wait_for(Option::is_some) => match known.as_deref() {
                Ok(Some(credentials)) => credentials.clone(),
                // Nobody is left who could bring any.
                _ => return,
            },
        };
        let mut retry = Retry::new(self.random.clone());
        let mut reported = String::new();
        loop {
            let asked = self.attempt(&credentials, &mut reported).await;
            if self.policies.is_empty() || !retry.wait(asked, &shutdown).await {
                return;
            }
        }
    }

    async fn attempt(&mut self, credentials: &Credentials, reported: &mut String) -> Option<Duration> {
        let mut asked = None;
        for policy in std::mem::take(&mut self.policies) {
            let now = self.clock.now();
            let platform = policy.platform.as_str();
            let Err(error) = self.api.declare_policy(&self.url, credentials, now, &policy).await else {
                info!(platform, "the policy is declared");
                continue;
            };
            if is_final(&error) {
                warn!(
                    platform,
                    "the policy is not declared, so messages come as the connector chooses: {error}"
                );
                continue;
            }
            asked = asked.max(retry::asked(&error, &self.clock));
            let reason = error.to_string();
            if *reported == reason {
                debug!(platform, "the policy is still not declared: {reason}");
            } else {
                warn!(platform, "the policy is not declared yet; trying again meanwhile: {reason}");
                *reported = reason;
            }
            self.policies.push(policy);
        }
        asked
    }
}

/// Whether asking again is in vain: the connector has no such route, or does not understand the policy.
fn is_final(error: &ConnectorApiError) -> bool {
    match error {
        ConnectorApiError::Malformed { .. } => true,
        ConnectorApiError::Http(error) => matches!(error.status(), Some(404 | 405 | 501)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
