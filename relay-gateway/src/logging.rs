//! The log: to stderr, a line an event, filtered by `RUST_LOG`.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Starts logging at this level unless `RUST_LOG` says otherwise.
pub(crate) fn start(level: LevelFilter, writer: BoxMakeWriter, ansi: bool) {
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    // Only a second call can fail, and then the first one stands.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(ansi).try_init();
}
