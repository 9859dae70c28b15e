//! A check: a promise about the tree, and the function that looks for what breaks it.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::bail;

use crate::violation::Violation;
use crate::{contract, crypto, layers, links, packages, stub, supply, words};

/// A promise about the tree that a command, the ci table and a test all hold it to.
pub(crate) struct Check {
    /// The subcommand that runs this check alone.
    pub(crate) name: &'static str,
    /// What is true of the tree while the check passes.
    pub(crate) promise: &'static str,
    /// Finds every place below a workspace root that breaks the promise.
    pub(crate) find: fn(&Path) -> anyhow::Result<Vec<Violation>>,
}

/// Dependencies run only in the direction of the layers.
pub(crate) const LAYERS: Check = Check {
    name: "check-layers",
    promise: "crates depend on each other, and on other people's crates, only as the layers allow",
    find: layers::find,
};

/// The stub connector stays in test code.
pub(crate) const STUB: Check = Check {
    name: "check-stub",
    promise: "the in-memory stub connector exists in test code only",
    find: stub::find,
};

/// Platforms are validated by the connector alone.
pub(crate) const CRYPTO: Check = Check {
    name: "check-crypto",
    promise: "the gateway side re-validates nothing of a platform",
    find: crypto::find,
};

/// What is written of the wire is what crosses it.
pub(crate) const CONTRACT: Check = Check {
    name: "check-contract",
    promise: "the contract document and the code agree, field by field and in both directions",
    find: contract::find,
};

/// Words are the same in code, documents and the glossary.
pub(crate) const WORDS: Check = Check {
    name: "check-words",
    promise: "every word has one meaning: no name twice in a crate, none that was replaced, a glossary that is true",
    find: words::find,
};

/// Other people's code comes under licenses, from sources and without packages that were decided on.
pub(crate) const SUPPLY: Check = Check {
    name: "check-supply",
    promise: "licenses, sources and banned packages are as deny.toml says",
    find: supply::find,
};

/// The documents lead from one to the other.
pub(crate) const LINKS: Check = Check {
    name: "check-links",
    promise: "every link between documents leads to a file, and to a heading of it",
    find: links::find,
};

/// What is published says what it is.
pub(crate) const PACKAGES: Check = Check {
    name: "check-packages",
    promise: "each published crate has its metadata, a README, an example, settings for docs.rs and semver, and public \
              types that can grow",
    find: packages::find,
};

/// Every check there is; a test holds the table of ci to it.
#[cfg(test)]
pub(crate) const ALL: &[&Check] = &[&LAYERS, &STUB, &CRYPTO, &CONTRACT, &WORDS, &SUPPLY, &LINKS, &PACKAGES];

impl Check {
    /// Runs the check and prints its promise, or fails with all violations at once.
    pub(crate) fn verify(&self, root: &Path) -> anyhow::Result<()> {
        let violations = (self.find)(root)?;
        if violations.is_empty() {
            println!("{}: {}", self.name, self.promise);
            return Ok(());
        }
        let mut report = format!("{}: broken promise: {}", self.name, self.promise);
        for violation in &violations {
            write!(report, "\n\n{violation}").expect("writing to a String does not fail");
        }
        bail!(report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::root;

    const BROKEN: Check = Check {
        name: "check-nothing",
        promise: "nothing is wrong",
        find: |_| {
            let at = |place: &str| Violation {
                place: place.into(),
                expected: "right".into(),
                actual: "wrong".into(),
                remedy: "repair it".into(),
            };
            Ok(vec![at("first"), at("second")])
        },
    };

    #[test]
    fn a_broken_promise_is_an_error_that_lists_every_place() {
        let error = BROKEN.verify(root()).unwrap_err().to_string();
        assert!(error.starts_with("check-nothing: broken promise: nothing is wrong\n\nfirst\n"), "{error}");
        assert!(error.contains("\n\nsecond\n"), "{error}");
    }

    #[test]
    fn the_crates_of_this_tree_keep_to_the_layers() -> anyhow::Result<()> {
        LAYERS.verify(root())
    }

    #[test]
    fn the_stub_connector_of_this_tree_stays_in_test_code() -> anyhow::Result<()> {
        STUB.verify(root())
    }

    #[test]
    fn the_gateway_side_of_this_tree_validates_no_platform() -> anyhow::Result<()> {
        CRYPTO.verify(root())
    }

    #[test]
    fn the_contract_document_of_this_tree_says_what_its_code_does() -> anyhow::Result<()> {
        CONTRACT.verify(root())
    }

    #[test]
    fn what_this_tree_is_built_from_is_what_deny_toml_allows() -> anyhow::Result<()> {
        SUPPLY.verify(root())
    }

    #[test]
    fn the_published_crates_of_this_tree_say_what_they_are() -> anyhow::Result<()> {
        PACKAGES.verify(root())
    }

    #[test]
    fn the_words_of_this_tree_mean_one_thing_each() -> anyhow::Result<()> {
        WORDS.verify(root())
    }
}
