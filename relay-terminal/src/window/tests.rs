use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::backend::{Backend as _, TestBackend};
use ratatui::layout::Position;
use ratatui::style::Color;
use relay_connector::ChatUpdateKind;

use super::Window;
use crate::draft::Pressed;
use crate::palette::Palette;

fn window(columns: u16, rows: u16) -> Window<TestBackend> {
    Window::new(TestBackend::new(columns, rows), Palette::new(true)).unwrap()
}

fn posted(id: &str, content: &str) -> ChatUpdateKind {
    ChatUpdateKind::Posted { message_id: id.to_owned(), reply_to: None, content: content.to_owned() }
}

fn edited(id: &str, content: &str) -> ChatUpdateKind {
    ChatUpdateKind::Edited { message_id: id.to_owned(), content: content.to_owned() }
}

fn type_in(window: &mut Window<TestBackend>, text: &str) {
    for c in text.chars() {
        window.press(KeyCode::Char(c).into());
    }
}

fn send(window: &mut Window<TestBackend>, text: &str) {
    type_in(window, text);
    assert_eq!(window.press(KeyCode::Enter.into()), Pressed::Submitted(text.to_owned()));
}

/// The rows of the screen, without the blanks at their ends and without the blank rows at its end.
fn shown(window: &mut Window<TestBackend>) -> Vec<String> {
    window.draw(Instant::now()).unwrap();
    rows(window.backend_mut().buffer())
}

fn rows(buffer: &ratatui::buffer::Buffer) -> Vec<String> {
    let mut rows: Vec<String> = buffer
        .content
        .chunks(usize::from(buffer.area.width))
        .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned())
        .collect();
    while rows.last().is_some_and(String::is_empty) {
        rows.pop();
    }
    rows
}

/// Resizes as a terminal does: each row stays a row.
fn resize(backend: &mut TestBackend, columns: u16, lines: u16) {
    let cursor = backend.get_cursor_position().unwrap();
    let mut kept = rows(backend.buffer());
    kept.resize(usize::from(lines), String::new());
    let width = usize::from(columns);
    *backend = TestBackend::with_lines(kept.into_iter().map(|row| format!("{row:width$.width$}")));
    backend.set_cursor_position(cursor).unwrap();
}

#[test]
fn a_reply_grows_in_place_and_scrolls_by_once_the_next_thing_is_said() {
    let mut window = window(20, 8);
    send(&mut window, "hello");
    assert_eq!(shown(&mut window), ["you: hello", ">"]);
    window.update(ChatUpdateKind::Typing(true), Instant::now());
    assert_eq!(shown(&mut window), ["you: hello", "typing…", ">"]);
    window.update(posted("m2", "Once"), Instant::now());
    assert_eq!(shown(&mut window), ["you: hello", "agent: Once", ">"], "a message ends the typing");
    window.update(edited("m2", "Once upon a time\nthere was"), Instant::now());
    assert_eq!(shown(&mut window), ["you: hello", "agent: Once upon a", "time", "there was", ">"]);
    window.update(edited("m2", "Once more"), Instant::now());
    assert_eq!(shown(&mut window), ["you: hello", "agent: Once more", ">"], "it may also shrink");
    send(&mut window, "and then?");
    assert_eq!(shown(&mut window), ["you: hello", "agent: Once more", "you: and then?", ">"]);
}

#[test]
fn what_does_not_fit_is_in_the_scrollback_in_full() {
    let mut window = window(20, 6);
    window.update(posted("m2", "1\n2\n3\n4\n5\n6\n7"), Instant::now());
    assert_eq!(shown(&mut window), ["3", "4", "5", "6", "7", ">"], "while it grows its end is shown");
    for number in 0..3 {
        send(&mut window, &number.to_string());
    }
    assert_eq!(shown(&mut window), ["6", "7", "you: 0", "you: 1", "you: 2", ">"]);
    let scrolled = rows(window.backend_mut().scrollback());
    assert_eq!(scrolled, ["agent: 1", "2", "3", "4", "5"]);
}

#[test]
fn a_late_edit_is_shown_as_one_and_an_edit_that_changes_nothing_is_not_shown() {
    let mut window = window(30, 8);
    window.update(posted("m2", "one"), Instant::now());
    window.update(posted("m3", "two"), Instant::now());
    window.update(edited("m2", "one"), Instant::now());
    assert_eq!(shown(&mut window), ["agent: one", "agent: two", ">"]);
    window.update(edited("m2", "won"), Instant::now());
    assert_eq!(shown(&mut window), ["agent: one", "agent: two", "agent (edited): won", ">"]);
}

#[test]
fn a_deleted_reply_vanishes_while_it_may_still_change() {
    let mut window = window(30, 6);
    window.update(posted("m2", "oops"), Instant::now());
    assert_eq!(shown(&mut window), ["agent: oops", ">"]);
    window.update(ChatUpdateKind::Deleted { message_id: "m2".to_owned() }, Instant::now());
    assert_eq!(shown(&mut window), [">"]);
    window.update(ChatUpdateKind::Deleted { message_id: "m1".to_owned() }, Instant::now());
    assert_eq!(shown(&mut window), ["the agent deleted a message", ">"]);
}

#[test]
fn the_cursor_stands_where_the_next_character_goes() {
    let mut window = window(20, 8);
    let cursor = |window: &mut Window<TestBackend>| {
        window.draw(Instant::now()).unwrap();
        window.backend_mut().get_cursor_position().unwrap()
    };
    assert_eq!(cursor(&mut window), Position::new(2, 0));
    type_in(&mut window, "漢字");
    assert_eq!(cursor(&mut window), Position::new(6, 0), "two columns each");
    type_in(&mut window, "👩‍💻e\u{301}");
    assert_eq!(cursor(&mut window), Position::new(9, 0), "as wide as it is seen");
    type_in(&mut window, " and a tail");
    assert_eq!(cursor(&mut window).y, 1, "the message goes on in the next row");
    window.update(posted("m2", "above"), Instant::now());
    assert_eq!(cursor(&mut window).y, 2);
}

#[test]
fn a_message_of_several_lines_is_typed_in_several_rows_and_stays_in_sight() {
    let mut window = window(20, 6);
    window.paste("one\ntwo");
    assert_eq!(shown(&mut window), ["> one", "  two"]);
    window.paste("\n3\n4\n5");
    let rows = shown(&mut window);
    assert_eq!(rows, ["> 3", "  4", "  5"], "half of the screen, around the cursor");
    assert_eq!(
        window.press(KeyCode::Enter.into()),
        Pressed::Submitted("one\ntwo\n3\n4\n5".to_owned()),
        "one message"
    );
}

#[test]
fn what_an_agent_says_cannot_drive_the_terminal() {
    let mut window = window(60, 6);
    window.update(posted("m2", "\u{1b}]0;title\u{7}\u{9b}2J\u{202e}x"), Instant::now());
    assert_eq!(shown(&mut window), ["agent: ␛]0;title␇<U+009B>2J<U+202E>x", ">"]);
    window.note("\u{1b}c");
    assert_eq!(shown(&mut window)[0], "␛c");
}

#[test]
fn wide_characters_of_what_was_said_stand_side_by_side() {
    let mut window = window(10, 6);
    send(&mut window, "漢字漢字");
    window.draw(Instant::now()).unwrap();
    let buffer = window.backend_mut().buffer();
    let first: Vec<&str> = (5..10).map(|x| buffer[(x, 0)].symbol()).collect();
    assert_eq!(first, ["漢", " ", "字", " ", " "]);
}

#[test]
fn typing_that_nobody_clears_is_over_by_itself() {
    let (mut window, now) = (window(20, 4), Instant::now());
    window.update(ChatUpdateKind::Typing(true), now);
    assert_eq!(shown(&mut window), ["typing…", ">"]);
    window.draw(now + Duration::from_secs(11)).unwrap();
    assert_eq!(rows(window.backend_mut().buffer()), [">"]);
}

#[test]
fn what_is_said_has_the_colour_of_who_said_it_and_without_colours_none() {
    for (coloured, expected) in [(true, Color::Green), (false, Color::Reset)] {
        let mut window = Window::new(TestBackend::new(20, 4), Palette::new(coloured)).unwrap();
        send(&mut window, "hi");
        window.draw(Instant::now()).unwrap();
        assert_eq!(window.backend_mut().buffer()[(0, 0)].fg, expected);
    }
}

#[test]
fn a_terminal_that_is_resized_shows_the_same_chat() {
    let mut window = window(30, 8);
    send(&mut window, "hello");
    window.update(posted("m2", "growing"), Instant::now());
    type_in(&mut window, "draft");
    assert_eq!(shown(&mut window), ["you: hello", "agent: growing", "> draft"]);
    for (columns, rows) in [(20, 5), (60, 20), (16, 4)] {
        resize(window.backend_mut(), columns, rows);
        window.resized().unwrap();
        assert_eq!(shown(&mut window), ["you: hello", "agent: growing", "> draft"], "{columns}x{rows}");
    }
}

#[test]
fn the_end_leaves_the_chat_and_takes_the_message_being_typed_away() {
    let mut window = window(30, 8);
    window.update(posted("m2", "last words"), Instant::now());
    type_in(&mut window, "unsent");
    shown(&mut window);
    window.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    window.leave().unwrap();
    assert_eq!(rows(window.backend_mut().buffer()), ["agent: last words"]);
    assert_eq!(window.backend_mut().get_cursor_position().unwrap(), Position::new(0, 1));
}

#[test]
fn a_screen_begins_below_what_stands_in_its_row() {
    let mut backend = TestBackend::with_lines(["$ demo    ", "          ", "          "]);
    backend.set_cursor_position(Position::new(6, 0)).unwrap();
    let mut window = Window::new(backend, Palette::new(true)).unwrap();
    assert_eq!(shown(&mut window), ["$ demo", ">"]);
}
