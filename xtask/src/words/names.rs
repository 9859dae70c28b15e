//! Names of types and functions: none twice in a crate, none that has meant too many things.

use std::collections::BTreeMap;

use super::Misuse;
use super::declared::{Declared, Type};
use crate::mention::{What, mentions};
use crate::source::ParsedFile;
use crate::violation::Violation;

/// A name that may not stand alone for a type, the crates where it may, and what to say instead.
struct Banned {
    name: &'static str,
    only_in: &'static [&'static str],
    instead: &'static str,
}

const fn banned(name: &'static str, only_in: &'static [&'static str], instead: &'static str) -> Banned {
    Banned { name, only_in, instead }
}

const BANNED: &[Banned] = &[
    banned("Answer", &[], "`HttpResponse`, `Reply`, `TurnOutput`: say what answers what"),
    banned("Fault", &[], "an error named after its subject, such as `SqliteError`"),
    banned("Identity", &["relay-wire"], "`relay_wire::Identity`, or the thing that is identified"),
    banned("Intake", &[], "`Dispatcher` or `InboundQueues`: say what takes what in"),
    banned("Link", &["relay-transport"], "`GatewayConnection`, where it is not the gateway's link"),
    banned("Loss", &[], "`Disconnect` with its `DisconnectReason`"),
    banned("Rest", &[], "`Remainder`"),
    banned("Standing", &[], "`GatewayStatus`, `ReconnectPolicy`: say whose, and of what"),
    banned("Verdict", &[], "the decision by its name, such as `RedeliveryPolicy`"),
];

/// Verbs that say nothing of what a function does.
const VAGUE_VERBS: &[&str] = &["said", "told"];

/// Everything about the names of types and functions that breaks a rule.
pub(super) fn misuses(declared: &Declared, files: &[ParsedFile]) -> Vec<Misuse> {
    let mut misuses = repeated(&declared.types);
    misuses.extend(declared.types.iter().filter_map(banned_type));
    misuses.extend(files.iter().flat_map(vague_functions));
    misuses
}

fn repeated(types: &[Type]) -> Vec<Misuse> {
    let mut places: BTreeMap<(&str, &str), Vec<&Type>> = BTreeMap::new();
    for found in types.iter().filter(|found| found.leaves_module) {
        places.entry((&found.owner, &found.name)).or_default().push(found);
    }
    let repeated = places.into_iter().filter(|(_, places)| places.len() > 1);
    let misuse = |((owner, name), places): ((&str, &str), Vec<&Type>)| Misuse {
        owner: owner.into(),
        word: name.into(),
        violation: Violation {
            place: places[1].place.clone(),
            expected: format!("one type of the name `{name}` in {owner}, private ones left out"),
            actual: format!("it is also at {}", places[0].place),
            remedy: "name one of them after what only it is".into(),
        },
    };
    repeated.map(misuse).collect()
}

fn banned_type(found: &Type) -> Option<Misuse> {
    let rule = BANNED.iter().find(|rule| rule.name == found.name)?;
    (!rule.only_in.contains(&found.owner.as_str())).then(|| Misuse {
        owner: found.owner.clone(),
        word: found.name.clone(),
        violation: Violation {
            place: found.place.clone(),
            expected: match rule.only_in {
                [] => format!("no type of the bare name `{}`: it has meant too many things", rule.name),
                only => format!("a type `{}` in {} alone", rule.name, only.join(", ")),
            },
            actual: format!("{} has one", found.owner),
            remedy: format!("take {}", rule.instead),
        },
    })
}

fn vague_functions(file: &ParsedFile) -> Vec<Misuse> {
    let functions = mentions(file).into_iter().filter_map(|mention| match mention.what {
        What::Declared(name) => Some((name, mention.line)),
        _ => None,
    });
    let vague = functions.filter(|(name, _)| name.split('_').any(|word| VAGUE_VERBS.contains(&word)));
    let misuse = |(name, line): (String, usize)| Misuse {
        owner: file.crate_name().into(),
        violation: Violation {
            place: format!("{}:{line}", file.place),
            expected: format!("no {} in the name of a function", VAGUE_VERBS.join(" or ")),
            actual: format!("`fn {name}`"),
            remedy: "say it with a standard verb: report, log, record, notify, describe".into(),
        },
        word: name,
    };
    vague.map(misuse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{SourceFile, shipped};
    use crate::words::declared;

    fn found(files: &[(&str, &str)]) -> Vec<Misuse> {
        let files: Vec<_> = files.iter().map(|(place, text)| SourceFile::new(place, text)).collect();
        let files = shipped(&files).unwrap();
        misuses(&declared::types(&files), &files)
    }

    fn words(files: &[(&str, &str)]) -> Vec<String> {
        found(files).into_iter().map(|misuse| misuse.word).collect()
    }

    #[test]
    fn a_second_type_of_one_name_in_a_crate_is_found_with_both_places() {
        let found = found(&[
            ("relay-a/src/lib.rs", "mod one; mod two;"),
            ("relay-a/src/one.rs", "pub struct State;"),
            ("relay-a/src/two.rs", "\npub(crate) enum State {}"),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].violation.place, "relay-a/src/two.rs:2");
        assert_eq!(found[0].violation.actual, "it is also at relay-a/src/one.rs:1");
    }

    #[test]
    fn one_name_in_two_crates_or_private_to_two_modules_passes() {
        let files = [
            ("relay-a/src/lib.rs", "pub struct State; mod one { struct Row; } mod two { struct Row; }"),
            ("relay-b/src/lib.rs", "pub struct State;"),
        ];
        assert!(words(&files).is_empty());
    }

    #[test]
    fn each_banned_name_is_found_in_whatever_form_and_visibility() {
        for rule in BANNED {
            for text in ["pub struct NAME;", "enum NAME {}", "type NAME = u8;", "pub(super) trait NAME {}"] {
                let text = text.replace("NAME", rule.name);
                assert_eq!(words(&[("relay-a/src/lib.rs", &text)]), [rule.name], "{text}");
            }
        }
    }

    #[test]
    fn a_banned_name_passes_in_its_own_crate_in_tests_and_as_a_part_of_another() {
        let files = [
            ("relay-wire/src/lib.rs", "pub struct Identity;"),
            ("relay-transport/src/lib.rs", "pub struct Link; pub struct LinkState; pub struct Restart;"),
            ("relay-net/src/lib.rs", "#[cfg(test)] mod tests { struct Fault; }"),
        ];
        assert!(words(&files).is_empty());
        assert_eq!(words(&[("relay-config/src/lib.rs", "pub struct Identity;")]), ["Identity"]);
    }

    #[test]
    fn a_function_with_a_vague_verb_is_found_and_a_test_that_reads_as_a_sentence_is_not() {
        let files = [(
            "relay-a/src/lib.rs",
            "fn said() {}\nimpl A { fn last_told(&self) {} }\nfn unsaid() {} #[test] fn it_is_said() {} trait T { fn told(); }",
        )];
        assert_eq!(words(&files), ["said", "last_told", "told"]);
    }
}
