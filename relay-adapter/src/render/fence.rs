//! Code fences: what is open at the end of a text.

/// The line that opened the block which is still open at the end of a text: its ticks and its language.
pub(crate) fn open_at_end(text: &str) -> Option<&str> {
    let mut open: Option<&str> = None;
    for line in text.lines() {
        let line = line.trim();
        if let Some(opener) = open {
            let ticks = ticks(opener);
            if line.starts_with(&opener[..ticks]) && line.trim_start_matches('`').is_empty() {
                open = None;
            }
        } else if ticks(line) >= 3 && !line[ticks(line)..].contains('`') {
            open = Some(line);
        }
    }
    open
}

/// The line that closes a block.
pub(crate) fn closer(opener: &str) -> &str {
    &opener[..ticks(opener)]
}

fn ticks(line: &str) -> usize {
    line.len() - line.trim_start_matches('`').len()
}

#[cfg(test)]
mod tests {
    use super::{closer, open_at_end};

    #[test]
    fn a_block_is_open_from_its_opening_line_to_its_closing_one() {
        assert_eq!(open_at_end("text"), None);
        assert_eq!(open_at_end("```rust\nfn"), Some("```rust"));
        assert_eq!(open_at_end("```rust\nfn\n```"), None);
        assert_eq!(open_at_end("```\na\n```\n````md\n```\nb"), Some("````md"), "fewer ticks close nothing");
        assert_eq!(open_at_end("```inline``` code"), None, "ticks within a line are no block");
        assert_eq!(closer("````md"), "````");
    }
}
