//! How a stretch of text looks.

use std::ops::Range;
use std::sync::Arc;

/// The look of a stretch of laid out text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Bold,
    Italic,
    Strikethrough,
    Code,
    Pre { language: Option<Arc<str>> },
    Link { url: Arc<str> },
    Quote,
}

/// A style and where it holds, in bytes of the text; marks lie within each other or beside each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) range: Range<usize>,
    pub(crate) style: Style,
}

/// Orders marks by where they begin; of those that begin together, the outer one first.
pub(crate) fn sort(marks: &mut [Mark]) {
    let is_inner = |style: &Style| !matches!(style, Style::Quote);
    marks.sort_by_key(|mark| (mark.range.start, std::cmp::Reverse(mark.range.end), is_inner(&mark.style)));
}
