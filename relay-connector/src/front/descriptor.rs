//! What a platform can do, as its front publishes it.

use std::fmt;
use std::sync::Arc;

use relay_wire::{CapabilityDescriptor, Op};
use tokio::sync::watch;

/// A descriptor, and how many its front had published before it.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) version: u64,
    pub(crate) descriptor: Arc<CapabilityDescriptor>,
}

impl Published {
    pub(crate) fn offers(&self, op: &str) -> bool {
        Op::from_wire(op).is_some_and(|op| self.descriptor.supports(op))
    }
}

/// Publishes what a front's platform can do. Gateways that announce the platform wait for the first descriptor; those
/// that have one are sent each that differs from the one before it.
#[derive(Clone)]
pub struct DescriptorSender {
    platform: Arc<str>,
    published: watch::Sender<Option<Published>>,
    /// Counts what all fronts of the connector publish.
    changes: watch::Sender<u64>,
}

impl DescriptorSender {
    pub(crate) fn new(platform: &str, changes: watch::Sender<u64>) -> Self {
        Self { platform: platform.into(), published: watch::Sender::new(None), changes }
    }

    /// Publishes a descriptor; its `platform` becomes that of the front. `supported_ops` lists exactly the ops that the
    /// front performs: it is asked for no other.
    pub fn publish(&self, descriptor: CapabilityDescriptor) {
        let descriptor = CapabilityDescriptor { platform: self.platform.to_string(), ..descriptor };
        let is_new = self.published.send_if_modified(|published| {
            if published.as_ref().is_some_and(|published| *published.descriptor == descriptor) {
                return false;
            }
            let version = published.as_ref().map_or(1, |published| published.version + 1);
            *published = Some(Published { version, descriptor: Arc::new(descriptor) });
            true
        });
        if is_new {
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    /// What was published last.
    pub fn current(&self) -> Option<Arc<CapabilityDescriptor>> {
        self.published.borrow().as_ref().map(|published| Arc::clone(&published.descriptor))
    }

    pub(crate) fn published(&self) -> Option<Published> {
        self.published.borrow().clone()
    }
}

impl fmt::Debug for DescriptorSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.published.borrow().as_ref().map(|published| published.version);
        f.debug_struct("DescriptorSender")
            .field("platform", &self.platform)
            .field("version", &version)
            .finish_non_exhaustive()
    }
}
