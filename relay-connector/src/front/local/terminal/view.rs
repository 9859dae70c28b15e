//! What the terminal shows, as data: lines for the scrollback, and the live region below them.

use std::collections::VecDeque;
use std::time::Instant;

use super::layout::{fold, width, wrap};
use super::line_editor::LineEditor;
use super::typing::TypingIndicator;
use crate::front::local::update::ChatUpdateKind;
use crate::front::local::visible::visible;

const PROMPT: &str = "> ";
const TYPING: &str = "typing…";

/// Replies that are remembered after they went to the scrollback, to tell a late edit from none.
const REMEMBERED: usize = 16;

/// How a line is to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// What the person said.
    You,
    /// What an agent said.
    Agent,
    /// Everything that nobody said.
    Note,
    /// The line being typed.
    Input,
}

/// One line of the screen, harmless and without its line break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// The live region.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) rows: Vec<Row>,
    /// Where the cursor stands: row and column from the region's top left.
    pub(super) cursor: (usize, usize),
}

/// A reply that may still grow.
#[derive(Debug)]
struct Reply {
    message_id: String,
    content: String,
    /// It was in the scrollback before, where it cannot be changed any more.
    edited: bool,
}

/// The chat as it is shown.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) editor: LineEditor,
    pub(super) typing: TypingIndicator,
    live: Vec<Reply>,
    past: VecDeque<(String, String)>,
    scrollback: Vec<Row>,
}

impl View {
    /// Takes what an agent did.
    pub(super) fn update(&mut self, kind: ChatUpdateKind, now: Instant) {
        match kind {
            ChatUpdateKind::Posted { message_id, content, .. } => {
                self.typing.clear();
                self.finish_replies();
                self.live.push(Reply { message_id, content, edited: false });
            }
            ChatUpdateKind::Edited { message_id, content } => self.edit(message_id, content),
            ChatUpdateKind::Deleted { message_id } => {
                let before = self.live.len();
                self.live.retain(|reply| reply.message_id != message_id);
                if self.live.len() == before {
                    self.note("the agent deleted a message");
                }
            }
            ChatUpdateKind::Typing(true) => self.typing.show(now),
            ChatUpdateKind::Typing(false) => self.typing.clear(),
        }
    }

    /// Takes what the person said.
    pub(super) fn say(&mut self, text: &str) {
        self.finish_replies();
        self.commit("you: ", text, Tone::You);
    }

    /// Takes a remark.
    pub(super) fn note(&mut self, text: &str) {
        self.commit("", text, Tone::Note);
    }

    /// Replies in progress become final, as far as the screen goes.
    pub(super) fn finish_replies(&mut self) {
        for reply in std::mem::take(&mut self.live) {
            self.commit(label(&reply), &reply.content, Tone::Agent);
            if self.past.len() == REMEMBERED {
                self.past.pop_front();
            }
            self.past.push_back((reply.message_id, reply.content));
        }
    }

    /// The lines that are to go to the scrollback, above the live region; the terminal wraps them itself.
    pub(super) fn take_scrollback(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.scrollback)
    }

    /// The live region for a screen of this many columns and rows: replies in progress, typing, the prompt.
    /// Of what does not fit, the end is shown.
    pub(super) fn region(&self, columns: usize, rows: usize, now: Instant) -> Region {
        let (columns, rows) = (columns.max(4), rows.max(2));
        let mut above: Vec<Row> = Vec::new();
        for reply in &self.live {
            let text = format!("{}{}", label(reply), visible(&reply.content));
            above.extend(wrap(&text, columns).into_iter().map(|text| Row { text, tone: Tone::Agent }));
        }
        if self.typing.is_shown(now) {
            above.push(Row { text: TYPING.to_owned(), tone: Tone::Note });
        }
        let mut input = fold(&format!("{PROMPT}{}", visible(self.editor.line())), columns);
        let before = fold(&format!("{PROMPT}{}", visible(self.editor.before_cursor())), columns);
        let mut cursor_row = before.len() - 1;
        let column = width(before.last().map_or("", String::as_str));
        // Half of the screen at most is for the prompt; the cursor stays in sight.
        let shown = input.len().min((rows / 2).max(1));
        let first = (cursor_row + 1).saturating_sub(shown);
        input = input.drain(first..).take(shown).collect();
        cursor_row -= first;

        let room = rows - input.len();
        let hidden = above.len().saturating_sub(room);
        above.drain(..hidden);
        let cursor = (above.len() + cursor_row, column);
        above.extend(input.into_iter().map(|text| Row { text, tone: Tone::Input }));
        Region { rows: above, cursor }
    }

    fn edit(&mut self, message_id: String, content: String) {
        if let Some(reply) = self.live.iter_mut().find(|reply| reply.message_id == message_id) {
            reply.content = content;
            return;
        }
        if self.past.iter().any(|(id, shown)| *id == message_id && *shown == content) {
            return;
        }
        self.live.push(Reply { message_id, content, edited: true });
    }

    fn commit(&mut self, label: &str, text: &str, tone: Tone) {
        let text = format!("{label}{}", visible(text));
        self.scrollback.extend(text.split('\n').map(|line| Row { text: line.to_owned(), tone }));
    }
}

fn label(reply: &Reply) -> &'static str {
    if reply.edited { "agent (edited): " } else { "agent: " }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Row, Tone, View};
    use crate::front::local::update::ChatUpdateKind;

    fn posted(id: &str, content: &str) -> ChatUpdateKind {
        ChatUpdateKind::Posted { message_id: id.to_owned(), reply_to: None, content: content.to_owned() }
    }

    fn edited(id: &str, content: &str) -> ChatUpdateKind {
        ChatUpdateKind::Edited { message_id: id.to_owned(), content: content.to_owned() }
    }

    fn type_in(view: &mut View, text: &str) {
        for c in text.chars() {
            view.editor.press(crossterm::event::KeyCode::Char(c).into());
        }
    }

    fn texts(rows: Vec<Row>) -> Vec<String> {
        rows.into_iter().map(|row| row.text).collect()
    }

    fn region(view: &View, now: Instant) -> Vec<String> {
        texts(view.region(20, 6, now).rows)
    }

    #[test]
    fn a_reply_grows_in_place_and_goes_to_the_scrollback_once_the_next_thing_is_said() {
        let (mut view, now) = (View::default(), Instant::now());
        view.say("hello");
        assert_eq!(texts(view.take_scrollback()), ["you: hello"]);
        view.update(ChatUpdateKind::Typing(true), now);
        assert_eq!(region(&view, now), ["typing…", "> "]);
        view.update(posted("m2", "Once"), now);
        assert_eq!(region(&view, now), ["agent: Once", "> "], "a message ends the typing");
        view.update(edited("m2", "Once upon a time\nthere was"), now);
        assert_eq!(region(&view, now), ["agent: Once upon a", "time", "there was", "> "]);
        assert!(view.take_scrollback().is_empty());

        view.say("and then?");
        assert_eq!(texts(view.take_scrollback()), ["agent: Once upon a time", "there was", "you: and then?"]);
        assert_eq!(region(&view, now), ["> "]);
    }

    #[test]
    fn a_late_edit_is_shown_as_one_and_an_edit_that_changes_nothing_is_not_shown() {
        let (mut view, now) = (View::default(), Instant::now());
        view.update(posted("m2", "one"), now);
        view.update(posted("m3", "two"), now);
        assert_eq!(texts(view.take_scrollback()), ["agent: one"]);
        view.update(edited("m2", "one"), now);
        assert_eq!(region(&view, now), ["agent: two", "> "]);
        view.update(edited("m2", "won"), now);
        assert_eq!(region(&view, now), ["agent: two", "agent (edited): won", "> "]);
    }

    #[test]
    fn a_deleted_reply_vanishes_while_it_is_live() {
        let (mut view, now) = (View::default(), Instant::now());
        view.update(posted("m2", "oops"), now);
        view.update(ChatUpdateKind::Deleted { message_id: "m2".to_owned() }, now);
        assert_eq!(region(&view, now), ["> "]);
        assert!(view.take_scrollback().is_empty());
        view.update(ChatUpdateKind::Deleted { message_id: "m1".to_owned() }, now);
        assert_eq!(texts(view.take_scrollback()), ["the agent deleted a message"]);
    }

    #[test]
    fn of_a_reply_that_is_taller_than_the_screen_the_end_is_shown_and_all_is_kept() {
        let (mut view, now) = (View::default(), Instant::now());
        view.update(posted("m2", "1\n2\n3\n4\n5\n6\n7"), now);
        assert_eq!(region(&view, now), ["3", "4", "5", "6", "7", "> "]);
        view.finish_replies();
        assert_eq!(view.take_scrollback().len(), 7);
    }

    #[test]
    fn the_cursor_stands_where_the_next_character_goes() {
        let (mut view, now) = (View::default(), Instant::now());
        type_in(&mut view, "漢字");
        assert_eq!(view.region(20, 6, now).cursor, (0, 6), "two columns each");
        type_in(&mut view, " and a long tail");
        let wide = view.region(20, 6, now);
        assert_eq!((wide.cursor, texts(wide.rows).len()), ((1, 2), 2));
        view.update(posted("m2", "above"), now);
        assert_eq!(view.region(20, 6, now).cursor, (2, 2));
        let narrow = view.region(4, 2, now);
        assert_eq!(narrow.rows.len(), 2);
        assert_eq!(narrow.rows[1].tone, Tone::Input);
    }

    #[test]
    fn what_an_agent_says_cannot_drive_the_terminal() {
        let (mut view, now) = (View::default(), Instant::now());
        view.update(posted("m2", "\u{1b}]0;title\u{7}"), now);
        assert_eq!(region(&view, now), ["agent: ␛]0;title␇", "> "]);
        view.finish_replies();
        view.note("\u{1b}c");
        assert_eq!(texts(view.take_scrollback()), ["agent: ␛]0;title␇", "␛c"]);
    }

    #[test]
    fn typing_that_nobody_clears_is_over_by_itself() {
        let (mut view, now) = (View::default(), Instant::now());
        view.update(ChatUpdateKind::Typing(true), now);
        assert_eq!(region(&view, now + Duration::from_secs(11)), ["> "]);
        view.update(ChatUpdateKind::Typing(true), now);
        view.update(ChatUpdateKind::Typing(false), now);
        assert_eq!(region(&view, now), ["> "]);
    }
}
