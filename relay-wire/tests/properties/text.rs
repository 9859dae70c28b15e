//! Texts as chats hold them: any Unicode, and often what JSON has to escape.

use proptest::prelude::*;

/// Any text.
pub(super) fn string() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec!['"', '\\', '\n', '\r', '\0', '\u{7f}', '\u{2028}', '🔌', '/']);
    let characters = prop_oneof![4 => any::<char>(), 2 => prop::char::range(' ', '~'), 1 => nasty];
    prop::collection::vec(characters, 0..8).prop_map(String::from_iter)
}

/// Any text that is not empty.
pub(super) fn name() -> impl Strategy<Value = String> {
    string().prop_filter("not empty", |text| !text.is_empty())
}

pub(super) fn text() -> impl Strategy<Value = String> {
    string()
}

pub(super) fn maybe_text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(text())
}
