//! The log: to stderr, a line an event, filtered by `RUST_LOG`.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::LogFormat;

/// What `RUST_LOG` is made of.
const FORM: &str = "RUST_LOG takes a level, or TARGET=LEVEL, separated by commas";

/// Starts logging at this level unless `RUST_LOG` says otherwise.
pub(crate) fn start(level: LevelFilter, writer: BoxMakeWriter, form: LogFormat) {
    let asked = std::env::var("RUST_LOG").ok();
    let (filter, problem) = filter(asked.as_deref(), level);
    let lines =
        tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(writer).with_ansi(false);
    // Only a second call can fail, and then the first one stands.
    let _ = match form {
        LogFormat::Text => lines.finish().with(filter).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().with(filter).try_init(),
    };
    if let Some(problem) = problem {
        tracing::error!("{problem}");
    }
}

/// What is logged, and what is wrong with what was asked for. What names no target of its own has this level.
fn filter(asked: Option<&str>, level: LevelFilter) -> (Targets, Option<String>) {
    let otherwise = Targets::new().with_default(level);
    match asked.filter(|asked| !asked.trim().is_empty()).map(str::parse::<Targets>) {
        None => (otherwise, None),
        Some(Ok(targets)) if targets.default_level().is_some() => (targets, None),
        Some(Ok(targets)) => (targets.with_default(level), None),
        Some(Err(error)) => (otherwise, Some(format!("ignoring RUST_LOG ({error}); {FORM}"))),
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::{LevelFilter, filter};

    #[test]
    fn what_rust_log_does_not_name_keeps_its_level() {
        let (one, problem) = filter(Some("relay_transport=debug"), LevelFilter::WARN);
        assert_eq!(problem, None);
        assert!(one.would_enable("relay_transport::link", &Level::DEBUG));
        assert!(
            one.would_enable("relay_adapter", &Level::WARN)
                && !one.would_enable("relay_adapter", &Level::INFO)
        );
        let (all, _) = filter(Some("error,relay_adapter=debug"), LevelFilter::WARN);
        assert!(all.would_enable("relay_adapter", &Level::DEBUG) && !all.would_enable("hyper", &Level::WARN));
        for nothing in [None, Some(""), Some("  ")] {
            let (usual, problem) = filter(nothing, LevelFilter::INFO);
            assert!(usual.would_enable("hyper", &Level::INFO) && problem.is_none());
        }
    }

    #[test]
    fn a_filter_that_is_none_is_named_and_the_usual_level_stays() {
        let (usual, problem) = filter(Some("relay_transport=loud"), LevelFilter::INFO);
        assert!(usual.would_enable("relay_transport", &Level::INFO));
        let problem = problem.expect("a problem");
        assert!(problem.contains("RUST_LOG") && problem.contains("TARGET=LEVEL"), "{problem}");
    }
}
