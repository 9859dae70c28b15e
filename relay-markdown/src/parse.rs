//! From Markdown to the tree.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::clean::clean;
use crate::document::{Block, Document, Item, Span, Table, push_text};
use crate::unseen::unseen_text;

/// How deep lists, quotes and emphasis nest in a [`Document`]; what lies deeper is part of the deepest.
pub const MAX_DEPTH: usize = 12;

/// Parses `CommonMark` with tables, tasks and strikethrough.
///
/// Carriage returns, control characters and direction overrides are left out first. A link's title and what
/// stands behind the language of a code fence are markup, and in no target.
pub fn parse(text: &str) -> Document {
    let text = clean(text);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut builder = Builder::new(&text);
    for (event, range) in Parser::new_ext(&text, options).into_offset_iter() {
        builder.take(event, &range);
    }
    builder.finish()
}

/// A block that holds blocks, while it is open.
enum Container {
    Blocks { quote: bool, blocks: Vec<Block> },
    List { start: Option<u64>, items: Vec<Item> },
    Item(Item),
}

/// A block that holds text, while it is open.
enum Leaf {
    Paragraph,
    Heading(u8),
    Code { language: Option<String>, text: String },
}

enum Inline {
    Leaf,
    Strong,
    Emphasis,
    Strikethrough,
    Link(String),
    Image(String),
}

struct Builder<'a> {
    source: &'a str,
    /// Up to here the source has been shown or was found to be markup.
    seen: usize,
    containers: Vec<Container>,
    /// Open containers that are too deep to be kept.
    containers_beyond: usize,
    leaf: Option<Leaf>,
    inline: Vec<(Inline, Vec<Span>)>,
    inline_beyond: usize,
    table: Option<TableBuilder>,
}

#[derive(Default)]
struct TableBuilder {
    table: Table,
    row: Vec<Vec<Span>>,
    /// Where the last cell of the row ended.
    cell_end: usize,
}

impl<'a> Builder<'a> {
    fn new(source: &'a str) -> Self {
        Self {
            source,
            seen: 0,
            containers: vec![Container::Blocks { quote: false, blocks: Vec::new() }],
            containers_beyond: 0,
            leaf: None,
            inline: Vec::new(),
            inline_beyond: 0,
            table: None,
        }
    }

    fn take(&mut self, event: Event, range: &Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Text(text) | Event::Html(text) => self.text(&text, range),
            Event::InlineHtml(html) if is_line_break(&html) => self.span(Span::Break, range),
            Event::InlineHtml(html) => self.text(&html, range),
            Event::Code(code) => self.span(Span::Code(code.into_string()), range),
            Event::SoftBreak | Event::HardBreak => self.span(Span::Break, range),
            Event::Rule => {
                self.see(range);
                self.push(Block::Rule);
            }
            Event::TaskListMarker(done) => {
                self.see(range);
                if let Some(Container::Item(item)) = self.containers.last_mut() {
                    item.task = Some(done);
                } else {
                    self.text(if done { "[x] " } else { "[ ] " }, range);
                }
            }
            // Their extensions are off.
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.text(&text, range);
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: &Range<usize>) {
        match tag {
            Tag::BlockQuote(_) => {
                self.open_container(Container::Blocks { quote: true, blocks: Vec::new() }, range);
            }
            Tag::List(start) => self.open_container(Container::List { start, items: Vec::new() }, range),
            Tag::Item => self.open_container(Container::Item(Item::default()), range),
            Tag::Heading { level, .. } => self.open_leaf(Leaf::Heading(depth_of(level)), range),
            Tag::CodeBlock(kind) => {
                self.open_leaf(Leaf::Code { language: language(&kind), text: String::new() }, range);
            }
            Tag::Table(_) => {
                self.see(range);
                self.table = Some(TableBuilder::default());
            }
            Tag::TableHead | Tag::TableRow => {
                if let Some(table) = &mut self.table {
                    table.cell_end = range.start;
                }
            }
            Tag::TableCell => {
                self.inline = vec![(Inline::Leaf, Vec::new())];
                self.inline_beyond = 0;
            }
            Tag::Strong => self.open_inline(Inline::Strong, range),
            Tag::Emphasis => self.open_inline(Inline::Emphasis, range),
            Tag::Strikethrough => self.open_inline(Inline::Strikethrough, range),
            Tag::Link { dest_url, .. } => self.open_inline(Inline::Link(dest_url.into_string()), range),
            Tag::Image { dest_url, .. } => self.open_inline(Inline::Image(dest_url.into_string()), range),
            // Paragraphs and HTML; the extensions of all others are off.
            _ => self.open_leaf(Leaf::Paragraph, range),
        }
    }

    fn end(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::BlockQuote(_) | TagEnd::List(_) | TagEnd::Item => self.close_container(range),
            TagEnd::Table => {
                if let Some(table) = self.table.take() {
                    self.push(Block::Table(table.table));
                }
            }
            TagEnd::TableCell => {
                let cell = self.close_inline();
                if let Some(table) = &mut self.table {
                    table.row.push(cell);
                    table.cell_end = range.end;
                }
            }
            TagEnd::TableHead | TagEnd::TableRow => self.close_row(tag == TagEnd::TableHead, range.end),
            TagEnd::Strong | TagEnd::Emphasis | TagEnd::Strikethrough | TagEnd::Link | TagEnd::Image => {
                self.close_span();
            }
            _ => self.close_leaf(),
        }
    }

    /// Keeps what the parser passed over before `range`, and takes `range` as shown.
    fn see(&mut self, range: &Range<usize>) {
        self.keep_unseen(range.start);
        self.seen = self.seen.max(range.end);
    }

    fn keep_unseen(&mut self, until: usize) {
        if until <= self.seen {
            return;
        }
        let passed = unseen_text(&self.source[self.seen..until]);
        self.seen = until;
        if let Some(text) = passed {
            self.close_leaf();
            let mut spans = Vec::new();
            for (number, line) in text.lines().enumerate() {
                if number > 0 {
                    spans.push(Span::Break);
                }
                push_text(&mut spans, line);
            }
            self.push(Block::Paragraph(spans));
        }
    }

    fn open_container(&mut self, container: Container, range: &Range<usize>) {
        self.close_leaf();
        self.keep_unseen(range.start);
        if self.containers_beyond > 0 || self.containers.len() > MAX_DEPTH {
            self.containers_beyond += 1;
        } else {
            self.containers.push(container);
        }
    }

    fn close_container(&mut self, range: &Range<usize>) {
        self.close_leaf();
        self.keep_unseen(range.end);
        if self.containers_beyond > 0 {
            self.containers_beyond -= 1;
        } else if self.containers.len() > 1 {
            match self.containers.pop() {
                Some(Container::Blocks { blocks, .. }) => self.push(Block::Quote(blocks)),
                Some(Container::List { start, items }) => self.push(Block::List { start, items }),
                Some(Container::Item(item)) => self.push_item(item),
                None => {}
            }
        }
    }

    fn push_item(&mut self, item: Item) {
        match self.containers.last_mut() {
            Some(Container::List { items, .. }) => items.push(item),
            _ => item.blocks.into_iter().for_each(|block| self.push(block)),
        }
    }

    fn push(&mut self, block: Block) {
        match self.containers.last_mut() {
            Some(Container::Blocks { blocks, .. } | Container::Item(Item { blocks, .. })) => {
                blocks.push(block);
            }
            // Only where the item was too deep to be kept.
            Some(Container::List { items, .. }) => items.push(Item { task: None, blocks: vec![block] }),
            None => {}
        }
    }

    fn open_leaf(&mut self, leaf: Leaf, range: &Range<usize>) {
        self.close_leaf();
        self.see(range);
        self.leaf = Some(leaf);
        self.inline = vec![(Inline::Leaf, Vec::new())];
        self.inline_beyond = 0;
    }

    fn close_leaf(&mut self) {
        let Some(leaf) = self.leaf.take() else { return };
        let spans = self.close_inline();
        match leaf {
            Leaf::Paragraph => self.push(Block::Paragraph(spans)),
            Leaf::Heading(level) => self.push(Block::Heading { level, spans }),
            Leaf::Code { language, mut text } => {
                if text.ends_with('\n') {
                    text.pop();
                }
                self.push(Block::Code { language, text });
            }
        }
    }

    fn text(&mut self, text: &str, range: &Range<usize>) {
        if let Some(Leaf::Code { text: code, .. }) = &mut self.leaf {
            code.push_str(text);
            return;
        }
        let spans = self.spans(range);
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                spans.push(Span::Break);
            }
            push_text(spans, line);
        }
    }

    fn span(&mut self, span: Span, range: &Range<usize>) {
        self.spans(range).push(span);
    }

    /// Where text goes; the text of a tight item opens its paragraph.
    fn spans(&mut self, range: &Range<usize>) -> &mut Vec<Span> {
        if self.leaf.is_none() && self.table.is_none() {
            self.open_leaf(Leaf::Paragraph, range);
        }
        self.seen = self.seen.max(range.end);
        if self.inline.is_empty() {
            self.inline.push((Inline::Leaf, Vec::new()));
        }
        let last = self.inline.len() - 1;
        &mut self.inline[last].1
    }

    fn open_inline(&mut self, inline: Inline, range: &Range<usize>) {
        let _opened = self.spans(range);
        if self.inline_beyond > 0 || self.inline.len() > MAX_DEPTH {
            self.inline_beyond += 1;
        } else {
            self.inline.push((inline, Vec::new()));
        }
    }

    fn close_span(&mut self) {
        if self.inline_beyond > 0 {
            self.inline_beyond -= 1;
            return;
        }
        if self.inline.len() < 2 {
            return;
        }
        let Some((inline, spans)) = self.inline.pop() else { return };
        let Some((_, parent)) = self.inline.last_mut() else { return };
        match inline {
            Inline::Leaf => parent.extend(spans),
            Inline::Strong => parent.push(Span::Strong(spans)),
            Inline::Emphasis => parent.push(Span::Emphasis(spans)),
            Inline::Strikethrough => parent.push(Span::Strikethrough(spans)),
            Inline::Link(url) => parent.push(Span::Link { url, spans }),
            Inline::Image(url) => parent.push(Span::Image { url, spans }),
        }
    }

    fn close_inline(&mut self) -> Vec<Span> {
        while self.inline.len() > 1 {
            self.inline_beyond = 0;
            self.close_span();
        }
        self.inline.pop().map(|(_, spans)| spans).unwrap_or_default()
    }

    /// Cells beyond those of the header are no cells to the parser; here they are.
    fn close_row(&mut self, is_header: bool, end: usize) {
        let Some(table) = &mut self.table else { return };
        let mut row = std::mem::take(&mut table.row);
        let excess = self.source.get(table.cell_end..end).unwrap_or_default();
        for cell in excess.split('|').map(str::trim).filter(|cell| !cell.is_empty()) {
            row.push(vec![Span::Text(cell.to_owned())]);
        }
        if is_header {
            table.table.header = row;
        } else {
            table.table.rows.push(row);
        }
    }

    fn finish(mut self) -> Document {
        self.close_leaf();
        self.keep_unseen(self.source.len());
        while self.containers.len() > 1 {
            self.close_container(&(self.source.len()..self.source.len()));
        }
        match self.containers.pop() {
            Some(Container::Blocks { blocks, quote: false }) => Document { blocks },
            _ => Document::default(),
        }
    }
}

fn depth_of(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

fn language(kind: &CodeBlockKind<'_>) -> Option<String> {
    let CodeBlockKind::Fenced(info) = kind else { return None };
    let language = info.split([' ', '\t', ',', '{']).next().unwrap_or_default();
    (!language.is_empty()).then(|| language.to_owned())
}

fn is_line_break(html: &str) -> bool {
    matches!(html.to_ascii_lowercase().as_str(), "<br>" | "<br/>" | "<br />")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Span {
        Span::Text(text.into())
    }

    fn paragraph(words: &str) -> Block {
        Block::Paragraph(vec![text(words)])
    }

    #[test]
    fn blocks_and_spans_become_a_tree() {
        let parsed = parse("# T\n\na **b _c_**\nd\n\n> q\n\n```rust ignore\nx\n```\n---\n");
        assert_eq!(
            parsed.blocks,
            [
                Block::Heading { level: 1, spans: vec![text("T")] },
                Block::Paragraph(vec![
                    text("a "),
                    Span::Strong(vec![text("b "), Span::Emphasis(vec![text("c")])]),
                    Span::Break,
                    text("d"),
                ]),
                Block::Quote(vec![paragraph("q")]),
                Block::Code { language: Some("rust".into()), text: "x".into() },
                Block::Rule,
            ]
        );
    }

    #[test]
    fn lists_keep_their_numbers_tasks_and_depth() {
        let parsed = parse("3. a\n4. b\n   - [x] c\n   - [ ] d\n");
        let inner = Block::List {
            start: None,
            items: vec![
                Item { task: Some(true), blocks: vec![paragraph("c")] },
                Item { task: Some(false), blocks: vec![paragraph("d")] },
            ],
        };
        let items = vec![
            Item { task: None, blocks: vec![paragraph("a")] },
            Item { task: None, blocks: vec![paragraph("b"), inner] },
        ];
        assert_eq!(parsed.blocks, [Block::List { start: Some(3), items }]);
    }

    #[test]
    fn definitions_of_links_stay_as_text_where_they_stand() {
        let parsed = parse("see [a]\n\n[a]: https://x.example \"t\"\n[a]: https://y.example\n\nend");
        assert_eq!(parsed.blocks.len(), 3, "{parsed:?}");
        assert_eq!(
            parsed.blocks[1],
            Block::Paragraph(vec![
                text("[a]: https://x.example \"t\""),
                Span::Break,
                text("[a]: https://y.example")
            ])
        );
        assert_eq!(parsed.blocks[2], paragraph("end"));
    }

    #[test]
    fn a_definition_within_a_list_or_a_quote_or_before_text_stays_too() {
        for (source, kept) in [
            ("- [a]: b\n- c", "[a]: b"),
            ("> [a]: b\n> c", "[a]: b"),
            ("[a]: b\nc", "[a]: b"),
            ("1. c\n\n   [a]: b\n", "[a]: b"),
        ] {
            let shown = format!("{:?}", parse(source));
            assert!(shown.contains(&format!("{kept:?}")), "{source:?}: {shown}");
            assert!(shown.contains("\"c\""), "{source:?}: {shown}");
        }
    }

    #[test]
    fn a_table_keeps_the_cells_that_its_header_does_not_have() {
        let parsed = parse("| a | b |\n|---|---|\n| c | d | e | f |\n| g |\n");
        let Block::Table(table) = &parsed.blocks[0] else { panic!("{parsed:?}") };
        assert_eq!(table.header, [[text("a")], [text("b")]]);
        assert_eq!(table.rows[0], [[text("c")], [text("d")], [text("e")], [text("f")]]);
        assert_eq!(table.rows[1][0], [text("g")]);
    }

    #[test]
    fn html_is_text() {
        assert_eq!(
            parse("a <b>c</b><br>d").blocks,
            [Block::Paragraph(vec![text("a <b>c</b>"), Span::Break, text("d")])]
        );
        let shown = format!("{:?}", parse("<div>\nx\n</div>\n"));
        assert!(shown.contains("<div>") && shown.contains("</div>"), "{shown}");
    }

    #[test]
    fn what_nests_too_deep_is_part_of_the_deepest() {
        let deep = format!("{}x", "> ".repeat(1000));
        let mut depth = 0;
        let mut blocks = parse(&deep).blocks;
        while let Some(Block::Quote(inner)) = blocks.into_iter().next() {
            depth += 1;
            blocks = inner;
        }
        assert_eq!(depth, MAX_DEPTH);
    }
}
