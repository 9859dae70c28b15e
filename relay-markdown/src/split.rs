//! Where a text is cut.

use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

use crate::layout::{Break, Laid};
use crate::limit::{Limit, Measure};
use crate::style::Style;

/// How many bytes behind the end of a piece decide whether it ends within a grapheme.
const LOOK_AHEAD: usize = 128;

/// The stretches of the text that become messages, without the blanks around them.
///
/// A cut is made before the block that does not fit any more, where that leaves the message a third full or
/// saves the block from being cut; else within it in the same way, then at the end of a line, of a word, of a grapheme.
pub(crate) fn cuts(laid: &Laid, limit: &Limit) -> Vec<Range<usize>> {
    let mut splitter = Splitter { laid, measure: limit.measure(), next_break: 0, pre: Pre::of(laid) };
    let mut cuts = Vec::new();
    let mut start = splitter.skip_blanks(0);
    while start < laid.text.len() {
        let cut = splitter.cut(start, limit.at(cuts.len()), limit.at(cuts.len() + 1));
        let end = start + laid.text[start..cut].trim_end().len();
        if end > start {
            cuts.push(start..end);
        }
        start = splitter.skip_blanks(cut);
    }
    cuts
}

struct Splitter<'a> {
    laid: &'a Laid,
    measure: Measure,
    /// The first break that no piece has passed yet.
    next_break: usize,
    pre: Pre<'a>,
}

/// The blocks of code, whose indentation is text.
struct Pre<'a> {
    blocks: Vec<&'a Range<usize>>,
    next: usize,
}

impl<'a> Pre<'a> {
    fn of(laid: &'a Laid) -> Self {
        let is_pre = |style: &Style| matches!(style, Style::Pre { .. });
        let blocks = laid.marks.iter().filter(|mark| is_pre(&mark.style)).map(|mark| &mark.range);
        Self { blocks: blocks.collect(), next: 0 }
    }

    /// Whether the place lies in code; places are asked for in ascending order.
    fn contains(&mut self, place: usize) -> bool {
        while self.blocks.get(self.next).is_some_and(|block| block.end <= place) {
            self.next += 1;
        }
        self.blocks.get(self.next).is_some_and(|block| block.contains(&place))
    }
}

impl Splitter<'_> {
    /// The first place from `start` on that has something to show; blanks at the start of a line of code count.
    fn skip_blanks(&mut self, start: usize) -> usize {
        let mut line = start;
        for (offset, character) in self.laid.text[start..].char_indices() {
            let here = start + offset;
            if character == '\n' {
                line = here + 1;
            } else if !character.is_whitespace() {
                let is_line = line > start || start == 0 || self.laid.text[..start].ends_with('\n');
                return if is_line && self.pre.contains(line) { line } else { here };
            }
        }
        self.laid.text.len()
    }

    /// Where the piece that begins at `start` ends.
    fn cut(&mut self, start: usize, room: usize, next_room: usize) -> usize {
        let text = &self.laid.text;
        let Some(end) = self.reach(start, room) else { return text.len() };
        let least = room.div_ceil(3);
        self.between_blocks(start, end, least, next_room)
            .or_else(|| self.behind(start, end, least, |character| character == '\n'))
            .or_else(|| self.behind(start, end, least, char::is_whitespace))
            .unwrap_or_else(|| grapheme_end(text, start, end))
    }

    /// The last place up to which the text from `start` on fits; `None` where all of it does.
    fn reach(&self, start: usize, room: usize) -> Option<usize> {
        let mut length = 0;
        for (offset, character) in self.laid.text[start..].char_indices() {
            length += self.measure.of_char(character);
            if length > room {
                return Some(start + offset);
            }
        }
        None
    }

    fn between_blocks(&mut self, start: usize, end: usize, fill: usize, next_room: usize) -> Option<usize> {
        let breaks = &self.laid.breaks;
        while breaks.get(self.next_break).is_some_and(|place| place.at <= start) {
            self.next_break += 1;
        }
        let here = breaks[self.next_break..].iter().take_while(|place| place.at <= end);
        // The last break of each depth that no shallower one follows, outermost first.
        let mut latest: Vec<&Break> = Vec::new();
        for place in here {
            latest.retain(|earlier| earlier.depth < place.depth);
            latest.push(place);
        }
        let fills = |place: &&Break| self.measures(start..place.at, fill);
        let is_saved = |place: &&Break| place.end > end && !self.measures(place.at..place.end, next_room + 1);
        latest.into_iter().find(|place| fills(place) || is_saved(place)).map(|place| place.at)
    }

    /// Whether the stretch has at least this length.
    fn measures(&self, stretch: Range<usize>, least: usize) -> bool {
        let mut length = 0;
        self.laid.text[stretch].chars().any(|character| {
            length += self.measure.of_char(character);
            length >= least
        })
    }

    /// Behind the last character of a kind, where that leaves the piece long enough.
    fn behind(&self, start: usize, end: usize, least: usize, kind: fn(char) -> bool) -> Option<usize> {
        let text = &self.laid.text;
        // The text may reach its limit exactly where a word ends.
        if text[end..].chars().next().is_some_and(kind) {
            return Some(end);
        }
        let (offset, character) = text[start..end].char_indices().rfind(|(_, character)| kind(*character))?;
        let cut = start + offset + character.len_utf8();
        self.measures(start..cut, least).then_some(cut)
    }
}

/// The last end of a grapheme up to `end`, or `end` itself where one grapheme fills the piece.
fn grapheme_end(text: &str, start: usize, end: usize) -> usize {
    let mut ahead = (end + LOOK_AHEAD).min(text.len());
    while !text.is_char_boundary(ahead) {
        ahead += 1;
    }
    let window = &text[start..ahead];
    let mut cursor = GraphemeCursor::new(end - start, window.len(), true);
    if cursor.is_boundary(window, 0).unwrap_or(true) {
        return end;
    }
    match cursor.prev_boundary(window, 0) {
        Ok(Some(boundary)) if boundary > 0 => start + boundary,
        _ => end,
    }
}
