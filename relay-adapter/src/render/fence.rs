//! Code fences: what is open at the end of a text.

/// The longest language that a block which is opened again carries, in bytes.
const MAX_LANGUAGE: usize = 16;

/// The line that opened the block which is still open at the end of a text: its ticks and its language.
pub(crate) fn open_at_end(text: &str) -> Option<&str> {
    opening(text).and_then(|at| text[at..].lines().next()).map(str::trim)
}

/// Where the line begins that opened the block which is still open at the end of a text.
pub(crate) fn opening(text: &str) -> Option<usize> {
    let mut open: Option<(usize, &str)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        match open {
            Some((_, opener)) if closes(line, opener) => open = None,
            None if opens(line) => open = Some((at, line.trim())),
            _ => {}
        }
        at += line.len();
    }
    open.map(|(at, _)| at)
}

/// Whether a line opens a block.
pub(crate) fn opens(line: &str) -> bool {
    let line = line.trim();
    ticks(line) >= 3 && !line[ticks(line)..].contains('`')
}

/// Whether a line closes the block that this one opened.
pub(crate) fn closes(line: &str, opener: &str) -> bool {
    let line = line.trim();
    line.starts_with(closer(opener)) && line.trim_start_matches('`').is_empty()
}

/// The line that closes a block.
pub(crate) fn closer(opener: &str) -> &str {
    &opener[..ticks(opener)]
}

/// The line that opens a block again: its ticks and its language, as far as that is short.
pub(crate) fn reopener(opener: &str) -> &str {
    let ticks = ticks(opener);
    let language = opener[ticks..].split_whitespace().next().unwrap_or_default();
    let is_short = language.len() <= MAX_LANGUAGE && opener[ticks..].starts_with(language);
    &opener[..ticks + if is_short { language.len() } else { 0 }]
}

fn ticks(line: &str) -> usize {
    line.len() - line.trim_start_matches('`').len()
}

#[cfg(test)]
mod tests {
    use super::{closer, open_at_end, reopener};

    #[test]
    fn a_block_is_open_from_its_opening_line_to_its_closing_one() {
        assert_eq!(open_at_end("text"), None);
        assert_eq!(open_at_end("```rust\nfn"), Some("```rust"));
        assert_eq!(open_at_end("```rust\nfn\n```"), None);
        assert_eq!(open_at_end("```\na\n```\n````md\n```\nb"), Some("````md"), "fewer ticks close nothing");
        assert_eq!(open_at_end("```inline``` code"), None, "ticks within a line are no block");
        assert_eq!(closer("````md"), "````");
        assert_eq!(reopener("```rust title=\"main.rs\""), "```rust");
        assert_eq!(reopener("``` rust"), "```");
        assert_eq!(reopener("```a-language-that-nobody-has"), "```");
    }
}
