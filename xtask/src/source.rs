//! The Rust sources that a crate ships: its `src` folder, without what only tests compile.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use syn::{Attribute, Item, ItemMod, Meta, Token, punctuated::Punctuated};

/// A source file of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Its path below the workspace root, with `/` on every platform.
    pub(crate) place: String,
    /// Its content.
    pub(crate) text: String,
}

/// A source file that is compiled into what is shipped.
pub(crate) struct ParsedFile {
    /// Its path below the workspace root.
    pub(crate) place: String,
    /// Its syntax tree, test code included.
    pub(crate) syntax: syn::File,
}

impl ParsedFile {
    /// The crate that the file belongs to.
    pub(crate) fn crate_name(&self) -> &str {
        self.place.split('/').next().unwrap_or_default()
    }
}

/// Reads all `.rs` files below the `src` folders of these crates, sorted by path.
pub(crate) fn read<'a>(
    root: &Path,
    crates: impl IntoIterator<Item = &'a str>,
) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for name in crates {
        read_folder(&root.join(name).join("src"), &format!("{name}/src"), "rs", &mut files)?;
    }
    files.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(files)
}

/// Reads all `.rs` files of these crates: what they ship, their tests, examples and benches.
pub(crate) fn read_all<'a>(
    root: &Path,
    crates: impl IntoIterator<Item = &'a str>,
) -> anyhow::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for name in crates {
        for folder in ["src", "tests", "examples", "benches"] {
            if root.join(name).join(folder).is_dir() {
                read_folder(&root.join(name).join(folder), &format!("{name}/{folder}"), "rs", &mut files)?;
            }
        }
    }
    Ok(files)
}

/// Reads what is written for people: `README.md`, and the Markdown below `docs`.
pub(crate) fn read_documents(root: &Path) -> anyhow::Result<Vec<SourceFile>> {
    let text = fs::read_to_string(root.join("README.md")).context("cannot read README.md")?;
    let mut files = vec![SourceFile { place: "README.md".into(), text }];
    read_folder(&root.join("docs"), "docs", "md", &mut files)?;
    Ok(files)
}

fn read_folder(
    folder: &Path,
    place: &str,
    extension: &str,
    files: &mut Vec<SourceFile>,
) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot list {place}"))? {
        let entry = entry.with_context(|| format!("cannot list {place}"))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let place = format!("{place}/{name}");
        if entry.path().is_dir() {
            read_folder(&entry.path(), &place, extension, files)?;
        } else if entry.path().extension().is_some_and(|found| found == extension) {
            let text = fs::read_to_string(entry.path()).with_context(|| format!("cannot read {place}"))?;
            files.push(SourceFile { place, text });
        }
    }
    Ok(())
}

/// Parses the files and leaves out those that a `#[cfg(test)] mod` declares.
pub(crate) fn shipped(files: &[SourceFile]) -> anyhow::Result<Vec<ParsedFile>> {
    let mut parsed = Vec::new();
    let mut test_modules = BTreeSet::new();
    for file in files {
        let syntax = syn::parse_file(&file.text)
            .with_context(|| format!("{} is not Rust; `cargo check` shows why", file.place))?;
        collect_test_modules(&syntax.items, &child_folder(&file.place), &mut test_modules);
        if !is_test_only(&syntax.attrs) {
            parsed.push(ParsedFile { place: file.place.clone(), syntax });
        }
    }
    parsed.retain(|file| !test_modules.iter().any(|module| is_in_module(&file.place, module)));
    Ok(parsed)
}

/// Where the modules that a file declares have their files.
fn child_folder(place: &str) -> String {
    let (folder, name) = place.rsplit_once('/').unwrap_or(("", place));
    match name {
        "lib.rs" | "main.rs" | "mod.rs" => folder.into(),
        _ => place.trim_end_matches(".rs").into(),
    }
}

fn collect_test_modules(items: &[Item], folder: &str, found: &mut BTreeSet<String>) {
    for item in items {
        let Item::Mod(ItemMod { attrs, ident, content, .. }) = item else { continue };
        let path = format!("{folder}/{ident}");
        match content {
            Some((_, items)) => collect_test_modules(items, &path, found),
            None if is_test_only(attrs) => {
                found.insert(path);
            }
            None => {}
        }
    }
}

fn is_in_module(place: &str, module: &str) -> bool {
    place.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

/// Whether attributes leave their item out of every build but that of tests.
///
/// `#[cfg(test)]`, `#[cfg(all(test, ...))]` and `#[test]` do, whatever crate the latter is from;
/// `#[cfg(any(test, ...))]` does not, since it has another way in.
pub(crate) fn is_test_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        if attribute.path().is_ident("cfg") {
            attribute.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
        } else {
            attribute.path().segments.last().is_some_and(|segment| segment.ident == "test")
        }
    })
}

fn needs_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => list
            .parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .is_ok_and(|conditions| conditions.iter().any(needs_test)),
        _ => false,
    }
}

#[cfg(test)]
impl SourceFile {
    /// A file for a test.
    pub(crate) fn new(place: &str, text: &str) -> Self {
        Self { place: place.into(), text: text.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped_places(files: &[(&str, &str)]) -> Vec<String> {
        let files: Vec<_> = files.iter().map(|(place, text)| SourceFile::new(place, text)).collect();
        shipped(&files).unwrap().into_iter().map(|file| file.place).collect()
    }

    fn test_only(item: &str) -> bool {
        let Item::Fn(function) = syn::parse_str(item).unwrap() else { panic!("a function was asked for") };
        is_test_only(&function.attrs)
    }

    #[test]
    fn a_file_that_only_a_test_module_declares_is_not_shipped() {
        let files = [
            ("a/src/lib.rs", "mod link; #[cfg(test)] mod fixtures; #[cfg(test)] mod tests { }"),
            ("a/src/fixtures/mod.rs", "mod deep;"),
            ("a/src/fixtures/deep.rs", ""),
            ("a/src/fixtures_real.rs", ""),
            ("a/src/link.rs", "#[cfg(test)] mod peer;"),
            ("a/src/link/peer.rs", ""),
            ("a/src/gate.rs", "#![cfg(test)]"),
        ];
        assert_eq!(shipped_places(&files), ["a/src/lib.rs", "a/src/fixtures_real.rs", "a/src/link.rs"]);
    }

    #[test]
    fn code_is_test_code_only_when_nothing_but_a_test_compiles_it() {
        assert!(test_only("#[cfg(test)] fn f() {}"));
        assert!(test_only("#[cfg(all(unix, test))] fn f() {}"));
        assert!(test_only("#[tokio::test] async fn f() {}"));
        assert!(!test_only("#[cfg(any(test, feature = \"demo\"))] fn f() {}"));
        assert!(!test_only("#[cfg(not(test))] fn f() {}"));
        assert!(!test_only("#[cfg(feature = \"test\")] fn f() {}"));
    }

    #[test]
    fn a_file_that_does_not_parse_is_an_error_with_its_place() {
        let Err(error) = shipped(&[SourceFile::new("a/src/lib.rs", "fn (")]) else { panic!("it parsed") };
        assert!(error.to_string().starts_with("a/src/lib.rs is not Rust"), "{error}");
    }
}
