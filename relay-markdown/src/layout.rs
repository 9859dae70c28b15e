//! The tree as one text with marks: what a platform shows that has styles, but no blocks.

use std::sync::Arc;

use crate::document::{Block, Document, Item, Span, Table};
use crate::grid::grid;
use crate::style::{self, Mark, Style};

/// The widest indentation of a line, in characters.
const WIDEST_INDENT: usize = 24;

/// What stands for a line across.
const RULE: &str = "———";

/// A text, how its parts look, and where it may be cut.
#[derive(Debug, Default)]
pub(crate) struct Laid {
    pub(crate) text: String,
    /// By where they begin; of those that begin together the longer first.
    pub(crate) marks: Vec<Mark>,
    /// By where they are.
    pub(crate) breaks: Vec<Break>,
}

/// A place between two blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Break {
    /// Where the second block begins, in bytes.
    pub(crate) at: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// How many blocks are around it.
    pub(crate) depth: usize,
}

/// Whether a platform can hide an address behind text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Links {
    /// It can, for addresses of which this is true.
    Hidden(fn(&str) -> bool),
    /// The address stands behind the text, in parentheses.
    Written,
}

/// Lays a document out.
pub(crate) fn lay_out(document: &Document, links: Links) -> Laid {
    let mut layout = Layout {
        laid: Laid::default(),
        links,
        indent: String::new(),
        open: Vec::new(),
        is_fresh: true,
        is_quoted: false,
        depth: 0,
    };
    layout.blocks(&document.blocks, "\n\n");
    let mut laid = layout.laid;
    style::sort(&mut laid.marks);
    laid.breaks.sort_by_key(|place| (place.at, place.depth));
    laid.breaks.dedup_by_key(|place| place.at);
    laid
}

struct Layout {
    laid: Laid,
    links: Links,
    /// What every line begins with.
    indent: String,
    /// The styles that hold here, with where they began.
    open: Vec<(Style, usize)>,
    /// Nothing was written yet since the block around it began.
    is_fresh: bool,
    is_quoted: bool,
    depth: usize,
}

impl Layout {
    fn here(&self) -> usize {
        self.laid.text.len()
    }

    fn write(&mut self, text: &str) {
        self.laid.text.push_str(text);
    }

    fn new_line(&mut self) {
        self.laid.text.push('\n');
        self.laid.text.push_str(&self.indent);
    }

    fn mark(&mut self, start: usize, style: Style) {
        let range = start..self.here();
        if !range.is_empty() {
            self.laid.marks.push(Mark { range, style });
        }
    }

    fn blocks(&mut self, blocks: &[Block], between: &str) {
        for block in blocks {
            self.separate(between);
            self.placed(|layout| layout.block(block));
        }
    }

    /// Goes to where the next block begins.
    fn separate(&mut self, between: &str) {
        if !self.is_fresh {
            self.write(between);
            let at = self.here();
            self.laid.breaks.push(Break { at, end: at, depth: self.depth });
            let indent = self.indent.clone();
            self.write(&indent);
        }
        self.is_fresh = true;
    }

    /// Lays out a block, and notes its end beside the break before it.
    fn placed(&mut self, block: impl FnOnce(&mut Self)) {
        let place = self.laid.breaks.len().checked_sub(1);
        let place = place.filter(|place| self.laid.breaks[*place].depth == self.depth);
        self.depth += 1;
        block(self);
        self.depth -= 1;
        self.is_fresh = false;
        let end = self.here();
        if let Some(place) = place {
            self.laid.breaks[place].end = self.laid.breaks[place].end.max(end);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Paragraph(spans) => self.spans(spans),
            Block::Heading { spans, .. } => self.styled(Style::Bold, |layout| layout.spans(spans)),
            Block::Code { language, text } => self.code_block(language.as_deref(), text),
            Block::Quote(blocks) => self.quote(blocks),
            Block::List { start, items } => self.list(*start, items),
            Block::Table(table) => self.table(table),
            Block::Rule => self.write(RULE),
        }
    }

    /// A block that looks its part only from the start of a line.
    fn at_line_start(&mut self) {
        if !self.laid.text.is_empty() && !self.laid.text.ends_with('\n') {
            self.laid.text.push('\n');
        }
    }

    fn code_block(&mut self, language: Option<&str>, text: &str) {
        self.at_line_start();
        let start = self.here();
        self.write(text);
        self.mark(start, Style::Pre { language: language.map(Arc::from) });
    }

    fn table(&mut self, table: &Table) {
        let rows = std::iter::once(&table.header).chain(&table.rows);
        let rows: Vec<Vec<String>> = rows.map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
        self.code_block(None, &grid(&rows));
    }

    fn quote(&mut self, blocks: &[Block]) {
        if self.is_quoted {
            let indent = self.indent("> ");
            self.blocks(blocks, "\n");
            self.indent.truncate(indent);
            return;
        }
        self.at_line_start();
        let start = self.here();
        self.is_quoted = true;
        self.blocks(blocks, "\n");
        self.is_quoted = false;
        self.mark(start, Style::Quote);
    }

    fn list(&mut self, start: Option<u64>, items: &[Item]) {
        for (number, item) in items.iter().enumerate() {
            self.separate("\n");
            let number = start.map(|start| start.saturating_add(number as u64));
            self.placed(|layout| layout.item(number, item));
        }
    }

    fn item(&mut self, number: Option<u64>, item: &Item) {
        let task = item.task.map(|done| if done { "☑ " } else { "☐ " });
        let marker = match (number, task) {
            (Some(number), task) => format!("{number}. {}", task.unwrap_or_default()),
            (None, task) => task.unwrap_or("• ").to_owned(),
        };
        self.write(&marker);
        let indent = self.indent.len();
        let room = WIDEST_INDENT.saturating_sub(self.indent.chars().count());
        let deeper = if number.is_some() { 3 } else { 2 };
        self.indent.extend(std::iter::repeat_n(' ', deeper.min(room)));
        self.blocks(&item.blocks, "\n");
        self.indent.truncate(indent);
    }

    /// Writes what the lines of a container begin with; answers the length of the indentation before it.
    fn indent(&mut self, deeper: &str) -> usize {
        let before = self.indent.len();
        if self.indent.chars().count() + deeper.len() <= WIDEST_INDENT {
            self.indent.push_str(deeper);
            self.write(deeper);
        }
        before
    }

    fn spans(&mut self, spans: &[Span]) {
        for span in spans {
            match span {
                Span::Text(text) => self.write(text),
                Span::Code(code) => self.code(code),
                Span::Strong(spans) => self.styled(Style::Bold, |layout| layout.spans(spans)),
                Span::Emphasis(spans) => self.styled(Style::Italic, |layout| layout.spans(spans)),
                Span::Strikethrough(spans) => {
                    self.styled(Style::Strikethrough, |layout| layout.spans(spans));
                }
                Span::Link { url, spans } | Span::Image { url, spans } => self.link(url, spans),
                Span::Break => self.new_line(),
            }
        }
    }

    fn styled(&mut self, style: Style, inner: impl FnOnce(&mut Self)) {
        if self.open.iter().any(|(open, _)| *open == style) {
            inner(self);
            return;
        }
        self.open.push((style, self.here()));
        inner(self);
        if let Some((style, start)) = self.open.pop() {
            self.mark(start, style);
        }
    }

    /// Code lies within no style: those that hold end before it and begin again behind it. Only a link goes on,
    /// since it says more than that its text is code.
    fn code(&mut self, code: &str) {
        if self.open.iter().any(|(style, _)| matches!(style, Style::Link { .. })) {
            self.write(code);
            return;
        }
        for index in 0..self.open.len() {
            let (style, start) = self.open[index].clone();
            self.mark(start, style);
        }
        let start = self.here();
        self.write(code);
        self.mark(start, Style::Code);
        let end = self.here();
        self.open.iter_mut().for_each(|(_, start)| *start = end);
    }

    fn link(&mut self, url: &str, spans: &[Span]) {
        let is_linked = self.open.iter().any(|(style, _)| matches!(style, Style::Link { .. }));
        let hides = matches!(self.links, Links::Hidden(can_hide) if !is_linked && can_hide(url));
        let start = self.here();
        if hides {
            self.styled(Style::Link { url: url.into() }, |layout| layout.label(url, spans));
            return;
        }
        self.label(url, spans);
        let shown = self.laid.text[start..].trim();
        if !is_linked && !url.is_empty() && shown != url && format!("mailto:{shown}") != url {
            self.write(&format!(" ({url})"));
        }
    }

    /// What is shown of a link: its text, or the address where it has none.
    fn label(&mut self, url: &str, spans: &[Span]) {
        let start = self.here();
        self.spans(spans);
        if self.laid.text[start..].trim().is_empty() {
            self.write(url);
        }
    }
}

/// One line of text, without styles.
fn plain(spans: &[Span]) -> String {
    let document = Document { blocks: vec![Block::Paragraph(spans.to_vec())] };
    lay_out(&document, Links::Written).text.replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::parse;

    fn shown(source: &str) -> String {
        lay_out(&parse(source), Links::Written).text
    }

    #[test]
    fn blocks_stand_apart_and_lists_are_indented() {
        assert_eq!(
            shown("# T\na\n\n1. b\n   - c\n     d\n2. e\n\n> f\n> > g\n> > h\n\n---\n"),
            "T\n\na\n\n1. b\n   • c\n     d\n2. e\n\nf\n> g\n> h\n\n———"
        );
        assert_eq!(shown("- [x] a\n- [ ] b\n"), "☑ a\n☐ b");
    }

    #[test]
    fn addresses_are_written_where_they_cannot_be_hidden() {
        assert_eq!(
            shown("[a](b.md) ![c](d.png) [](e) <http://f> <a@b.c>"),
            "a (b.md) c (d.png) e http://f a@b.c"
        );
    }

    #[test]
    fn code_lies_in_no_other_style_but_within_a_quote() {
        let laid = lay_out(&parse("**a `b` c** [`d`](http://d)\n> `e`"), Links::Hidden(|_| true));
        let marks: Vec<_> =
            laid.marks.iter().map(|mark| (&laid.text[mark.range.clone()], mark.style.clone())).collect();
        assert_eq!(
            marks,
            [
                ("a ", Style::Bold),
                ("b", Style::Code),
                (" c", Style::Bold),
                ("d", Style::Link { url: "http://d".into() }),
                ("e", Style::Quote),
                ("e", Style::Code),
            ]
        );
    }

    #[test]
    fn breaks_know_how_far_their_blocks_reach() {
        let laid = lay_out(&parse("a\n\n- b\n- c\n\nd"), Links::Written);
        assert_eq!(laid.text, "a\n\n• b\n• c\n\nd");
        let breaks: Vec<_> =
            laid.breaks.iter().map(|place| (&laid.text[place.at..place.end], place.depth)).collect();
        assert_eq!(breaks, [("• b\n• c", 0), ("• c", 1), ("d", 0)]);
    }
}
