//! Source that a parser consumes without an event: definitions of links, above all.
//!
//! `CommonMark` shows nothing of `[1]: https://…`. In a chat the line was written to be read.

/// The lines of `source` that say something, without the marks of the containers they stand in.
pub(crate) fn unseen_text(source: &str) -> Option<String> {
    let mut lines = source.lines().map(without_container_marks).filter(|line| says_something(line));
    let mut text = lines.next()?.to_owned();
    for line in lines {
        text.push('\n');
        text.push_str(line);
    }
    Some(text)
}

fn says_something(line: &str) -> bool {
    line.chars().any(char::is_alphanumeric)
}

/// Takes `>`, bullets and numbers off the front of a line.
fn without_container_marks(line: &str) -> &str {
    let mut rest = line.trim();
    loop {
        let Some(first) = rest.chars().next() else { return rest };
        let after = match first {
            '>' => &rest[1..],
            '-' | '+' | '*' => match rest[1..].chars().next() {
                None | Some(' ' | '\t') => &rest[1..],
                Some(_) => return rest,
            },
            digit if digit.is_ascii_digit() => {
                let after = rest.trim_start_matches(|character: char| character.is_ascii_digit());
                match after.strip_prefix(['.', ')']) {
                    Some(after) if after.is_empty() || after.starts_with([' ', '\t']) => after,
                    _ => return rest,
                }
            }
            _ => return rest,
        };
        rest = after.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_stay_and_marks_of_containers_do_not() {
        assert_eq!(unseen_text("\n[1]: https://a.example\n").as_deref(), Some("[1]: https://a.example"));
        assert_eq!(unseen_text("> 1. [b]: x\n> \"title\"").as_deref(), Some("[b]: x\n\"title\""));
        assert_eq!(unseen_text("\n12. \n> - \n***\n"), None);
    }
}
