//! From a Rust type to the word by which the document names it.

use std::collections::{BTreeMap, BTreeSet};

use syn::{GenericArgument, PathArguments, Type};

/// The types that stand for another one on the wire.
#[derive(Debug, Default)]
pub(crate) struct Aliases {
    /// Newtypes of a text, made by a macro.
    pub(crate) texts: BTreeSet<String>,
    /// Transparent types, with what they hold.
    pub(crate) transparent: BTreeMap<String, Type>,
}

/// A type on the wire.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WireType {
    /// As [`Field::kind`](super::model::Field::kind) says it.
    pub(crate) kind: String,
    /// It is an `Option`.
    pub(crate) optional: bool,
}

impl Aliases {
    /// What a type is on the wire.
    pub(crate) fn resolve(&self, of: &Type) -> WireType {
        let plain = |kind: &str| WireType { kind: kind.into(), optional: false };
        match of {
            Type::Reference(reference) => self.resolve(&reference.elem),
            Type::Tuple(tuple) => {
                let parts: Vec<_> = tuple.elems.iter().map(|part| self.resolve(part).kind).collect();
                plain(&format!("[{}]", parts.join(", ")))
            }
            Type::Path(path) => {
                let Some(last) = path.path.segments.last() else { return plain("?") };
                let name = last.ident.to_string();
                match (name.as_str(), argument(&last.arguments)) {
                    ("Box", Some(inner)) => self.resolve(inner),
                    ("Option", Some(inner)) => WireType { optional: true, ..self.resolve(inner) },
                    ("Vec", Some(inner)) => plain(&format!("list of {}", self.resolve(inner).kind)),
                    ("Cow" | "String" | "str", _) => plain("text"),
                    ("bool", _) => plain("boolean"),
                    ("i64" | "u64" | "usize", _) => plain("integer"),
                    ("Map" | "BTreeMap", _) => plain("object"),
                    ("Value", _) => plain("any"),
                    _ if self.texts.contains(&name) => plain("text"),
                    _ => self.transparent.get(&name).map_or_else(|| plain(&name), |held| self.resolve(held)),
                }
            }
            _ => plain("?"),
        }
    }
}

fn argument(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(inner) => Some(inner),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_one_word() {
        let mut aliases = Aliases::default();
        aliases.texts.insert("BufferId".into());
        aliases.transparent.insert("Metadata".into(), syn::parse_str("Map<String, Value>").unwrap());
        for (rust, word, optional) in [
            ("String", "text", false),
            ("&'f BufferId", "text", false),
            ("Option<String>", "text", true),
            ("Option<Vec<CommandSpec>>", "list of CommandSpec", true),
            ("Box<Event>", "Event", false),
            ("Vec<(String, String)>", "list of [text, text]", false),
            ("Metadata", "object", false),
            ("Option<Value>", "any", true),
            ("usize", "integer", false),
        ] {
            let resolved = aliases.resolve(&syn::parse_str(rust).unwrap());
            assert_eq!(resolved, WireType { kind: word.into(), optional }, "{rust}");
        }
    }
}
