//! The words of the project: one meaning each, in type names, function names, texts and the glossary.

mod declared;
mod glossary;
mod names;
mod pending;
mod retired;

use std::fs;
use std::path::Path;

use anyhow::Context as _;

use crate::layers::LAYERS;
use crate::source::{self, SourceFile};
use crate::violation::Violation;

/// A use of a word that a rule finds, before it is known whether it is a pending one.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Misuse {
    /// The crate or document it is in.
    owner: String,
    /// The word, as the rule knows it.
    word: String,
    /// What is said about it.
    violation: Violation,
}

/// Every place below `root` where a word means a second thing, or a name from before is still used.
pub(crate) fn find(root: &Path) -> anyhow::Result<Vec<Violation>> {
    let crates = || LAYERS.iter().map(|layer| layer.name);
    let sources = source::read(root, crates())?;
    let declared = declared::types(&source::shipped(&sources)?);
    let architecture = SourceFile {
        place: "docs/architecture.md".into(),
        text: fs::read_to_string(root.join("docs/architecture.md"))
            .context("cannot read docs/architecture.md, which holds the glossary")?,
    };

    let mut misuses = names::misuses(&declared, &source::shipped(&sources)?);
    misuses.extend(retired::misuses(&source::read_all(root, crates())?));
    misuses.extend(retired::misuses(&source::read_documents(root)?));
    let mut violations = pending::apply(misuses, pending::PENDING);
    violations.extend(glossary::violations(&architecture, &declared, |path| root.join(path).exists()));
    Ok(violations)
}
