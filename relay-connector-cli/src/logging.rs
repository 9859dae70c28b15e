//! The log: above the live region where there is one, else to stderr; filtered by `RUST_LOG`.

use std::io;

use relay_terminal::Notes;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is logged of a target that `RUST_LOG` does not name.
const LEVEL: LevelFilter = LevelFilter::WARN;

/// Starts logging.
pub(crate) fn start(notes: Option<Notes>) {
    let writer = match notes {
        Some(notes) => BoxMakeWriter::new(move || notes.clone()),
        None => BoxMakeWriter::new(io::stderr),
    };
    let usual = || Targets::new().with_default(LEVEL);
    let asked = std::env::var("RUST_LOG").ok().filter(|asked| !asked.trim().is_empty());
    let (filter, problem) = match asked.map(|asked| asked.parse::<Targets>()) {
        None => (usual(), None),
        Some(Ok(filter)) if filter.default_level().is_some() => (filter, None),
        Some(Ok(filter)) => (filter.with_default(LEVEL), None),
        Some(Err(error)) => (usual(), Some(error)),
    };
    let lines =
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(writer).with_ansi(false);
    lines.finish().with(filter).init();
    if let Some(error) = problem {
        tracing::error!(
            "ignoring RUST_LOG ({error}); RUST_LOG takes a level, or TARGET=LEVEL, separated by commas"
        );
    }
}
