//! Names of strangers, made fit to be shown.

/// The longest name that is kept, in characters.
const LONGEST: usize = 64;

/// A name on one line: without control characters, without marks that turn or hide what stands beside them.
pub(crate) fn shown(name: &str) -> String {
    let visible = name.chars().filter(|character| !character.is_control() && !is_invisible(*character));
    let name: String = visible.take(LONGEST).collect();
    let name = name.trim();
    if name.is_empty() { "somebody without a name".to_owned() } else { name.to_owned() }
}

/// Zero-width characters, marks and overrides of direction, tags.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_name_does_not_move_the_cursor_turn_the_line_or_fill_the_screen() {
        assert_eq!(shown("Ann\u{1b}[2J\r\n\u{202e}x"), "Ann[2Jx");
        assert_eq!(shown(" \u{200b}\u{feff}\n"), "somebody without a name");
        assert_eq!(shown("日本"), "日本");
        assert_eq!(shown(&"x".repeat(10_000)).len(), 64);
    }
}
