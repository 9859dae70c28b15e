//! Texts that are made to take long, to nest deep, or to be nothing.

use std::time::{Duration, Instant};

use crate::{accepted, visible};

/// Ten times what the slowest takes here unoptimized; a quadratic step over a megabyte takes minutes.
const LONG: Duration = Duration::from_mins(1);

fn timed(name: &str, text: &str) {
    let begun = Instant::now();
    let messages = accepted(text, 4096);
    let took = begun.elapsed();
    assert!(took < LONG, "{name}: {took:?} for {} messages", messages.len());
}

#[test]
fn a_megabyte_of_each_mark_takes_no_longer_than_a_megabyte() {
    for mark in [
        "[", "]", "![", "*", "_", "`", "~~", "> ", "- ", "<", "|", "\\", "&", "*a_", "[a](", "`a``b", "a\n",
        "🇩🇪",
    ] {
        let times = (1 << 20) / mark.len();
        timed(mark, &mark.repeat(times));
    }
}

#[test]
fn a_megabyte_of_rows_definitions_and_links_too() {
    let columns = 20_000;
    timed(
        "table",
        &format!("{}\n{}\n{}", "|a".repeat(columns), "|-".repeat(columns), "|b|\n".repeat(columns)),
    );
    timed("definitions", &"[a]: b\n".repeat(150_000));
    timed("links", &"[a](http://b.c) ".repeat(60_000));
    timed("styles", &"**a** _b_ `c` ".repeat(70_000));
    timed("items", &"- a\n".repeat(250_000));
    timed("fences", &"```\na\n```\n".repeat(100_000));
}

#[test]
fn quotes_and_lists_ten_thousand_deep_are_shown() {
    let deep = format!("{}x", ">".repeat(10_000));
    assert_eq!(visible(&accepted(&deep, 4096)), format!("{}x", ">".repeat(11)));
    let deep = format!("{}x", "- ".repeat(10_000));
    assert!(visible(&accepted(&deep, 4096)).ends_with('x'));
    let deep =
        (0..10_000).map(|depth| format!("{}> - x\n", "> ".repeat(depth % 50))).collect::<Vec<_>>().concat();
    timed("stairs", &deep);
}

#[test]
fn one_grapheme_longer_than_a_message_is_cut_between_characters() {
    let zalgo = format!("a{}", "\u{301}".repeat(10_000));
    assert_eq!(visible(&accepted(&zalgo, 4096)), zalgo);
}

#[test]
fn marks_of_direction_stay_and_overrides_go() {
    let messages = accepted("\u{200f}שלום **\u{200e}a\u{200d}** \u{202e}evil", 4096);
    assert_eq!(messages[0].text, "\u{200f}שלום \u{200e}a\u{200d} evil");
}

#[test]
fn text_of_only_markup_is_shown_as_it_is_and_blank_text_is_no_message() {
    for (text, shown) in
        [("**", "**"), ("```", "```"), ("[]()", "[]()"), ("---", "———"), ("#", "#"), ("-", "•")]
    {
        assert_eq!(visible(&accepted(text, 4096)), shown, "{text:?}");
    }
    for text in ["", "\n\n", "\u{200b}\u{feff}", "&nbsp;", "\u{3164}"] {
        assert!(accepted(text, 4096).is_empty() || text.starts_with('&'), "{text:?}");
    }
}
