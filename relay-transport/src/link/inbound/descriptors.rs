//! The descriptors of a connection, by platform.

use std::collections::BTreeMap;
use std::sync::Arc;

use relay_wire::CapabilityDescriptor;

/// What the connector has said of its platforms. The first descriptor of the first handshake is the default,
/// used for a chat whose own platform has none; its newer ops then do not count, because they were listed
/// for another platform.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Descriptors {
    by_platform: BTreeMap<String, Arc<CapabilityDescriptor>>,
    default: Option<Arc<CapabilityDescriptor>>,
}

impl Descriptors {
    /// Takes a descriptor in, replacing the platform's earlier one.
    pub fn insert(&mut self, descriptor: CapabilityDescriptor) {
        let platform = descriptor.platform.clone();
        let takes_default = self.default.as_ref().is_none_or(|default| default.platform == platform);
        let descriptor = Arc::new(descriptor);
        if takes_default {
            self.default = Some(Arc::clone(&descriptor));
        }
        self.by_platform.insert(platform, descriptor);
    }

    /// What is known of a chat's platform.
    pub fn of(&self, platform: &str) -> Arc<CapabilityDescriptor> {
        if let Some(own) = self.by_platform.get(platform) {
            return Arc::clone(own);
        }
        let fallback = self.default.as_deref().cloned().unwrap_or_default();
        Arc::new(CapabilityDescriptor { supported_ops: Vec::new(), ..fallback })
    }

    /// Whether a platform has a descriptor of its own.
    pub fn knows(&self, platform: &str) -> bool {
        self.by_platform.contains_key(platform)
    }

    /// The platforms that have a descriptor, by name.
    pub fn platforms(&self) -> impl Iterator<Item = &str> {
        self.by_platform.keys().map(String::as_str)
    }

    /// No descriptor has come yet.
    pub fn is_empty(&self) -> bool {
        self.by_platform.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use relay_wire::{CapabilityDescriptor, Op};

    use super::Descriptors;

    fn descriptor(platform: &'static str, length: usize, ops: &[&'static str]) -> CapabilityDescriptor {
        CapabilityDescriptor {
            platform: platform.into(),
            max_message_length: length,
            supported_ops: ops.iter().map(|op| (*op).into()).collect(),
            ..CapabilityDescriptor::default()
        }
    }

    #[test]
    fn a_chat_is_served_by_its_own_platform_and_else_by_the_first_without_its_newer_ops() {
        let mut descriptors = Descriptors::default();
        assert!(descriptors.is_empty());
        descriptors.insert(descriptor("discord", 2000, &["send", "prompt"]));
        descriptors.insert(descriptor("telegram", 4000, &[]));
        assert_eq!(descriptors.of("telegram").max_message_length, 4000);
        assert!(descriptors.of("discord").supports(Op::Prompt));
        let unknown = descriptors.of("slack");
        assert_eq!((unknown.max_message_length, unknown.supports(Op::Prompt)), (2000, false));
        assert!(unknown.supports(Op::Send));
    }

    #[test]
    fn a_newer_descriptor_replaces_the_older_one_of_its_platform() {
        let mut descriptors = Descriptors::default();
        descriptors.insert(descriptor("discord", 2000, &[]));
        descriptors.insert(descriptor("telegram", 4000, &[]));
        descriptors.insert(descriptor("discord", 1000, &[]));
        assert_eq!(
            (descriptors.of("discord").max_message_length, descriptors.of("other").max_message_length),
            (1000, 1000)
        );
    }
}
