//! Uses of a word that are known and not replaced yet. The list only shrinks: an entry that nothing needs is an error.

use super::Misuse;
use crate::violation::Violation;

/// A crate or document, and a word that is still wrong there.
pub(super) type Pending = (&'static str, &'static str);

/// What is still wrong.
pub(super) const PENDING: &[Pending] = &[];

/// What remains of the misuses without the pending ones, and an error for each entry that finds nothing.
pub(super) fn apply(misuses: Vec<Misuse>, pending: &[Pending]) -> Vec<Violation> {
    let fits = |misuse: &Misuse, (owner, word): &Pending| misuse.owner == *owner && misuse.word == *word;
    let idle = pending.iter().filter(|entry| !misuses.iter().any(|misuse| fits(misuse, entry)));
    let idle: Vec<_> = idle
        .map(|(owner, word)| Violation {
            place: "xtask/src/words/pending.rs".into(),
            expected: "only words that are still wrong".into(),
            actual: format!("`(\"{owner}\", \"{word}\")` finds nothing any more"),
            remedy: "remove the entry from `PENDING`".into(),
        })
        .collect();
    let open = misuses.into_iter().filter(|misuse| !pending.iter().any(|entry| fits(misuse, entry)));
    open.map(|misuse| misuse.violation).chain(idle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misuse(owner: &str, word: &str) -> Misuse {
        Misuse {
            owner: owner.into(),
            word: word.into(),
            violation: Violation {
                place: format!("{owner}/src/lib.rs:1"),
                expected: String::new(),
                actual: word.into(),
                remedy: String::new(),
            },
        }
    }

    #[test]
    fn a_pending_word_passes_in_its_crate_alone() {
        let left =
            apply(vec![misuse("relay-a", "roster"), misuse("relay-b", "roster")], &[("relay-a", "roster")]);
        assert_eq!(
            left.iter().map(|violation| violation.place.as_str()).collect::<Vec<_>>(),
            ["relay-b/src/lib.rs:1"]
        );
    }

    #[test]
    fn an_entry_that_nothing_needs_any_more_is_an_error() {
        let left = apply(Vec::new(), &[("relay-a", "roster")]);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].place, "xtask/src/words/pending.rs");
    }
}
