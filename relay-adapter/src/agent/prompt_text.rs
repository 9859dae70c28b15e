//! A message as text for an agent that reads nothing but text.

use std::fmt::Write as _;

use relay_wire::Event;

/// The message with what belongs to it: the surrounding messages first, then the message that it answers,
/// its own text, and its files by URL. A plain message is its text and nothing else.
pub fn prompt_text(event: &Event) -> String {
    let mut prompt = String::new();
    if let Some(context) = event.channel_context() {
        prompt.push_str(&context);
        prompt.push_str("\n\n");
    }
    if let Some(reply_to) = &event.reply_to
        && let Some(quoted) = reply_to.text.as_deref().filter(|text| !text.is_empty())
    {
        let author = match reply_to.author.as_deref() {
            _ if reply_to.is_own.unwrap_or_default() => "you",
            Some(author) if !author.is_empty() => author,
            _ => "someone",
        };
        let _ = write!(prompt, "[In reply to {author}: {quoted}]\n\n");
    }
    prompt.push_str(&event.text);
    for attachment in event.attachments() {
        if !prompt.is_empty() && !prompt.ends_with('\n') {
            prompt.push('\n');
        }
        let kind = attachment.media.and_then(|media| media.kind.as_deref()).unwrap_or("file");
        let _ = write!(prompt, "[Attached {kind}: {}]", attachment.url);
    }
    prompt
}

#[cfg(test)]
mod tests {
    use relay_wire::Event;

    use super::prompt_text;

    fn prompt(json: &str) -> String {
        prompt_text(&serde_json::from_str::<Event>(json).expect("the event decodes"))
    }

    #[test]
    fn a_plain_message_is_its_text() {
        assert_eq!(prompt(r#"{"text":" hi\nthere "}"#), " hi\nthere ");
    }

    #[test]
    fn what_belongs_to_a_message_comes_with_it() {
        assert_eq!(
            prompt(
                r#"{"text":"and this?","context":[{"text":"one","source":{"user_name":"ann"}}],
                    "reply_to":{"text":"that","is_own":true},
                    "media_urls":["u1","u2"],"media":[{"url":"u2","kind":"image"}]}"#
            ),
            "[Recent channel messages]\nann: one\n\n[In reply to you: that]\n\nand this?\n[Attached file: u1]\n[Attached image: u2]"
        );
    }
}
