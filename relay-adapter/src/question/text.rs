//! A question in words, and words as its answer.

use std::fmt::Write as _;

use crate::{OptionKind, Question, QuestionKind, QuestionOption};

/// How much of what a question is about is shown, in characters.
const MAX_BODY: usize = 600;

const YES: [&str; 6] = ["yes", "y", "ok", "allow", "approve", "/approve"];
const NO: [&str; 5] = ["no", "n", "deny", "reject", "/deny"];

/// The options in the order in which they are shown: allowing before rejecting, once before always.
pub(super) fn ordered(options: &[QuestionOption]) -> Vec<QuestionOption> {
    let mut options = options.to_vec();
    options.sort_by_key(|option| option.kind);
    options
}

/// The question, with what it is about in a fence that the content cannot close.
pub(super) fn shown(question: &Question, code_blocks: bool) -> String {
    let title = crate::agent::one_line_of(&question.title, 200);
    let Some(body) = question.body.as_deref().map(str::trim).filter(|body| !body.is_empty()) else {
        return title;
    };
    let mut body: String = body.chars().take(MAX_BODY + 1).filter(|c| *c != '\r').collect();
    if let Some((end, _)) = body.char_indices().nth(MAX_BODY) {
        body.truncate(end);
        body.push('…');
    }
    if code_blocks {
        let longest = body.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat((longest + 1).max(3));
        format!("{title}\n{fence}\n{body}\n{fence}")
    } else {
        let quoted: Vec<_> = body.lines().map(|line| format!("> {line}")).collect();
        format!("{title}\n{}", quoted.join("\n"))
    }
}

/// The same where there are no buttons: the options by number.
pub(super) fn numbered(shown: &str, options: &[QuestionOption]) -> String {
    if options.is_empty() {
        return format!("{shown}\nYour next message is the answer.");
    }
    let mut text = shown.to_owned();
    for (number, option) in (1..).zip(options) {
        let _ = write!(text, "\n{number}. {}", crate::agent::one_line_of(&option.label, 90));
    }
    text.push_str("\nAnswer with a number.");
    text
}

/// Which option a text means: its number, its label, or yes and no. A permission for always is never meant by a word.
pub(super) fn meant<'o>(
    text: &str,
    kind: QuestionKind,
    options: &'o [QuestionOption],
) -> Option<&'o QuestionOption> {
    let text = text.trim().to_lowercase();
    if let Ok(number) = text.parse::<usize>() {
        return options.get(number.checked_sub(1)?);
    }
    if let Some(option) = options.iter().find(|option| option.label.trim().to_lowercase() == text) {
        return Some(option);
    }
    if kind != QuestionKind::Permission {
        return None;
    }
    let of_kind = |kind| options.iter().find(|option| option.kind == kind);
    if YES.contains(&text.as_str()) {
        of_kind(OptionKind::AllowOnce)
    } else if NO.contains(&text.as_str()) {
        of_kind(OptionKind::RejectOnce).or_else(|| of_kind(OptionKind::RejectAlways))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{meant, ordered, shown};
    use crate::{OptionKind, Question, QuestionKind, QuestionOption};

    fn options() -> Vec<QuestionOption> {
        ordered(&[
            QuestionOption::new("a", "Always allow", OptionKind::AllowAlways),
            QuestionOption::new("r", "Reject", OptionKind::RejectOnce),
            QuestionOption::new("o", "Allow", OptionKind::AllowOnce),
        ])
    }

    #[test]
    fn once_stands_before_always_and_words_never_mean_always() {
        let options = options();
        assert_eq!(options.iter().map(|option| option.id.as_str()).collect::<Vec<_>>(), ["o", "a", "r"]);
        let id =
            |text: &str| meant(text, QuestionKind::Permission, &options).map(|option| option.id.as_str());
        assert_eq!([id("1"), id(" 3 "), id("0"), id("4")], [Some("o"), Some("r"), None, None]);
        assert_eq!(
            [id("Yes"), id("no"), id("always allow"), id("maybe")],
            [Some("o"), Some("r"), Some("a"), None]
        );
        assert_eq!(meant("yes", QuestionKind::Choice, &options), None);
        assert_eq!(meant("yes", QuestionKind::Permission, &options[1..]), None);
    }

    #[test]
    fn what_a_question_is_about_is_bounded_and_cannot_close_its_fence() {
        let body = format!("echo\n```\n1. fake\n````\n{}", "x".repeat(700));
        let question = Question::new(QuestionKind::Permission, "Run\nthis?", options()).with_body(body);
        let text = shown(&question, true);
        assert!(text.starts_with("Run this?\n`````\necho\n```\n1. fake\n````\nxx"), "{text}");
        assert!(text.ends_with("x…\n`````"), "{text}");
        assert!(text.chars().count() < 640);
        assert!(shown(&question, false).starts_with("Run this?\n> echo\n> ```\n> 1. fake\n> ````\n> xx"));
    }
}
