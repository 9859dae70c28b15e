//! For any text: within the limit, accepted by the platform, nothing lost.

use proptest::prelude::*;
use relay_markdown::{Limit, plain_messages};

use crate::source::{documents, words_of};
use crate::{accepted, visible};

/// Text that is mostly markup, in every alphabet.
fn markup() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        3 => prop::sample::select(vec![
            "*", "**", "_", "__", "~~", "~", "`", "``", "```", "\n```rust\n", "\n", "\n\n", "    ", "\t", "> ", "- ",
            "1. ", "- [x] ", "# ", "---", "===", "[", "]", "](http://a.b)", "](x)", "![", "|", "\n|-|-|\n", "<br>", "<a>",
            "&amp;", "\\", "[a]: b", " ", "\u{200f}", "\u{200d}", "\u{202e}", "\u{feff}", "\r\n", "\0", "👩‍👩‍👧", "🇩🇪",
            "e\u{301}\u{301}", "שלום", "日本",
        ]).prop_map(str::to_owned),
        2 => "[a-z]{1,9}",
        1 => any::<String>(),
    ];
    prop::collection::vec(token, 0..120).prop_map(|tokens| tokens.concat())
}

/// What can be seen of the messages: one that shows nothing at all is not sent, since platforms refuse it.
fn seen(text: &str) -> String {
    let is_mark = |c: char| {
        matches!(c, '\u{ad}' | '\u{30a}' | '\u{333}' | '\u{33f}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}' | '\u{e0000}'..='\u{e0fff}')
    };
    text.chars().filter(|c| !c.is_whitespace() && !c.is_control() && !is_mark(*c)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_message_is_accepted_and_all_that_is_seen_arrives(text in markup(), limit in 16..300_usize) {
        let whole = accepted(&text, 1_000_000);
        prop_assert!(whole.len() <= 1);
        let pieces = accepted(&text, limit);
        prop_assert_eq!(seen(&visible(&pieces)), seen(&visible(&whole)));
    }

    #[test]
    fn plain_messages_keep_their_limit_and_lose_nothing(text in markup(), limit in 16..300_usize) {
        let pieces = plain_messages(&text, &Limit::chars(limit));
        prop_assert!(pieces.iter().all(|piece| piece.chars().count() <= limit && piece.trim_end() == piece));
        let whole = plain_messages(&text, &Limit::chars(1_000_000));
        prop_assert_eq!(seen(&pieces.concat()), seen(&whole.concat()));
    }

    #[test]
    fn the_words_of_a_document_all_arrive_in_order_once((source, words) in documents(), limit in 24..500_usize) {
        let pieces = accepted(&source, limit);
        // Words are shorter than a third of any limit here, so none is cut.
        let arrived: Vec<usize> = pieces.iter().flat_map(|piece| words_of(&piece.text)).collect();
        prop_assert_eq!(arrived, (0..words).collect::<Vec<_>>(), "{}", source);
        let plain = plain_messages(&source, &Limit::chars(limit));
        let arrived: Vec<usize> = plain.iter().flat_map(|piece| words_of(piece)).collect();
        prop_assert_eq!(arrived, (0..words).collect::<Vec<_>>(), "{}", source);
    }
}

#[test]
fn code_in_a_quote_that_begins_with_blanks_is_accepted() {
    assert_eq!(visible(&accepted("\n\n>         *", 16)), "*");
}

#[test]
fn a_caption_is_shorter_than_what_follows_it() {
    let text = "word ".repeat(3000);
    let messages = relay_markdown::telegram_messages(&text, &Limit::utf16(4096).first(1024));
    let lengths: Vec<_> = messages.iter().map(|message| message.text.len()).collect();
    assert_eq!(lengths, [1024, 4094, 4094, 4094, 1689]);
}
