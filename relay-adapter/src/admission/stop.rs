//! The one command that the gateway itself understands.

/// Whether a message asks to stop the running turn: `/stop`, alone or followed by anything, or addressed to
/// a bot as `/stop@name`.
pub(crate) fn is_stop(text: &str) -> bool {
    let word = text.split_whitespace().next().unwrap_or_default();
    let command = word.split_once('@').map_or(word, |(command, _)| command);
    command.eq_ignore_ascii_case("/stop")
}

#[cfg(test)]
mod tests {
    use super::is_stop;

    #[test]
    fn stop_is_told_from_what_only_looks_like_it() {
        for text in ["/stop", " /stop\n", "/Stop now", "/stop@agent_bot", "/stop 5"] {
            assert!(is_stop(text), "{text:?}");
        }
        for text in ["", "stop", "/stopwatch", "please /stop", "//stop", "/ stop"] {
            assert!(!is_stop(text), "{text:?}");
        }
    }
}
