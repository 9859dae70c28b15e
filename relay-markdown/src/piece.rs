//! A stretch of laid out text that becomes one message.

use std::ops::Range;

use crate::clean::is_blank;
use crate::layout::Laid;
use crate::style::{Mark, Style};

/// One message: its text, and its marks in bytes of that text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) marks: Vec<Mark>,
}

/// The pieces of a text, in order, for cuts in ascending order; blank ones are left out.
///
/// What is cut in two is closed in one piece and opened again in the next.
pub(crate) fn pieces(laid: &Laid, cuts: &[Range<usize>]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut upcoming = laid.marks.iter().peekable();
    let mut current: Vec<&Mark> = Vec::new();
    for cut in cuts {
        current.retain(|mark| mark.range.end > cut.start);
        while let Some(mark) = upcoming.next_if(|mark| mark.range.start < cut.end) {
            if mark.range.end > cut.start {
                current.push(mark);
            }
        }
        let text = &laid.text[cut.clone()];
        if is_blank(text) {
            continue;
        }
        let mut marks: Vec<Mark> = current.iter().filter_map(|mark| clip(&laid.text, mark, cut)).collect();
        begin_quotes_outside_code(text, &mut marks);
        pieces.push(Piece { text: text.to_owned(), marks });
    }
    pieces
}

/// A quote may not begin with blanks, and code keeps its own: a quote that begins with such code begins behind it.
fn begin_quotes_outside_code(text: &str, marks: &mut Vec<Mark>) {
    let mut quote: Option<usize> = None;
    for place in 0..marks.len() {
        let range = marks[place].range.clone();
        match (&marks[place].style, quote) {
            (Style::Quote, _) => quote = Some(place),
            (Style::Pre { .. }, Some(quote)) => {
                let outer = &mut marks[quote].range;
                if range.start < outer.start && outer.start < range.end {
                    let rest = text.get(range.end..outer.end).unwrap_or_default();
                    outer.start = outer.end - rest.trim_start().len();
                }
            }
            _ => {}
        }
    }
    marks.retain(|mark| !mark.range.is_empty());
}

fn clip(text: &str, mark: &Mark, cut: &Range<usize>) -> Option<Mark> {
    let (mut start, mut end) = (mark.range.start.max(cut.start), mark.range.end.min(cut.end));
    if start >= end {
        return None;
    }
    let stretch = &text[start..end];
    end -= stretch.len() - stretch.trim_end().len();
    if !matches!(mark.style, Style::Pre { .. }) && end > start {
        start += stretch.len() - stretch.trim_start().len();
    }
    let range = start.saturating_sub(cut.start)..end.saturating_sub(cut.start);
    (!range.is_empty()).then(|| Mark { range, style: mark.style.clone() })
}
