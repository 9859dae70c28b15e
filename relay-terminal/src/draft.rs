//! The message being typed: what each key does to it, and how it is drawn.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::Widget as _;
use ratatui_textarea::{CursorMove, TextArea, WrapMode};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use crate::history::History;
use crate::visible::harmless;

const PROMPT: &str = "> ";
/// The columns of the prompt; further rows are indented by as many.
const INDENT: u16 = 2;
const TAB: u8 = 4;

/// The longest message, in bytes; positions in a longer one would not fit the editor's numbers.
pub(crate) const MAX_BYTES: usize = 60_000;

/// What a key came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// The message or the cursor changed, or nothing did.
    Edited,
    /// The message is to be sent; a new one begins.
    Submitted(String),
    /// The person leaves.
    Left,
}

/// A message with a cursor between two characters as people see them, and the messages before it.
#[derive(Debug)]
pub(crate) struct Draft {
    text: TextArea<'static>,
    history: History,
}

impl Default for Draft {
    fn default() -> Self {
        Self { text: editor(""), history: History::default() }
    }
}

fn editor(text: &str) -> TextArea<'static> {
    let mut editor = TextArea::from(text.split('\n'));
    editor.set_wrap_mode(WrapMode::Glyph);
    editor.set_tab_length(TAB);
    editor.set_cursor_line_style(Style::new());
    // The terminal's own cursor stands there.
    editor.set_cursor_style(Style::new());
    editor.move_cursor(CursorMove::Bottom);
    editor.move_cursor(CursorMove::End);
    editor
}

impl Draft {
    /// The message as it stands.
    pub(crate) fn message(&self) -> String {
        self.text.lines().join("\n")
    }

    pub(crate) fn press(&mut self, key: KeyEvent) -> Pressed {
        if key.kind == KeyEventKind::Release {
            return Pressed::Edited;
        }
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return self.press_control(key.code);
        }
        if key.modifiers.contains(KeyModifiers::ALT) {
            self.press_alt(key.code);
            return Pressed::Edited;
        }
        match key.code {
            KeyCode::Enter if key.modifiers.contains(KeyModifiers::SHIFT) => self.text.insert_newline(),
            KeyCode::Enter => return self.submit(),
            KeyCode::Char(c) => drop(self.paste(c.encode_utf8(&mut [0; 4]))),
            KeyCode::Tab => drop(self.text.insert_tab()),
            KeyCode::Backspace => self.delete_previous(),
            KeyCode::Delete => self.delete_next(),
            KeyCode::Left => self.step_back(),
            KeyCode::Right => self.step_forward(),
            KeyCode::Home => self.text.move_cursor(CursorMove::Head),
            KeyCode::End => self.text.move_cursor(CursorMove::End),
            KeyCode::Up => self.up(),
            KeyCode::Down => self.down(),
            _ => {}
        }
        Pressed::Edited
    }

    /// Inserts a text as one piece; `false`, and nothing is inserted, where the message would become too long. What a
    /// terminal would obey becomes visible: what is sent is what was shown.
    pub(crate) fn paste(&mut self, text: &str) -> bool {
        let text = harmless(text);
        let length: usize = self.text.lines().iter().map(|line| line.len() + 1).sum();
        if length + text.len() > MAX_BYTES {
            return false;
        }
        self.text.insert_str(text.as_ref());
        true
    }

    fn press_control(&mut self, code: KeyCode) -> Pressed {
        match code {
            KeyCode::Char('c' | 'd') if self.text.is_empty() => return Pressed::Left,
            KeyCode::Char('c') => self.text = editor(""),
            KeyCode::Char('d') => self.delete_next(),
            KeyCode::Char('h') => self.delete_previous(),
            KeyCode::Char('j') => self.text.insert_newline(),
            KeyCode::Char('u') => drop(self.text.delete_line_by_head()),
            KeyCode::Char('k') => drop(self.text.delete_line_by_end()),
            KeyCode::Char('w') => drop(self.text.delete_word()),
            KeyCode::Char('y') => drop(self.text.paste()),
            KeyCode::Char('a') => self.text.move_cursor(CursorMove::Head),
            KeyCode::Char('e') => self.text.move_cursor(CursorMove::End),
            KeyCode::Char('b') => self.step_back(),
            KeyCode::Char('f') => self.step_forward(),
            KeyCode::Char('p') => self.up(),
            KeyCode::Char('n') => self.down(),
            KeyCode::Left => self.text.move_cursor(CursorMove::WordBack),
            KeyCode::Right => self.text.move_cursor(CursorMove::WordForward),
            _ => {}
        }
        Pressed::Edited
    }

    fn press_alt(&mut self, code: KeyCode) {
        match code {
            KeyCode::Enter => self.text.insert_newline(),
            KeyCode::Char('b') | KeyCode::Left => self.text.move_cursor(CursorMove::WordBack),
            KeyCode::Char('f') | KeyCode::Right => self.text.move_cursor(CursorMove::WordForward),
            KeyCode::Char('d') => drop(self.text.delete_next_word()),
            KeyCode::Backspace => drop(self.text.delete_word()),
            _ => {}
        }
    }

    fn submit(&mut self) -> Pressed {
        let message = self.message();
        let message = message.trim_end_matches('\n');
        if message.trim().is_empty() {
            return Pressed::Edited;
        }
        self.history.push(message);
        self.text = editor("");
        Pressed::Submitted(message.to_owned())
    }

    /// A row up; from the first one, to an older message.
    fn up(&mut self) {
        let before = self.text.cursor();
        self.text.move_cursor(CursorMove::Up);
        if self.text.cursor() != before {
            self.settle();
        } else if let Some(older) = self.history.older(&self.message()) {
            self.text = editor(&older);
        }
    }

    /// A row down; from the last one, to a newer message.
    fn down(&mut self) {
        let before = self.text.cursor();
        self.text.move_cursor(CursorMove::Down);
        if self.text.cursor() != before {
            self.settle();
        } else if let Some(newer) = self.history.newer() {
            self.text = editor(&newer);
        }
    }

    /// Moves the cursor before the character that it may have come to stand in.
    fn settle(&mut self) {
        let (before, after) = self.around_cursor();
        let (end, line) = (before.len(), format!("{before}{after}"));
        let start = line.grapheme_indices(true).find(|(at, grapheme)| *at < end && end < at + grapheme.len());
        if let Some((start, _)) = start {
            let column = line[..start].chars().count();
            self.jump(column);
        }
    }

    fn step_back(&mut self) {
        match self.previous() {
            0 => self.text.move_cursor(CursorMove::Back),
            chars => self.jump(self.text.cursor().1 - chars),
        }
    }

    fn step_forward(&mut self) {
        match self.next() {
            0 => self.text.move_cursor(CursorMove::Forward),
            chars => self.jump(self.text.cursor().1 + chars),
        }
    }

    fn delete_previous(&mut self) {
        // At the beginning of a line it is the break before it.
        for _ in 0..self.previous().max(1) {
            self.text.delete_char();
        }
    }

    fn delete_next(&mut self) {
        for _ in 0..self.next().max(1) {
            self.text.delete_next_char();
        }
    }

    /// The code points of the character before the cursor; 0 at the beginning of a line.
    fn previous(&self) -> usize {
        self.around_cursor().0.graphemes(true).next_back().map_or(0, |grapheme| grapheme.chars().count())
    }

    /// The code points of the character behind the cursor; 0 at the end of a line.
    fn next(&self) -> usize {
        self.around_cursor().1.graphemes(true).next().map_or(0, |grapheme| grapheme.chars().count())
    }

    /// The line that the cursor is in, before and behind it.
    fn around_cursor(&self) -> (&str, &str) {
        let cursor = self.text.cursor();
        let line = &self.text.lines()[cursor.0];
        line.split_at(byte(line, cursor.1))
    }

    fn jump(&mut self, column: usize) {
        let row = cells(self.text.cursor().0);
        self.text.move_cursor(CursorMove::Jump(row, cells(column)));
    }

    /// The rows that the message takes at this width.
    pub(crate) fn rows(&self, columns: u16) -> u16 {
        let mut measured = self.text.clone();
        let area = Rect::new(0, 0, text_columns(columns), 1);
        // The editor breaks its lines to the width that it was drawn in last.
        measured.render(area, &mut Buffer::empty(area));
        measured.move_cursor(CursorMove::Bottom);
        measured.move_cursor(CursorMove::End);
        cells(measured.screen_cursor().row).saturating_add(1)
    }

    /// Draws the message, or the part around the cursor; where the cursor stands.
    pub(crate) fn draw(&self, area: Rect, buffer: &mut Buffer) -> Position {
        buffer.set_stringn(area.x, area.y, PROMPT, usize::from(area.width), Style::new());
        let indent = area.width - text_columns(area.width);
        let inner = Rect { x: area.x + indent, width: area.width - indent, ..area };
        self.text.render(inner, buffer);
        let (screen, cursor) = (self.text.screen_cursor(), self.text.cursor());
        let line = &self.text.lines()[cursor.0];
        let begins = self.text.screen_to_data(screen.row, 0);
        let column = columns_of(&line[byte(line, begins.1)..byte(line, cursor.1)]);
        let row = cells(screen.row).saturating_sub(self.text.scroll_offset().0);
        Position {
            x: (inner.x + column).min(inner.right().saturating_sub(1)),
            y: (inner.y + row).min(inner.bottom().saturating_sub(1)),
        }
    }
}

fn text_columns(columns: u16) -> u16 {
    columns.saturating_sub(INDENT).max(1)
}

/// Where a code point of a line begins.
fn byte(line: &str, column: usize) -> usize {
    line.char_indices().nth(column).map_or(line.len(), |(at, _)| at)
}

/// The columns that a text takes, with its tabs.
fn columns_of(text: &str) -> u16 {
    let tab = usize::from(TAB);
    let columns = text.graphemes(true).fold(0, |columns, grapheme| match grapheme {
        "\t" => columns + tab - columns % tab,
        _ => columns + grapheme.width(),
    });
    cells(columns)
}

fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::{Draft, MAX_BYTES, Pressed};

    fn control(c: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)
    }

    fn type_in(draft: &mut Draft, text: &str) {
        for c in text.chars() {
            draft.press(KeyCode::Char(c).into());
        }
    }

    fn typed(text: &str) -> Draft {
        let mut draft = Draft::default();
        type_in(&mut draft, text);
        draft
    }

    fn press(draft: &mut Draft, codes: &[KeyCode]) {
        for code in codes {
            assert_eq!(draft.press((*code).into()), Pressed::Edited);
        }
    }

    #[test]
    fn typing_happens_at_the_cursor() {
        let mut draft = typed("held");
        press(&mut draft, &[KeyCode::Left, KeyCode::Char('l'), KeyCode::Char('o'), KeyCode::Char(' ')]);
        assert_eq!((draft.around_cursor(), draft.message().as_str()), (("hello ", "d"), "hello d"));
        press(&mut draft, &[KeyCode::Home, KeyCode::Delete, KeyCode::End, KeyCode::Backspace]);
        assert_eq!(draft.message(), "ello ");
        press(&mut draft, &[KeyCode::Right, KeyCode::Delete]);
        assert_eq!(draft.message(), "ello ", "there is nothing behind the end");
    }

    #[test]
    fn a_character_of_several_code_points_is_one_step() {
        let mut draft = typed("a👩‍💻e\u{301}");
        press(&mut draft, &[KeyCode::Backspace]);
        assert_eq!(draft.message(), "a👩‍💻");
        press(&mut draft, &[KeyCode::Left]);
        assert_eq!(draft.around_cursor().0, "a");
        press(&mut draft, &[KeyCode::Right]);
        assert_eq!(draft.around_cursor().1, "");
        press(&mut draft, &[KeyCode::Left, KeyCode::Delete]);
        assert_eq!(draft.message(), "a");
    }

    #[test]
    fn control_keys_cut_the_line_and_bring_it_back() {
        let mut draft = typed("one two  ");
        draft.press(control('w'));
        assert_eq!(draft.message(), "one ");
        press(&mut draft, &[KeyCode::Left, KeyCode::Left]);
        draft.press(control('u'));
        assert_eq!(draft.message(), "e ");
        draft.press(control('k'));
        assert_eq!(draft.message(), "");
        draft.press(control('y'));
        assert_eq!(draft.message(), "e ");
    }

    #[test]
    fn control_c_clears_the_line_first_and_leaves_when_it_is_empty() {
        let mut draft = typed("oops");
        assert_eq!(draft.press(control('c')), Pressed::Edited);
        assert_eq!(draft.message(), "");
        assert_eq!(draft.press(control('c')), Pressed::Left);
        assert_eq!(draft.press(control('d')), Pressed::Left);
    }

    #[test]
    fn control_d_deletes_while_there_is_a_line() {
        let mut draft = typed("ab");
        press(&mut draft, &[KeyCode::Home]);
        assert_eq!(draft.press(control('d')), Pressed::Edited);
        assert_eq!(draft.message(), "b");
    }

    #[test]
    fn enter_sends_the_message_and_a_blank_one_is_not_sent() {
        let mut draft = typed("/stop");
        assert_eq!(draft.press(KeyCode::Enter.into()), Pressed::Submitted("/stop".to_owned()));
        assert_eq!(draft.message(), "");
        assert_eq!(draft.press(KeyCode::Enter.into()), Pressed::Edited);
    }

    #[test]
    fn a_paste_of_several_lines_is_one_message() {
        let mut draft = typed("see: ");
        assert!(draft.paste("one\r\ntwo\rthree\n"));
        assert_eq!(draft.press(KeyCode::Enter.into()), Pressed::Submitted("see: one\ntwo\nthree".to_owned()));
    }

    #[test]
    fn what_a_paste_hides_is_shown_and_sent_as_it_is_shown() {
        let mut draft = Draft::default();
        assert!(draft.paste("\u{1b}[31m\u{202e}a\tb"));
        assert_eq!(draft.message(), "␛[31m<U+202E>a\tb");
    }

    #[test]
    fn a_paste_that_is_too_long_is_not_taken() {
        let mut draft = typed("kept");
        assert!(!draft.paste(&"x".repeat(MAX_BYTES)));
        assert_eq!(draft.message(), "kept");
    }

    #[test]
    fn up_and_down_move_in_the_message_first_and_then_through_the_history() {
        let mut draft = typed("first");
        draft.press(KeyCode::Enter.into());
        type_in(&mut draft, "a");
        draft.press(KeyEvent::new(KeyCode::Enter, KeyModifiers::ALT));
        type_in(&mut draft, "b");
        assert_eq!(draft.message(), "a\nb");
        press(&mut draft, &[KeyCode::Up, KeyCode::Char('!')]);
        assert_eq!(draft.message(), "a!\nb");
        press(&mut draft, &[KeyCode::Up]);
        assert_eq!(draft.message(), "first");
        press(&mut draft, &[KeyCode::Down]);
        assert_eq!(draft.message(), "a!\nb", "the draft is kept");
    }
}
