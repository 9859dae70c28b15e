//! What a crate shows to those who build on it, in a form that can grow without breaking them.

use syn::{Attribute, Fields, Item, Visibility};

use crate::source::{self, ParsedFile, is_test_only};
use crate::violation::Violation;

/// The crates whose structs are the wire's data: they stay open, and `..Default::default()` fills in what is added.
const DATA: &[&str] = &["relay-wire"];

/// The crates whose settings are what was read, not what somebody builds.
const READ: &[&str] = &["relay-config"];

/// Ends of the names of what a caller fills in.
const SETTINGS: &[&str] = &["Backoff", "Config", "Credentials", "Deadlines", "Limits", "Options", "Settings"];

/// Enums that have all the variants that there will be, and why a match on them should be whole.
const CLOSED: &[(&str, &str, &str)] = &[
    ("relay-adapter", "Admission", "a message was taken before, or it was not"),
    ("relay-adapter", "Progress", "each inbox stores every stage, and a restart must act on each"),
    ("relay-adapter", "Step", "each inbox stores every step; one that is passed over would be said twice"),
    ("relay-auth", "Expiry", "a token ends, or it does not"),
    ("relay-config", "AccessToken", "whoever reads the setting must know each form of it"),
    ("relay-config", "AgentSetting", "whoever reads the setting must know each form of it"),
    ("relay-config", "Found", "whether a value may be shown is no matter of a default"),
    ("relay-connector", "AccessDecision", "something is passed on, or it is not"),
    ("relay-connector", "Direction", "a frame comes, or it goes"),
    ("relay-connector", "GroupRule", "who may talk is no matter of a default"),
    ("relay-connector", "PeopleRule", "who may talk is no matter of a default"),
    ("relay-connector-setup", "FrontCheckOutcome", "each program shows each of them in its own way"),
    ("relay-connector-setup", "SecretReference", "whoever reads a secret must know each form of it"),
    ("relay-connector-setup", "StoreChange", "each is a line of its own between two programs"),
    ("relay-net", "RetryAfter", "RFC 9110 has these two forms"),
    ("relay-transport", "Drained", "the connector confirmed, did not, or was not there"),
    ("relay-transport", "Initiator", "whose doing a disconnect was is counted for each"),
    (
        "relay-transport",
        "Outcome",
        "what may be done next is decided for each, and a default would say things twice",
    ),
    ("relay-wire", "Line", "a line is whole, or too long"),
];

/// Every public type of these crates that could not grow.
pub(crate) fn find<'a>(
    root: &std::path::Path,
    crates: impl IntoIterator<Item = &'a str>,
) -> anyhow::Result<Vec<Violation>> {
    let files = source::shipped(&source::read(root, crates)?)?;
    Ok(violations(&files))
}

fn violations(files: &[ParsedFile]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut closed = Vec::new();
    for file in files {
        read(&file.syntax.items, file, &mut found, &mut closed);
    }
    found.extend(stale(files, &closed));
    found
}

fn read(items: &[Item], file: &ParsedFile, found: &mut Vec<Violation>, closed: &mut Vec<String>) {
    for item in items {
        match item {
            Item::Mod(module) if !is_test_only(&module.attrs) => {
                if let Some((_, items)) = &module.content {
                    read(items, file, found, closed);
                }
            }
            Item::Struct(item) if is_shown(&item.vis, &item.attrs) => {
                let open = match &item.fields {
                    Fields::Named(fields) => fields.named.iter().any(|field| is_public(&field.vis)),
                    // A newtype is its value.
                    Fields::Unnamed(_) | Fields::Unit => false,
                };
                let name = item.ident.to_string();
                if open && let Some((expected, remedy)) = rule(file.crate_name(), &name, &item.attrs) {
                    found.push(Violation {
                        place: format!("{}:{}", file.place, item.ident.span().start().line),
                        expected,
                        actual: format!("`{name}` has public fields"),
                        remedy,
                    });
                }
            }
            Item::Enum(item) if is_shown(&item.vis, &item.attrs) && !may_grow(&item.attrs) => {
                let name = item.ident.to_string();
                if CLOSED.iter().any(|(owner, known, _)| *owner == file.crate_name() && *known == name) {
                    closed.push(format!("{}::{name}", file.crate_name()));
                    continue;
                }
                found.push(Violation {
                    place: format!("{}:{}", file.place, item.ident.span().start().line),
                    expected: "a public enum that is `#[non_exhaustive]`, or closed for a reason".into(),
                    actual: format!("`{name}` is neither"),
                    remedy: "mark it, or write the reason into CLOSED in xtask/src/surface.rs".into(),
                });
            }
            _ => {}
        }
    }
}

/// What is asked of a struct with public fields, where it is not met.
fn rule(owner: &str, name: &str, attributes: &[Attribute]) -> Option<(String, String)> {
    if DATA.contains(&owner) {
        return None;
    }
    if !READ.contains(&owner) && SETTINGS.iter().any(|end| name.ends_with(end)) {
        return Some((
            "settings whose fields are private".into(),
            "build them by `new` or `Default` and `with_` methods, and read them by accessors (getset derives both)"
                .into(),
        ));
    }
    (!may_grow(attributes)).then(|| {
        (
            "a struct with public fields that is `#[non_exhaustive]`".into(),
            "mark it, and give it a constructor where others build it".into(),
        )
    })
}

/// Reasons for enums that are gone, or that can grow by now.
fn stale(files: &[ParsedFile], closed: &[String]) -> Vec<Violation> {
    let read = |owner: &str| files.iter().any(|file| file.crate_name() == owner);
    let unused =
        CLOSED.iter().filter(|(owner, name, _)| read(owner) && !closed.contains(&format!("{owner}::{name}")));
    unused
        .map(|(owner, name, _)| Violation {
            place: "xtask/src/surface.rs".into(),
            expected: "a reason for each enum that cannot grow, and no other".into(),
            actual: format!("{owner} has no closed enum `{name}`"),
            remedy: "take its line out of CLOSED".into(),
        })
        .collect()
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_shown(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    is_public(visibility) && !is_test_only(attributes)
}

fn may_grow(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    fn actual(owner: &str, text: &str) -> Vec<String> {
        let file = SourceFile { place: format!("{owner}/src/lib.rs"), text: text.into() };
        violations(&source::shipped(&[file]).unwrap()).into_iter().map(|found| found.actual).collect()
    }

    #[test]
    fn a_struct_with_public_fields_must_be_able_to_grow() {
        assert_eq!(actual("relay-a", "pub struct Row { pub a: u8 }"), ["`Row` has public fields"]);
        assert!(actual("relay-a", "#[non_exhaustive] pub struct Row { pub a: u8 }").is_empty());
        assert!(
            actual("relay-a", "pub struct Row { a: u8, pub(crate) b: u8 } pub struct Id(pub u8);").is_empty()
        );
        assert!(
            actual(
                "relay-a",
                "struct Row { pub a: u8 } #[cfg(test)] mod tests { pub struct B { pub a: u8 } }"
            )
            .is_empty()
        );
    }

    #[test]
    fn settings_have_no_public_fields_however_they_are_marked() {
        for end in SETTINGS {
            let text = format!("#[non_exhaustive] pub struct My{end} {{ pub a: u8 }}");
            assert_eq!(actual("relay-a", &text), [format!("`My{end}` has public fields")]);
        }
        assert!(actual("relay-a", "pub struct Limits { pub(crate) a: u8 }").is_empty());
    }

    #[test]
    fn the_wire_s_structs_stay_open_and_settings_that_were_read_are_data() {
        let open = "#[non_exhaustive] pub struct Settings { pub a: u8 }";
        let without_reasons = |owner| {
            let mut found = actual(owner, open);
            found.retain(|actual| !actual.contains("no closed enum"));
            found
        };
        assert!(without_reasons("relay-config").is_empty());
        assert!(without_reasons("relay-wire").is_empty());
    }

    #[test]
    fn an_enum_can_grow_or_has_a_reason_and_a_reason_has_an_enum() {
        assert_eq!(actual("relay-a", "pub enum Way { In }"), ["`Way` is neither"]);
        assert!(actual("relay-a", "#[non_exhaustive] pub enum Way { In } enum Own { A }").is_empty());
        assert!(actual("relay-net", "pub enum RetryAfter { At }").is_empty());
        assert_eq!(
            actual("relay-net", "pub enum Other {}"),
            ["`Other` is neither", "relay-net has no closed enum `RetryAfter`"]
        );
    }
}
