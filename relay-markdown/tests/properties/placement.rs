//! Where texts are cut.

use relay_markdown::EntityKind;

use crate::accepted;

fn texts(markdown: &str, limit: usize) -> Vec<String> {
    accepted(markdown, limit).into_iter().map(|message| message.text).collect()
}

#[test]
fn paragraphs_stay_whole_where_they_can() {
    assert_eq!(texts("one two\n\nthree four\n\nfive", 20), ["one two", "three four\n\nfive"]);
    assert_eq!(texts("aaaa\nbbbb\ncccc\ndddd eeee", 20), ["aaaa\nbbbb\ncccc", "dddd eeee"]);
}

#[test]
fn a_fence_that_fits_a_message_is_not_torn() {
    let code = format!("```sh\n{}```", "line\n".repeat(15));
    let messages = accepted(&format!("{}\n\n{code}\n\nend", "word ".repeat(8)), 100);
    assert_eq!(messages.len(), 2);
    assert_eq!(messages[0].entities, []);
    assert_eq!(messages[1].entities.len(), 1);
    assert_eq!(messages[1].entities[0].length, 74);
}

#[test]
fn a_fence_that_fits_none_is_closed_and_opened_again_between_its_lines() {
    let code = format!("```sh\n{}```", "    let indented = line;\n".repeat(20));
    let messages = accepted(&code, 100);
    assert_eq!(messages.len(), 5);
    for message in &messages {
        assert!(message.text.starts_with("    let"), "{message:?}");
        assert_eq!(message.entities.len(), 1);
        assert_eq!(message.entities[0].kind, EntityKind::Pre { language: Some("sh".into()) });
        assert_eq!(message.entities[0].length, message.text.len());
    }
}

#[test]
fn lists_are_cut_between_items_and_quotes_stay_quotes() {
    let list = "intro\n\n- alpha beta\n- gamma delta\n- epsilon\n- zeta eta";
    assert_eq!(texts(list, 45), ["intro\n\n• alpha beta\n• gamma delta\n• epsilon", "• zeta eta"]);
    assert_eq!(texts(list, 50), ["intro", "• alpha beta\n• gamma delta\n• epsilon\n• zeta eta"]);
    let quote = format!("> {}", "quoted words ".repeat(10));
    let messages = accepted(&quote, 60);
    assert!(messages.len() > 2);
    for message in messages {
        assert_eq!(message.entities[0].kind, EntityKind::Blockquote);
        assert_eq!(message.entities[0].length, message.text.len());
    }
}

#[test]
fn a_word_is_cut_only_where_it_fills_a_message_and_a_grapheme_never() {
    assert_eq!(texts(&"x".repeat(40), 16), ["x".repeat(16), "x".repeat(16), "x".repeat(8)]);
    for message in texts(&"👩‍👩‍👧".repeat(20), 16) {
        assert_eq!(message, "👩‍👩‍👧".repeat(2), "whole families only");
    }
    for message in texts(&"🇩🇪".repeat(33), 18) {
        assert!(message.chars().count() % 2 == 0, "whole flags only: {message}");
    }
}
