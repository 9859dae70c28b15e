//! Text alone.

use crate::clean::{clean, is_blank};
use crate::layout::{Links, lay_out};
use crate::limit::Limit;
use crate::parse::parse;
use crate::piece::pieces;
use crate::split::cuts;

/// The messages of a Markdown text for a platform that shows no styles; none for a text without anything to see.
pub fn plain_messages(markdown: &str, limit: &Limit) -> Vec<String> {
    let laid = lay_out(&parse(markdown), Links::Written);
    let messages: Vec<_> = pieces(&laid, &cuts(&laid, limit)).into_iter().map(|piece| piece.text).collect();
    if messages.is_empty() { verbatim(markdown, limit) } else { messages }
}

/// Markup around nothing is shown as it was written.
pub(crate) fn verbatim(markdown: &str, limit: &Limit) -> Vec<String> {
    if is_blank(markdown) {
        return Vec::new();
    }
    let laid = crate::layout::Laid { text: clean(markdown).into_owned(), ..Default::default() };
    pieces(&laid, &cuts(&laid, limit)).into_iter().map(|piece| piece.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_around_nothing_is_shown_and_nothing_is_not() {
        assert_eq!(plain_messages("```\n```", &Limit::chars(100)), ["```\n```"]);
        assert!(plain_messages(" \u{200b}\n\n\u{feff}", &Limit::chars(100)).is_empty());
    }
}
