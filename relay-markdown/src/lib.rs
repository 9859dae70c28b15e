//! Markdown for chat platforms.
//!
//! Agents write Markdown; every chat platform shows something else. A text is parsed once into a tree
//! ([`parse`], [`Document`]). A target then says what a platform shows of it: [`telegram_messages`] gives text
//! with entities, [`plain_messages`] text alone. Both are cut into pieces by the platform's own measure
//! ([`Limit`]): between blocks where one can, else between lines, words, and at last graphemes.
//!
//! Nothing that was written is lost: what a platform cannot show (a heading, a table, a link to a file) is
//! shown as text, and source that Markdown would swallow (a link definition) stays text.
//!
//! No input is an error. Nesting beyond [`MAX_DEPTH`] is shown flat, and the work grows linearly with the text.
//!
//! ```
//! use relay_markdown::{EntityKind, Limit, telegram_messages};
//!
//! let messages = telegram_messages("Run **this**:\n```sh\nls\n```", &Limit::utf16(4096));
//! assert_eq!(messages[0].text, "Run this:\n\nls");
//! assert_eq!(messages[0].entities[0].kind, EntityKind::Bold);
//! assert_eq!(messages[0].entities[1].kind, EntityKind::Pre { language: Some("sh".into()) });
//! ```

mod clean;
mod document;
mod grid;
mod layout;
mod limit;
mod parse;
mod piece;
mod plain;
mod split;
mod style;
mod telegram;
mod unseen;

pub use document::{Block, Document, Item, Span, Table};
pub use limit::{Limit, Measure};
pub use parse::{MAX_DEPTH, parse};
pub use plain::plain_messages;
pub use telegram::{Entity, EntityKind, EntityText, MAX_ENTITIES, telegram_messages};
