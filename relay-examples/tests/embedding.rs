//! docs/embedding.md shows the examples as they are, and they stay short.

use std::fs;
use std::path::Path;

/// The longest that an example may be, in lines.
const LONGEST: usize = 60;

const EXAMPLES: [&str; 4] = ["gateway", "connector", "agent", "front"];

fn below_the_crate(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_document_holds_every_example_word_for_word() {
    let document = below_the_crate("../docs/embedding.md");
    for example in EXAMPLES {
        let code = below_the_crate(&format!("examples/{example}.rs"));
        assert!(
            document.contains(&format!("```rust\n{code}```\n")),
            "docs/embedding.md does not show relay-examples/examples/{example}.rs as it is; copy it there"
        );
    }
}

#[test]
fn the_document_shows_no_rust_beside_the_examples() {
    let document = below_the_crate("../docs/embedding.md");
    assert_eq!(document.matches("```rust").count(), EXAMPLES.len());
}

#[test]
fn no_example_is_longer_than_a_page() {
    for example in EXAMPLES {
        let lines = below_the_crate(&format!("examples/{example}.rs")).lines().count();
        assert!(lines <= LONGEST, "examples/{example}.rs has {lines} lines; {LONGEST} are the most");
    }
}

#[test]
fn every_example_is_one_that_the_document_shows() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut expected = EXAMPLES.map(str::to_owned).to_vec();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}
