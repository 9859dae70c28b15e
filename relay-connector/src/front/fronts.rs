//! The fronts of one connector, and which of them serves a platform.

use std::sync::Arc;

use relay_wire::{CapabilityDescriptor, Op};

use crate::Front;

/// The platform of a gateway that names none: it gets the first front.
pub(crate) const GENERIC_PLATFORM: &str = "relay";

/// A front with the descriptor that it gave when the connector was built.
pub(crate) struct Served {
    pub(crate) platform: String,
    pub(crate) descriptor: CapabilityDescriptor,
    pub(crate) front: Arc<dyn Front>,
}

impl Served {
    pub(crate) fn performs(&self, op: &str) -> bool {
        Op::from_wire(op).is_some_and(|op| self.descriptor.supports(op))
    }
}

/// In the order they were given; there is at least one.
pub(crate) struct Fronts(Vec<Arc<Served>>);

/// Why these fronts cannot serve together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
        let mut served: Vec<Arc<Served>> = Vec::with_capacity(fronts.len());
        for front in fronts {
            let platform = front.platform().to_owned();
            if platform.is_empty() || platform == GENERIC_PLATFORM {
                return Err(FrontsError::Reserved { platform });
            }
            if served.iter().any(|other| other.platform == platform) {
                return Err(FrontsError::Duplicate { platform });
            }
            served.push(Arc::new(Served { platform, descriptor: front.descriptor(), front }));
        }
        if served.is_empty() { Err(FrontsError::None) } else { Ok(Self(served)) }
    }

    pub(crate) fn for_platform(&self, platform: &str) -> Option<&Arc<Served>> {
        if platform == GENERIC_PLATFORM {
            return self.0.first();
        }
        self.0.iter().find(|served| served.platform == platform)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Served>> {
        self.0.iter()
    }
}
