//! The types that crates declare, and the names that they show.

use std::collections::BTreeSet;

use syn::{Item, UseTree, Visibility};

use crate::source::{ParsedFile, is_test_only};

/// The types of all crates.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// Every declaration, in the order of the files.
    pub(super) types: Vec<Type>,
    /// `(crate, name)` of what a `pub use` shows; types that a macro declares are seen here alone.
    shown: BTreeSet<(String, String)>,
}

/// A struct, enum, trait, alias or union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Type {
    /// The crate.
    pub(super) owner: String,
    /// Its name.
    pub(super) name: String,
    /// Whether it is seen outside its module: `pub` in any form.
    pub(super) leaves_module: bool,
    /// File and line.
    pub(super) place: String,
}

impl Declared {
    /// Whether a crate has a type of this name.
    pub(super) fn has(&self, owner: &str, name: &str) -> bool {
        self.types.iter().any(|found| found.owner == owner && found.name == name)
            || self.shown.contains(&(owner.to_owned(), name.to_owned()))
    }
}

/// Reads the declarations outside test code; those inside functions are nobody else's and are left out.
pub(super) fn types(files: &[ParsedFile]) -> Declared {
    let mut declared = Declared::default();
    for file in files {
        read(&file.syntax.items, file, &mut declared);
    }
    declared
}

fn read(items: &[Item], file: &ParsedFile, declared: &mut Declared) {
    for item in items {
        let (attributes, visibility, name) = match item {
            Item::Struct(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Enum(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Trait(item) => (&item.attrs, &item.vis, &item.ident),
            Item::TraitAlias(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Type(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Union(item) => (&item.attrs, &item.vis, &item.ident),
            Item::Mod(module) if !is_test_only(&module.attrs) => {
                if let Some((_, items)) = &module.content {
                    read(items, file, declared);
                }
                continue;
            }
            Item::Use(import) if !matches!(import.vis, Visibility::Inherited) => {
                read_shown(&import.tree, file.crate_name(), declared);
                continue;
            }
            _ => continue,
        };
        // An alternative for another platform is the same type.
        if is_test_only(attributes) || declared.holds_alternative(file, name, attributes) {
            continue;
        }
        declared.types.push(Type {
            owner: file.crate_name().to_owned(),
            name: name.to_string(),
            leaves_module: !matches!(visibility, Visibility::Inherited),
            place: format!("{}:{}", file.place, name.span().start().line),
        });
    }
}

impl Declared {
    /// Whether the same file has declared this name already, and this declaration is conditional.
    fn holds_alternative(&self, file: &ParsedFile, name: &syn::Ident, attributes: &[syn::Attribute]) -> bool {
        attributes.iter().any(|attribute| attribute.path().is_ident("cfg"))
            && self.types.iter().any(|known| {
                *name == known.name && known.place.split(':').next() == Some(file.place.as_str())
            })
    }
}

fn read_shown(tree: &UseTree, owner: &str, declared: &mut Declared) {
    match tree {
        UseTree::Path(path) => read_shown(&path.tree, owner, declared),
        UseTree::Group(group) => group.items.iter().for_each(|tree| read_shown(tree, owner, declared)),
        UseTree::Name(name) => {
            declared.shown.insert((owner.to_owned(), name.ident.to_string()));
        }
        UseTree::Rename(rename) => {
            declared.shown.insert((owner.to_owned(), rename.rename.to_string()));
        }
        UseTree::Glob(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceFile, shipped};

    fn read(files: &[(&str, &str)]) -> Declared {
        let files: Vec<_> = files.iter().map(|(place, text)| SourceFile::new(place, text)).collect();
        types(&shipped(&files).unwrap())
    }

    #[test]
    fn every_kind_of_type_is_read_with_crate_place_and_visibility() {
        let text = "pub struct A;\nenum B {}\npub(crate) trait C {}\nmod inner { pub type D = u8; }\npub union E { a: u8 }";
        let found: Vec<_> = read(&[("relay-a/src/lib.rs", text)])
            .types
            .into_iter()
            .map(|found| (found.owner, found.name, found.leaves_module, found.place))
            .collect();
        let expected = [("A", true, 1), ("B", false, 2), ("C", true, 3), ("D", true, 4), ("E", true, 5)];
        let expected = expected.map(|(name, leaves, line)| {
            ("relay-a".to_owned(), name.to_owned(), leaves, format!("relay-a/src/lib.rs:{line}"))
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn types_of_tests_and_inside_functions_are_nobody_elses() {
        let text = "#[cfg(test)] pub struct A; #[cfg(test)] mod tests { pub struct B; } fn f() { struct C; }";
        assert_eq!(read(&[("relay-a/src/lib.rs", text)]).types, []);
    }

    #[test]
    fn the_alternative_for_another_platform_is_the_same_type() {
        let text = "#[cfg(unix)] pub struct Pipe; #[cfg(not(unix))] pub struct Pipe;";
        assert_eq!(read(&[("relay-a/src/lib.rs", text)]).types.len(), 1);
    }

    #[test]
    fn what_a_macro_declares_is_known_by_what_the_crate_shows() {
        let declared =
            read(&[("relay-a/src/lib.rs", "id! { BufferId } pub use id::{BufferId, Other as Shown};")]);
        assert!(declared.has("relay-a", "BufferId"));
        assert!(declared.has("relay-a", "Shown"));
        assert!(!declared.has("relay-b", "BufferId"));
        assert!(!declared.has("relay-a", "Other"));
    }
}
