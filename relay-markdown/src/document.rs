//! What a Markdown text says, as a tree.

/// A parsed text: its blocks, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Document {
    /// The blocks at the top.
    pub blocks: Vec<Block>,
}

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Block {
    /// Lines of text.
    Paragraph(Vec<Span>),
    /// A heading.
    Heading {
        /// 1 to 6; 1 is the largest.
        level: u8,
        /// Its text.
        spans: Vec<Span>,
    },
    /// A block of code, fenced or indented.
    Code {
        /// The first word behind the fence, as it was written.
        language: Option<String>,
        /// The code, without a line break at its end.
        text: String,
    },
    /// Blocks that are quoted.
    Quote(Vec<Block>),
    /// A list.
    List {
        /// The number of the first item; `None` for a list without numbers.
        start: Option<u64>,
        /// The items, in order.
        items: Vec<Item>,
    },
    /// A table.
    Table(Table),
    /// A line across.
    Rule,
}

/// One item of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Item {
    /// Whether the task is done; `None` for an item that is no task.
    pub task: Option<bool>,
    /// What the item says.
    pub blocks: Vec<Block>,
}

/// A table; rows may be shorter than the header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Table {
    /// The cells of the first row.
    pub header: Vec<Vec<Span>>,
    /// The rows below it.
    pub rows: Vec<Vec<Vec<Span>>>,
}

/// A stretch of text within a block.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Span {
    /// Text as it is; HTML counts as text.
    Text(String),
    /// Code within a line.
    Code(String),
    /// Strong emphasis.
    Strong(Vec<Span>),
    /// Emphasis.
    Emphasis(Vec<Span>),
    /// Struck through.
    Strikethrough(Vec<Span>),
    /// A link.
    Link {
        /// Where it leads, as it was written.
        url: String,
        /// What is shown of it; may be empty.
        spans: Vec<Span>,
    },
    /// A picture.
    Image {
        /// Where it is, as it was written.
        url: String,
        /// Its description; may be empty.
        spans: Vec<Span>,
    },
    /// The end of a line.
    Break,
}

/// Appends text, to the last span where that is text too.
pub(crate) fn push_text(spans: &mut Vec<Span>, text: &str) {
    match spans.last_mut() {
        Some(Span::Text(last)) => last.push_str(text),
        _ if text.is_empty() => {}
        _ => spans.push(Span::Text(text.to_owned())),
    }
}
