//! A descriptor made from what a connector knows of a platform.

use crate::descriptor::stated_length;
use crate::{CONTRACT_VERSION, CapabilityDescriptor, LenUnit};

/// A platform as a connector's registry lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlatformEntry {
    /// The name on the wire.
    pub name: String,
    /// The name for people.
    pub label: String,
    /// The longest message; 0 means that the registry states none.
    pub max_message_length: i64,
    /// A symbol for the platform.
    pub emoji: String,
    /// Advice for the agent on how to write there.
    pub platform_hint: String,
    /// Personal data may be shown there.
    pub pii_safe: bool,
}

/// What only the running connector can say of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeCapabilities {
    /// Drafts can be shown while they grow.
    pub supports_draft_streaming: bool,
    /// Sent messages can be edited.
    pub supports_edit: bool,
    /// Chats can have threads.
    pub supports_threads: bool,
    /// The formatting that is understood.
    pub markdown_dialect: String,
    /// What the message length counts.
    pub len_unit: LenUnit,
}

impl CapabilityDescriptor {
    /// Projects a registry entry and the runtime's capabilities onto a descriptor (contract, Descriptor).
    pub fn project(entry: PlatformEntry, runtime: RuntimeCapabilities) -> Self {
        Self {
            contract_version: CONTRACT_VERSION,
            platform: entry.name,
            label: entry.label,
            max_message_length: stated_length(Some(entry.max_message_length)),
            supports_draft_streaming: runtime.supports_draft_streaming,
            supports_edit: runtime.supports_edit,
            supports_threads: runtime.supports_threads,
            markdown_dialect: runtime.markdown_dialect,
            len_unit: runtime.len_unit,
            emoji: entry.emoji,
            platform_hint: entry.platform_hint,
            pii_safe: entry.pii_safe,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PlatformEntry, RuntimeCapabilities};
    use crate::{CapabilityDescriptor, LenUnit};

    #[test]
    fn an_entry_without_a_length_projects_to_4096() {
        let entry = PlatformEntry {
            name: "irc".into(),
            label: "IRC".into(),
            max_message_length: 0,
            emoji: "#".into(),
            platform_hint: "one line".into(),
            pii_safe: true,
        };
        let runtime = RuntimeCapabilities {
            supports_draft_streaming: false,
            supports_edit: true,
            supports_threads: false,
            markdown_dialect: "plain".into(),
            len_unit: LenUnit::Utf16,
        };
        let descriptor = CapabilityDescriptor::project(entry.clone(), runtime.clone());
        assert_eq!(descriptor.max_message_length, 4096);
        assert_eq!((descriptor.platform.as_ref(), descriptor.label.as_ref()), ("irc", "IRC"));
        assert_eq!((descriptor.emoji.as_ref(), descriptor.pii_safe), ("#", true));
        assert_eq!((descriptor.supports_edit, descriptor.len_unit), (true, LenUnit::Utf16));

        let stated = PlatformEntry { max_message_length: 512, ..entry };
        assert_eq!(CapabilityDescriptor::project(stated, runtime).max_message_length, 512);
    }
}
