//! Self-provisioning: from an identity to the credentials of the link, at every start, in memory alone.

use std::sync::Arc;
use std::time::Duration;

use relay_config::Settings;
use relay_runtime::{Clock, Random};
use relay_transport::{ConnectorApi, ConnectorApiError, Credentials};
use relay_wire::ProvisionRequest;
use tokio::sync::{oneshot, watch};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};
use url::Url;

use crate::background::retry::{self, Retry};
use crate::identity::{IdentityError, IdentityTokens};

/// Brings the gateway up on every platform that it fronts.
pub(crate) struct Provisioning {
    /// Ends in `/relay/provision`.
    pub(crate) url: Url,
    /// One for each platform that is still to be brought up.
    pub(crate) requests: Vec<ProvisionRequest>,
    pub(crate) api: ConnectorApi,
    pub(crate) tokens: Arc<dyn IdentityTokens>,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// Gets the first secret that comes.
    pub(crate) credentials: watch::Sender<Option<Credentials>>,
}

/// Why a platform is not brought up.
#[derive(Debug, thiserror::Error)]
enum ProvisionError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Connector(#[from] ConnectorApiError),
    #[error(
        "the connector knows the gateway {gateway_id} and does not tell its secret again (secretIssued: false); pin the \
         secret in GATEWAY_RELAY_SECRET, choose another GATEWAY_RELAY_ID, or have the connector's operator forget this one"
    )]
    Withheld { gateway_id: String },
}

/// One request for each platform, the default one first.
pub(crate) fn requests(settings: &Settings, gateway_id: &str) -> Vec<ProvisionRequest> {
    let text = |setting: &Option<relay_config::Setting<String>>| {
        setting.as_ref().map(|setting| setting.value.clone())
    };
    let mut requests: Vec<ProvisionRequest> = Vec::new();
    for identity in &settings.identities.value {
        if requests.iter().any(|request| request.platform == identity.platform) {
            continue;
        }
        requests.push(ProvisionRequest {
            gateway_id: gateway_id.to_owned(),
            platform: identity.platform.clone(),
            bot_id: identity.bot_id.clone(),
            gateway_endpoint: text(&settings.endpoint).unwrap_or_default(),
            route_keys: settings.route_keys.value.clone(),
            instance_id: text(&settings.instance_id),
            wake_url: text(&settings.wake_url),
        });
    }
    requests
}

impl Provisioning {
    /// Tries until every platform is up, or until `shutdown`. `first` is dropped after the first attempt, whatever
    /// came of it.
    ///
    /// Awaited to its end even then: a request that is cut off may have spent a token whose successor is lost.
    pub(crate) async fn run(mut self, first: oneshot::Sender<()>, shutdown: CancellationToken) {
        info!(
            identity = self.tokens.name(),
            platforms = self.requests.len(),
            "the gateway provisions itself"
        );
        let mut retry = Retry::new(self.random.clone());
        let (mut first, mut reported) = (Some(first), String::new());
        while !shutdown.is_cancelled() {
            let asked = self.attempt(&mut reported).await;
            drop(first.take());
            if self.requests.is_empty() || !retry.wait(asked, &shutdown).await {
                return;
            }
        }
    }

    /// Asks for each platform that is not up yet; how long the connector wants to be left alone.
    async fn attempt(&mut self, reported: &mut String) -> Option<Duration> {
        let mut failures: Vec<(ProvisionRequest, ProvisionError)> = Vec::new();
        match self.tokens.token().await {
            Ok(token) => {
                for request in std::mem::take(&mut self.requests) {
                    if let Err(failure) = self.provision(&token, &request).await {
                        failures.push((request, failure));
                    }
                }
            }
            Err(error) => {
                self.warn_once(reported, &error.to_string(), None);
                return None;
            }
        }
        let asked = failures.iter().filter_map(|(_, failure)| match failure {
            ProvisionError::Connector(error) => retry::asked(error, &self.clock),
            _ => None,
        });
        let asked = asked.max();
        if !failures.is_empty() {
            let mut reasons: Vec<String> = failures.iter().map(|(_, failure)| failure.to_string()).collect();
            reasons.dedup();
            let platforms: Vec<_> = failures.iter().map(|(request, _)| request.platform.as_str()).collect();
            self.warn_once(reported, &reasons.join("; "), Some(&platforms.join(", ")));
        }
        self.requests = failures.into_iter().map(|(request, _)| request).collect();
        asked
    }

    async fn provision(
        &self,
        token: &relay_auth::Secret,
        request: &ProvisionRequest,
    ) -> Result<(), ProvisionError> {
        let provisioned = match self.api.provision(&self.url, token, request).await {
            Ok(provisioned) => provisioned,
            Err(error) => {
                if matches!(error, ConnectorApiError::Unauthorized { .. }) {
                    self.tokens.refused();
                }
                return Err(error.into());
            }
        };
        let (platform, gateway_id) = (&request.platform, provisioned.gateway_id);
        match provisioned.secret {
            Some(secret) => {
                info!(platform, gateway = %gateway_id, tenant = provisioned.tenant, "provisioned");
                // The first counts: the connector goes on accepting it, whatever it answers to the others.
                self.credentials.send_if_modified(|credentials| {
                    let is_first = credentials.is_none();
                    if is_first {
                        *credentials = Some(Credentials::new(gateway_id, secret));
                    }
                    is_first
                });
                Ok(())
            }
            None if self.credentials.borrow().is_some() => Ok(()),
            None => Err(ProvisionError::Withheld { gateway_id: gateway_id.as_str().to_owned() }),
        }
    }

    /// Warns once of each new trouble, and not at every attempt.
    fn warn_once(&self, reported: &mut String, reason: &str, platforms: Option<&str>) {
        if *reported == reason {
            debug!("the gateway is still not provisioned: {reason}");
            return;
        }
        reason.clone_into(reported);
        if self.credentials.borrow().is_some() {
            let platforms = platforms.unwrap_or_default();
            warn!(
                platforms,
                "not provisioned for these platforms, the others work; trying again meanwhile: {reason}"
            );
        } else {
            warn!(
                "the gateway could not provision itself and runs without credentials; trying again meanwhile: {reason}"
            );
        }
    }
}

#[cfg(test)]
mod tests;
