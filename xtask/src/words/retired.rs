//! Words that were replaced: they may stand nowhere any more, in code, comments and documents alike.

use super::Misuse;
use crate::source::SourceFile;
use crate::violation::Violation;

/// A word that was replaced.
struct Retired {
    /// The word, in lower case; its parts apart by spaces.
    was: &'static [&'static str],
    /// What to write instead.
    now: &'static str,
    /// Where it stays, by the start of the path, and why.
    stays: &'static [Stays],
}

struct Stays {
    below: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "read by whoever changes the table, and by a test"))]
    why: &'static str,
}

const fn retired(was: &'static [&'static str], now: &'static str, stays: &'static [Stays]) -> Retired {
    Retired { was, now, stays }
}

const RETIRED: &[Retired] = &[
    retired(
        &["set aside", "sets aside", "setting aside"],
        "dead letter",
        &[
            Stays {
                below: "relay-connector-cli/",
                why: "the old command is understood for one more version, with a notice",
            },
            Stays {
                below: "relay-connector/src/store/sqlite/",
                why: "SQL sets a column `aside`, and an index of released files is called so",
            },
        ],
    ),
    retired(&["roster"], "registry", &[]),
    retired(&["outlet", "outlets"], "instance delivery", &[]),
    retired(&["errand", "errands"], "background task", &[]),
    retired(&["oversight"], "observability", &[]),
    retired(
        &["dormant", "dormancy"],
        "hibernating, to hibernate",
        &[
            Stays {
                below: "relay-gateway/src/cli/",
                why: "the old option is understood for one more version, with a notice",
            },
            Stays { below: "relay-gateway/src/run.rs", why: "the notice names the old option" },
            Stays { below: "relay-gateway/tests/operation/program.rs", why: "the test of the notice" },
        ],
    ),
];

/// Every place in these files where a retired word stands.
pub(super) fn misuses(files: &[SourceFile]) -> Vec<Misuse> {
    files.iter().flat_map(|file| in_file(file, RETIRED)).collect()
}

fn in_file(file: &SourceFile, retired: &[Retired]) -> Vec<Misuse> {
    // This table, and what is written of the past.
    if file.place.starts_with("xtask/src/words/") || file.place == "CHANGELOG.md" {
        return Vec::new();
    }
    let words = words(&file.text);
    let mut misuses = Vec::new();
    for rule in retired {
        if rule.stays.iter().any(|stays| file.place.starts_with(stays.below)) {
            continue;
        }
        for was in rule.was {
            let was: Vec<&str> = was.split(' ').collect();
            let uses = words
                .windows(was.len())
                .filter(|window| window.iter().map(|(word, _)| word.as_str()).eq(was.iter().copied()));
            misuses.extend(uses.map(|window| misuse(file, rule, &was.join(" "), window[0].1)));
        }
    }
    misuses
}

fn misuse(file: &SourceFile, rule: &Retired, was: &str, line: usize) -> Misuse {
    Misuse {
        owner: file.place.split('/').next().unwrap_or_default().into(),
        word: rule.was[0].into(),
        violation: Violation {
            place: format!("{}:{line}", file.place),
            expected: format!("\"{}\", which replaced \"{was}\"", rule.now),
            actual: format!("\"{was}\""),
            remedy: "take the new word, also in names; docs/architecture.md, Words, says what it means"
                .into(),
        },
    }
}

/// The words of a text in lower case, each with its line: `SetAside`, `set_aside` and `set aside` are two.
fn words(text: &str) -> Vec<(String, usize)> {
    let mut words = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let mut word = String::new();
        let mut before = ' ';
        for letter in line.chars() {
            let begins = letter.is_uppercase() && before.is_lowercase();
            if (begins || !letter.is_alphanumeric()) && !word.is_empty() {
                words.push((std::mem::take(&mut word), number));
            }
            if letter.is_alphanumeric() {
                word.extend(letter.to_lowercase());
            }
            before = letter;
        }
        if !word.is_empty() {
            words.push((word, number));
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(place: &str, text: &str) -> Vec<String> {
        misuses(&[SourceFile::new(place, text)]).into_iter().map(|misuse| misuse.violation.place).collect()
    }

    #[test]
    fn a_retired_word_is_found_in_every_spelling() {
        for text in [
            "struct SetAside;",
            "fn set_aside() {}",
            "// what was set aside",
            "\"set-aside\"",
            "SET_ASIDE",
            "it is set\n// aside",
        ] {
            assert_eq!(lines("relay-connector/src/a.rs", text), ["relay-connector/src/a.rs:1"], "{text}");
        }
        assert_eq!(lines("docs/agents.md", "A\nDormant link"), ["docs/agents.md:2"]);
    }

    #[test]
    fn a_part_of_another_word_passes() {
        assert!(lines("relay-a/src/a.rs", "reset aside, asides, inlets, rosters_of").is_empty());
    }

    #[test]
    fn a_word_passes_where_it_stays_and_every_such_place_says_why() {
        assert!(lines("relay-connector-cli/src/a.rs", "set-aside").is_empty());
        assert!(lines("CHANGELOG.md", "set-aside").is_empty());
        for stays in RETIRED.iter().flat_map(|rule| rule.stays) {
            assert!(stays.why.split(' ').count() > 3, "{}: why?", stays.below);
        }
    }

    #[test]
    fn a_retired_word_is_written_in_lower_case_and_has_a_successor() {
        for rule in RETIRED {
            assert!(!rule.now.is_empty());
            for was in rule.was {
                assert_eq!(was.to_lowercase(), **was);
                assert!(!rule.now.contains(was), "{was} is replaced by itself");
            }
        }
    }
}
