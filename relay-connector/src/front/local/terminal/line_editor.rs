//! The line being typed: what each key does to it.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation as _;

/// Lines that can be called back.
const MAX_HISTORY: usize = 200;

/// What a key came to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pressed {
    /// The line or the cursor changed, or nothing did.
    Edited,
    /// The line is to be sent; a new one begins.
    Submitted(String),
    /// The person leaves.
    Left,
}

/// A line with a cursor between two characters as people see them, and the lines before it.
#[derive(Debug, Default)]
pub(super) struct LineEditor {
    line: String,
    /// In bytes, on a grapheme boundary.
    cursor: usize,
    history: Vec<String>,
    /// Which line of the history is shown, and the line that was being typed before.
    recalled: Option<(usize, String)>,
}

impl LineEditor {
    pub(super) fn line(&self) -> &str {
        &self.line
    }

    /// What stands before the cursor.
    pub(super) fn before_cursor(&self) -> &str {
        &self.line[..self.cursor]
    }

    pub(super) fn press(&mut self, key: KeyEvent) -> Pressed {
        if key.kind == KeyEventKind::Release {
            return Pressed::Edited;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.press_control(key.code);
        }
        match key.code {
            KeyCode::Enter => return self.submit(),
            KeyCode::Char(c) if !key.modifiers.contains(KeyModifiers::ALT) => {
                self.line.insert(self.cursor, c);
                self.cursor += c.len_utf8();
                self.settle();
            }
            KeyCode::Tab => return self.press(KeyEvent::from(KeyCode::Char(' '))),
            KeyCode::Backspace => self.remove(self.previous(), self.cursor),
            KeyCode::Delete => self.remove(self.cursor, self.next()),
            KeyCode::Left => self.cursor = self.previous(),
            KeyCode::Right => self.cursor = self.next(),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.line.len(),
            KeyCode::Up => self.recall_older(),
            KeyCode::Down => self.recall_newer(),
            _ => {}
        }
        Pressed::Edited
    }

    fn press_control(&mut self, code: KeyCode) -> Pressed {
        match code {
            KeyCode::Char('c' | 'd') if self.line.is_empty() => return Pressed::Left,
            KeyCode::Char('c') => self.remove(0, self.line.len()),
            KeyCode::Char('d') => self.remove(self.cursor, self.next()),
            KeyCode::Char('h') => self.remove(self.previous(), self.cursor),
            KeyCode::Char('u') => self.remove(0, self.cursor),
            KeyCode::Char('k') => self.remove(self.cursor, self.line.len()),
            KeyCode::Char('w') => self.remove(self.word(), self.cursor),
            KeyCode::Char('a') => self.cursor = 0,
            KeyCode::Char('e') => self.cursor = self.line.len(),
            _ => {}
        }
        Pressed::Edited
    }

    fn submit(&mut self) -> Pressed {
        if self.line.trim().is_empty() {
            return Pressed::Edited;
        }
        let line = std::mem::take(&mut self.line);
        self.cursor = 0;
        self.recalled = None;
        if self.history.last() != Some(&line) {
            if self.history.len() == MAX_HISTORY {
                self.history.remove(0);
            }
            self.history.push(line.clone());
        }
        Pressed::Submitted(line)
    }

    fn recall_older(&mut self) {
        let newest = self.history.len();
        let (shown, typed) = self.recalled.take().unwrap_or_else(|| (newest, self.line.clone()));
        let older = shown.saturating_sub(1);
        self.recalled = Some((older, typed));
        self.show_recalled();
    }

    fn recall_newer(&mut self) {
        if let Some((shown, _)) = &mut self.recalled {
            *shown += 1;
            self.show_recalled();
        }
    }

    fn show_recalled(&mut self) {
        let Some((shown, typed)) = &self.recalled else { return };
        if let Some(line) = self.history.get(*shown) {
            self.line.clone_from(line);
        } else {
            self.line.clone_from(typed);
            self.recalled = None;
        }
        self.cursor = self.line.len();
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.line.replace_range(from..to, "");
        self.cursor = from;
        self.settle();
    }

    /// Moves the cursor behind the character it may have come to stand in: a typed accent joins its letter.
    fn settle(&mut self) {
        let ends = self.line.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len());
        let cursor = self.cursor;
        self.cursor = if cursor == 0 { 0 } else { ends.into_iter().find(|end| *end >= cursor).unwrap_or(0) };
    }

    fn previous(&self) -> usize {
        let before = &self.line[..self.cursor];
        before.grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn next(&self) -> usize {
        self.cursor + self.line[self.cursor..].graphemes(true).next().map_or(0, str::len)
    }

    /// Where the word before the cursor begins.
    fn word(&self) -> usize {
        let before = self.line[..self.cursor].trim_end();
        before
            .rfind(char::is_whitespace)
            .map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8))
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::{LineEditor, Pressed};

    fn control(c: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)
    }

    fn typed(text: &str) -> LineEditor {
        let mut editor = LineEditor::default();
        type_in(&mut editor, text);
        editor
    }

    fn type_in(editor: &mut LineEditor, text: &str) {
        for c in text.chars() {
            editor.press(KeyCode::Char(c).into());
        }
    }

    fn press(editor: &mut LineEditor, codes: &[KeyCode]) {
        for code in codes {
            assert_eq!(editor.press((*code).into()), Pressed::Edited);
        }
    }

    #[test]
    fn typing_happens_at_the_cursor() {
        let mut editor = typed("held");
        press(&mut editor, &[KeyCode::Left, KeyCode::Char('l'), KeyCode::Char('o'), KeyCode::Char(' ')]);
        assert_eq!((editor.before_cursor(), editor.line()), ("hello ", "hello d"));
        press(&mut editor, &[KeyCode::Home, KeyCode::Delete, KeyCode::End, KeyCode::Backspace]);
        assert_eq!((editor.before_cursor(), editor.line()), ("ello ", "ello "));
        press(&mut editor, &[KeyCode::Right, KeyCode::Delete]);
        assert_eq!(editor.line(), "ello ", "there is nothing behind the end");
    }

    #[test]
    fn a_character_of_several_code_points_is_one_step() {
        let mut editor = typed("a👩‍💻e\u{301}");
        press(&mut editor, &[KeyCode::Backspace]);
        assert_eq!(editor.line(), "a👩‍💻");
        press(&mut editor, &[KeyCode::Left]);
        assert_eq!(editor.before_cursor(), "a");
        press(&mut editor, &[KeyCode::Delete]);
        assert_eq!(editor.line(), "a");
    }

    #[test]
    fn control_keys_cut_the_line_and_its_words() {
        let mut editor = typed("one two  ");
        editor.press(control('w'));
        assert_eq!(editor.line(), "one ");
        press(&mut editor, &[KeyCode::Left, KeyCode::Left]);
        editor.press(control('u'));
        assert_eq!((editor.before_cursor(), editor.line()), ("", "e "));
        editor.press(control('k'));
        assert_eq!(editor.line(), "");
    }

    #[test]
    fn control_c_clears_the_line_first_and_leaves_when_it_is_empty() {
        let mut editor = typed("oops");
        assert_eq!(editor.press(control('c')), Pressed::Edited);
        assert_eq!(editor.line(), "");
        assert_eq!(editor.press(control('c')), Pressed::Left);
        assert_eq!(editor.press(control('d')), Pressed::Left);
    }

    #[test]
    fn control_d_deletes_while_there_is_a_line() {
        let mut editor = typed("ab");
        press(&mut editor, &[KeyCode::Home]);
        assert_eq!(editor.press(control('d')), Pressed::Edited);
        assert_eq!(editor.line(), "b");
    }

    #[test]
    fn enter_sends_the_line_and_a_blank_one_is_not_sent() {
        let mut editor = typed("/stop");
        assert_eq!(editor.press(KeyCode::Enter.into()), Pressed::Submitted("/stop".to_owned()));
        assert_eq!(editor.line(), "");
        assert_eq!(editor.press(KeyCode::Enter.into()), Pressed::Edited);
    }

    #[test]
    fn older_lines_are_called_back_and_the_one_being_typed_is_kept() {
        let mut editor = LineEditor::default();
        for line in ["first", "second", "second"] {
            type_in(&mut editor, line);
            editor.press(KeyCode::Enter.into());
        }
        type_in(&mut editor, "draft");
        press(&mut editor, &[KeyCode::Up]);
        assert_eq!(editor.line(), "second");
        press(&mut editor, &[KeyCode::Up, KeyCode::Up]);
        assert_eq!(editor.line(), "first");
        press(&mut editor, &[KeyCode::Down, KeyCode::Down]);
        assert_eq!(editor.line(), "draft");
        press(&mut editor, &[KeyCode::Down]);
        assert_eq!(editor.line(), "draft");
    }
}
