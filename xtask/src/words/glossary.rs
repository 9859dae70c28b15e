//! The glossary in `docs/architecture.md`: each word once, and what it names is there.

use std::collections::BTreeMap;

use super::declared::Declared;
use crate::source::SourceFile;
use crate::violation::Violation;

/// The heading above the table.
const HEADING: &str = "## Words";
/// The first row of the table.
const COLUMNS: &str = "| word | meaning | where |";

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
struct Row<'a> {
    /// The line in the document.
    line: usize,
    /// The words that are explained together.
    words: Vec<&'a str>,
    /// What they mean.
    meaning: &'a str,
    /// What stands in backticks under "where": `krate::Type`, or a path.
    named: Vec<&'a str>,
}

/// Everything in the glossary that is wrong; `exists` looks for a path below the workspace root.
pub(super) fn violations(
    document: &SourceFile,
    declared: &Declared,
    exists: impl Fn(&str) -> bool,
) -> Vec<Violation> {
    let rows = match rows(&document.text) {
        Ok(rows) => rows,
        Err((line, actual)) => {
            return vec![Violation {
                place: format!("{}:{line}", document.place),
                expected: format!("under `{HEADING}` a table that begins with `{COLUMNS}`"),
                actual,
                remedy: "write the row as `| word | meaning | where |`".into(),
            }];
        }
    };
    let mut violations = Vec::new();
    let mut explained = BTreeMap::new();
    for row in &rows {
        let mut wrong = |expected: String, actual: String, remedy: &str| {
            violations.push(Violation {
                place: format!("{}:{}", document.place, row.line),
                expected,
                actual,
                remedy: remedy.into(),
            });
        };
        for word in &row.words {
            if let Some(line) = explained.insert(word.to_lowercase(), row.line) {
                wrong(
                    format!("one meaning for \"{word}\""),
                    format!("it has another in line {line}"),
                    "join the rows, or give one of the two another word",
                );
            }
        }
        if row.meaning.is_empty() || row.words.iter().any(|word| word.is_empty()) {
            wrong(
                "a word and its meaning".into(),
                "one of them is empty".into(),
                "write it, or remove the row",
            );
        }
        if row.named.is_empty() {
            wrong(
                "a type or a path in backticks under \"where\"".into(),
                "nothing".into(),
                "name the type as `krate::Type`, or the file",
            );
        }
        for named in &row.named {
            if !is_there(named, declared, &exists) {
                wrong(
                    format!("`{named}` to be there"),
                    "no crate has a type of that name, and no file is there".into(),
                    "name it as `relay_krate::Type`, or as a path below the workspace root",
                );
            }
        }
    }
    violations
}

fn is_there(named: &str, declared: &Declared, exists: impl Fn(&str) -> bool) -> bool {
    match named.split_once("::") {
        Some((owner, name)) => declared.has(&owner.replace('_', "-"), name),
        None => named.contains('/') && exists(named),
    }
}

/// The rows, or the line that is none and what it is.
fn rows(text: &str) -> Result<Vec<Row<'_>>, (usize, String)> {
    let mut lines = (1..).zip(text.lines());
    let (heading, _) =
        lines.find(|(_, line)| *line == HEADING).ok_or((1, format!("no heading `{HEADING}`")))?;
    let columns = lines.find(|(_, line)| line.starts_with('|') || line.starts_with('#'));
    if columns.is_none_or(|(_, line)| line != COLUMNS) {
        return Err((heading, "no such table".into()));
    }
    lines.next();
    let mut rows = Vec::new();
    for (line, text) in lines.take_while(|(_, text)| text.starts_with('|')) {
        let cells: Vec<&str> = text.trim_matches('|').split('|').map(str::trim).collect();
        let [words, meaning, place] = cells[..] else {
            return Err((line, format!("a row of {} cells", cells.len())));
        };
        let named = place.split('`').skip(1).step_by(2).collect();
        rows.push(Row { line, words: words.split(',').map(str::trim).collect(), meaning, named });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::shipped;
    use crate::words::declared;

    fn found(rows: &str) -> Vec<String> {
        let text = format!("# A\n\n## Words\n\nText.\n\n{COLUMNS}\n| --- | --- | --- |\n{rows}\n\nMore.\n");
        let files = [SourceFile::new("relay-wire/src/lib.rs", "pub struct Event;")];
        let declared = declared::types(&shipped(&files).unwrap());
        let document = SourceFile::new("docs/architecture.md", &text);
        let violations = violations(&document, &declared, |path| path == "docs/agents.md");
        violations
            .into_iter()
            .map(|violation| format!("{}: {}", violation.place, violation.expected))
            .collect()
    }

    #[test]
    fn a_word_that_names_a_type_and_a_file_that_are_there_passes() {
        assert!(
            found("| event, message | what happened | `relay_wire::Event`, `docs/agents.md` |").is_empty()
        );
    }

    #[test]
    fn a_type_or_a_file_that_is_not_there_is_found_with_its_line() {
        for place in ["relay_wire::Evnt", "relay_auth::Event", "docs/nothing.md", "Event"] {
            let row = format!("| event | what happened | `{place}` |");
            assert_eq!(found(&row), [format!("docs/architecture.md:9: `{place}` to be there")]);
        }
    }

    #[test]
    fn a_second_meaning_is_found() {
        let rows = "| event | one | `relay_wire::Event` |\n| reply, Event | two | `relay_wire::Event` |";
        assert_eq!(found(rows), ["docs/architecture.md:10: one meaning for \"Event\""]);
    }

    #[test]
    fn a_row_without_a_meaning_or_a_place_is_found() {
        assert_eq!(
            found("| event | | `relay_wire::Event` |"),
            ["docs/architecture.md:9: a word and its meaning"]
        );
        assert_eq!(
            found("| event | what happened | everywhere |"),
            ["docs/architecture.md:9: a type or a path in backticks under \"where\""]
        );
    }

    #[test]
    fn a_document_without_the_table_or_with_a_broken_row_is_found() {
        assert!(rows("# A\n").is_err());
        assert!(rows("## Words\n\ntext\n\n## Next\n").is_err());
        assert!(rows(&format!("## Words\n{COLUMNS}\n| --- | --- | --- |\n| a | b |\n")).is_err());
    }
}
