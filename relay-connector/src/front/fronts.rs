//! The fronts of one connector, and which of them serves a platform.

use std::sync::Arc;

use tokio::sync::{Mutex, watch};

use super::descriptor::Published;
use crate::store::GatewayStore;
use crate::{DescriptorSender, Front, FrontState, GatewayCommands, StoreError};

/// The platform of a gateway that names none: it gets the first front.
pub(crate) const GENERIC_PLATFORM: &str = "relay";

/// A front, and what is known of it while it runs.
pub(crate) struct Served {
    pub(crate) platform: String,
    pub(crate) front: Arc<dyn Front>,
    pub(crate) descriptor: DescriptorSender,
    pub(crate) state: watch::Sender<FrontState>,
    pub(crate) commands: watch::Sender<Vec<GatewayCommands>>,
    /// Held while the commands are read, so that what was read last is what is published last.
    reading: Mutex<()>,
}

impl Served {
    fn new(platform: String, front: Arc<dyn Front>, changes: watch::Sender<u64>) -> Self {
        Self {
            descriptor: DescriptorSender::new(&platform, changes),
            platform,
            front,
            state: watch::Sender::default(),
            commands: watch::Sender::default(),
            reading: Mutex::default(),
        }
    }

    /// What it published last.
    pub(crate) fn published(&self) -> Option<Published> {
        self.descriptor.published()
    }

    pub(crate) fn performs(&self, op: &str) -> bool {
        self.published().is_some_and(|published| published.offers(op))
    }

    /// Has the front see which commands gateways offer on its platform now.
    pub(crate) async fn refresh_commands(
        &self,
        gateways: &(impl GatewayStore + ?Sized),
    ) -> Result<(), StoreError> {
        let _reading = self.reading.lock().await;
        let offered = gateways.commands(&self.platform).await?;
        self.commands.send_if_modified(|known| {
            let is_new = *known != offered;
            *known = offered;
            is_new
        });
        Ok(())
    }
}

/// In the order they were given; there is at least one.
pub(crate) struct Fronts {
    served: Vec<Arc<Served>>,
    /// Ticks whenever one of them publishes another descriptor.
    changes: watch::Sender<u64>,
}

/// Why these fronts cannot serve together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrontsError {
    /// There is none.
    #[error("the connector has no front, so there is no chat to connect; add one before building it")]
    None,
    /// Two of the same platform.
    #[error("two fronts serve the platform `{platform}`; keep one of them")]
    Duplicate {
        /// The platform.
        platform: String,
    },
    /// A front that calls itself `relay`, or nothing at all.
    #[error("`{platform}` cannot be a front's platform; name the chat platform that it speaks to")]
    Reserved {
        /// The platform.
        platform: String,
    },
}

impl Fronts {
    pub(crate) fn new(fronts: Vec<Arc<dyn Front>>) -> Result<Self, FrontsError> {
        let changes = watch::Sender::new(0);
        let mut served: Vec<Arc<Served>> = Vec::with_capacity(fronts.len());
        for front in fronts {
            let platform = front.platform().to_owned();
            if platform.is_empty() || platform == GENERIC_PLATFORM {
                return Err(FrontsError::Reserved { platform });
            }
            if served.iter().any(|other| other.platform == platform) {
                return Err(FrontsError::Duplicate { platform });
            }
            served.push(Arc::new(Served::new(platform, front, changes.clone())));
        }
        if served.is_empty() { Err(FrontsError::None) } else { Ok(Self { served, changes }) }
    }

    pub(crate) fn for_platform(&self, platform: &str) -> Option<&Arc<Served>> {
        if platform == GENERIC_PLATFORM {
            return self.served.first();
        }
        self.served.iter().find(|served| served.platform == platform)
    }

    /// Wakes whenever one of them publishes another descriptor.
    pub(crate) fn descriptor_changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.served.iter()
    }
}
