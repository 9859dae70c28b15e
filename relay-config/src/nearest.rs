//! The word that somebody meant.

/// The known word that is written most like this one; `None` where none is like it.
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&word, known);
    let (distance, nearest) = known.into_iter().map(|known| (distance(known), known)).min()?;
    (distance <= 1 + nearest.len() / 4).then_some(nearest)
}

/// What to say of a word that is none of the known ones.
pub(crate) fn instead(word: &str, known: &[&str]) -> String {
    match nearest(word, known.iter().copied()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("write one of {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{instead, nearest};

    #[test]
    fn a_slip_finds_what_was_meant_and_a_stranger_finds_nothing() {
        let known = ["permissions", "processes", "cwd", "env", "env_from"];
        for (word, meant) in [
            ("permisions", Some("permissions")),
            ("Permissions", Some("permissions")),
            ("process", Some("processes")),
            ("cdw", Some("cwd")),
            ("envfrom", Some("env_from")),
            ("colour", None),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(instead("colour", &known[2..]), "write one of cwd, env, env_from");
    }
}
