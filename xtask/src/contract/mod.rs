//! The contract document and the code say the same, field by field and in both directions.
//!
//! Both are read into one [model](model::Contract) and compared there; nothing here does I/O but [`find`], so
//! that tests can feed copies that are broken on purpose.

mod close_codes;
mod definitions;
mod difference;
mod document;
mod markdown_table;
mod model;
mod routes;
mod serde_attributes;
mod wire;
mod wire_type;

#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::source::{self, SourceFile};
use crate::violation::Violation;

/// The document, below the workspace root.
const DOCUMENT: &str = "docs/relay-connector-contract.md";

/// The crate whose types are the wire.
const WIRE: &str = "relay-wire";

/// The crates whose sources say what crosses the wire.
const CRATES: &[&str] = &[WIRE, "relay-config", "relay-transport", "relay-connector"];

/// Every difference between the document and the code below `root`.
pub(crate) fn find(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let (document, files) = read(root)?;
    violations(&document, &files)
}

fn read(root: &Path) -> anyhow::Result<(String, Vec<SourceFile>)> {
    let document =
        fs::read_to_string(root.join(DOCUMENT)).with_context(|| format!("cannot read {DOCUMENT}"))?;
    let files = source::read(root, CRATES.iter().copied())?;
    Ok((document, files))
}

/// Every difference between a document and these files.
fn violations(document: &str, files: &[SourceFile]) -> anyhow::Result<Vec<Violation>> {
    let files = source::shipped(files)?;
    let mut code = wire::read(files.iter().filter(|file| file.crate_name() == WIRE));
    code.routes = routes::read(&files);
    code.close_codes = close_codes::read(&files);
    Ok(difference::difference(&document::read(DOCUMENT, document), &code))
}
