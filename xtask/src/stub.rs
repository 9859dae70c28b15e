//! The stub connector: an in-memory peer for tests, which nobody who installs relay should carry.

use std::path::Path;

use crate::layers::LAYERS;
use crate::mention::{Mention, What, mentions};
use crate::source::{self, SourceFile};
use crate::violation::Violation;

/// The type, and the start of the name of every type beside it.
const TYPE: &str = "StubConnector";
/// Modules that hold it.
const MODULES: &[&str] = &["stub", "stub_connector"];

/// Every mention of the stub connector in what the crates below `root` ship.
pub(crate) fn find(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let shipped = LAYERS.iter().map(|layer| layer.name).filter(|name| *name != "xtask");
    violations(&source::read(root, shipped)?)
}

/// Every mention of the stub connector outside test code in these files.
pub(crate) fn violations(files: &[SourceFile]) -> anyhow::Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for file in source::shipped(files)? {
        let mentions = mentions(&file);
        let stubs = mentions.iter().filter_map(|mention| Some((mention.line, stub(mention)?)));
        violations.extend(stubs.map(|(line, stub)| Violation {
            place: format!("{}:{line}", file.place),
            expected: format!("`{TYPE}` and its module only in `tests/` and under `#[cfg(test)]`"),
            actual: format!("shipped code mentions {stub}"),
            remedy: "move it to the crate's `tests/` folder or below `#[cfg(test)]`".into(),
        }));
    }
    Ok(violations)
}

fn stub(mention: &Mention) -> Option<String> {
    match &mention.what {
        What::Name(name) if name.starts_with(TYPE) => Some(format!("`{name}`")),
        What::Module(name) if MODULES.contains(&name.as_str()) => Some(format!("`mod {name}`")),
        What::Import(path) | What::Path(path) if path.iter().any(|name| MODULES.contains(&name.as_str())) => {
            Some(format!("`{}`", path.join("::")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Violation> {
        violations(&[SourceFile::new("relay-transport/src/link.rs", text)]).unwrap()
    }

    #[test]
    fn an_import_of_the_stub_connector_in_shipped_code_is_found_with_its_line() {
        let found = found("\nuse crate::fixtures::StubConnector;");
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "relay-transport/src/link.rs:2");
        assert_eq!(found[0].actual, "shipped code mentions `StubConnector`");
    }

    #[test]
    fn every_way_to_ship_the_stub_is_found() {
        for text in [
            "pub struct StubConnector;",
            "pub struct StubConnectorHandle;",
            "pub mod stub;",
            "mod stub_connector {}",
            "use crate::stub::Peer;",
            "fn f() { dial(crate::stub::peer()) }",
            "fn f() { start!(StubConnector) }",
            "#[cfg(any(test, feature = \"fixtures\"))] struct StubConnector;",
            "#[cfg(feature = \"fixtures\")] mod stub;",
        ] {
            assert!(!found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_stub_connector_in_test_code_passes() {
        for text in [
            "#[cfg(test)] mod stub; #[cfg(test)] mod tests { struct StubConnector; use super::stub::Peer; }",
            "#[cfg(all(test, unix))] use crate::stub::StubConnector;",
            "/// Tests speak to a `StubConnector`.\nfn f() {}",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn a_stub_file_passes_exactly_when_its_module_is_test_code() {
        let file = SourceFile::new("relay-adapter/src/stub.rs", "pub struct StubConnector;");
        let lib = |text| SourceFile::new("relay-adapter/src/lib.rs", text);
        assert_eq!(violations(&[file.clone(), lib("#[cfg(test)] mod stub;")]).unwrap(), []);
        assert_eq!(violations(&[file, lib("mod stub;")]).unwrap().len(), 2);
    }
}
