//! A message as text for an agent that reads nothing but text.

use std::fmt::Write as _;

use relay_wire::{ChatType, Event};

use super::Sender;

/// The message with what belongs to it: the surrounding messages first, then the message that it answers, who wrote it
/// where several people may, its own text, and its files by URL. A plain message is its text and nothing else, and so is
/// a command of the agent's own.
pub fn prompt_text(event: &Event) -> String {
    if event.text.starts_with('/') && event.media_urls.is_empty() {
        return event.text.clone();
    }
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
    let speaker = Sender::of(event).filter(|_| event.source.chat_type != ChatType::Dm);
    if let Some(name) = speaker.and_then(|speaker| speaker.name.or(speaker.id)) {
        // Anybody may choose any name, but none that ends the brackets.
        let name = name.replace(['[', ']'], "");
        let _ = write!(prompt, "[From {name}] ");
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

    #[test]
    fn where_several_people_write_the_agent_is_told_who_does() {
        let group = |text: &str, name: &str| {
            prompt(&format!(
                r#"{{"text":"{text}","source":{{"chat_type":"group","user_id":"7","user_name":"{name}"}}}}"#
            ))
        };
        assert_eq!(group("hi", "ann"), "[From ann] hi");
        assert_eq!(group("hi", "a] [From root"), "[From a From root] hi");
        assert_eq!(group("hi", ""), "[From 7] hi");
        assert_eq!(group("/compact", "ann"), "/compact", "a command begins with its slash");
        assert_eq!(prompt(r#"{"text":"hi","source":{"chat_type":"dm","user_id":"7"}}"#), "hi");
    }
}
