//! The relevance policy of each fronted platform.

use relay_wire::{Identity, PolicyRequest};
use serde_yaml::Value;

use crate::reader::{Reader, words};

/// The policies that say anything: one that is all at its default is not declared. The generic platform has
/// none.
pub(crate) fn read(reader: &mut Reader<'_>, identities: &[Identity]) -> Vec<PolicyRequest> {
    let mut policies: Vec<PolicyRequest> = Vec::new();
    for identity in identities.iter().filter(|identity| identity.platform != "relay") {
        let policy = of(reader, &identity.platform);
        let says_nothing =
            !policy.require_address && policy.free_response_scopes.is_empty() && !policy.allow_other_bots;
        if !says_nothing && !policies.contains(&policy) {
            policies.push(policy);
        }
    }
    policies
}

fn of(reader: &mut Reader<'_>, platform: &str) -> PolicyRequest {
    let blocks: [&[&str]; 3] = [&[platform], &["gateway", "platforms", platform], &["platforms", platform]];
    // One block speaks for the platform; what it leaves out is looked up at the top level, in no other block.
    let block = blocks.into_iter().find(|path| matches!(reader.yaml(path), Some((Value::Mapping(_), _))));
    let blocks: Vec<&[&str]> = block.into_iter().chain([&[][..]]).collect();
    let find = |reader: &mut Reader<'_>, key: &str| {
        let found = blocks.iter().find_map(|block| {
            let path: Vec<&str> = block.iter().copied().chain([key]).collect();
            reader.yaml(&path).map(|(value, origin)| (value.clone(), origin))
        });
        let text = found.as_ref().and_then(|(value, _)| words(value)).unwrap_or_default().join(", ");
        let shown = found.as_ref().map(|(_, origin)| (text.as_str(), origin));
        reader.note(None, Some(&[platform, key]), shown);
        found
    };
    let require_address = match find(reader, "require_mention") {
        Some((Value::Bool(flag), _)) => flag,
        Some((_, origin)) => {
            reader.problem(&origin, "the value must be true or false");
            false
        }
        None => false,
    };
    let free_response_scopes = match find(reader, "free_response_channels") {
        Some((value, origin)) => words(&value).unwrap_or_else(|| {
            reader.problem(&origin, "the value must be a list of channels, or channels separated by commas");
            Vec::new()
        }),
        None => Vec::new(),
    };
    let variable = format!("{}_ALLOW_BOTS", platform.to_uppercase());
    let bots = reader.variable(&variable);
    reader.note(Some(variable), None, bots.as_ref().map(|bots| (bots.value.as_str(), &bots.origin)));
    let allow_other_bots =
        bots.is_some_and(|bots| matches!(bots.value.to_lowercase().as_str(), "mentions" | "all"));
    PolicyRequest { platform: platform.to_owned(), require_address, free_response_scopes, allow_other_bots }
}
