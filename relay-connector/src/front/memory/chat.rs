//! One chat: its latest messages.

use std::collections::VecDeque;

/// Messages that a chat keeps; the oldest go first.
const MAX_MESSAGES: usize = 1000;

/// Who wrote a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Author {
    /// The person at this machine.
    Person,
    /// An agent, through its gateway.
    Agent,
}

/// A message as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatMessage {
    /// Its id.
    pub message_id: String,
    /// Who wrote it.
    pub author: Author,
    /// The message that it answers.
    pub reply_to: Option<String>,
    /// What it says, after its latest edit.
    pub content: String,
}

#[derive(Debug, Default)]
pub(super) struct Chat {
    messages: VecDeque<ChatMessage>,
}

impl Chat {
    pub(super) fn messages(&self) -> impl Iterator<Item = &ChatMessage> {
        self.messages.iter()
    }

    pub(super) fn post(&mut self, message: ChatMessage) {
        if self.messages.len() == MAX_MESSAGES {
            self.messages.pop_front();
        }
        self.messages.push_back(message);
    }

    /// Replaces a message of an agent; `false` when there is none of that id.
    pub(super) fn edit(&mut self, message_id: &str, content: &str) -> bool {
        let Some(at) = self.position(message_id) else { return false };
        content.clone_into(&mut self.messages[at].content);
        true
    }

    /// Deletes a message of an agent; `false` when there is none of that id.
    pub(super) fn delete(&mut self, message_id: &str) -> bool {
        self.position(message_id).and_then(|at| self.messages.remove(at)).is_some()
    }

    /// From the end: it is the latest message that is edited while it grows.
    fn position(&self, message_id: &str) -> Option<usize> {
        self.messages
            .iter()
            .rposition(|message| message.message_id == message_id && message.author == Author::Agent)
    }
}

#[cfg(test)]
mod tests {
    use super::{Author, Chat, ChatMessage};

    fn message(number: usize, author: Author) -> ChatMessage {
        ChatMessage { message_id: format!("m{number}"), author, reply_to: None, content: "x".to_owned() }
    }

    #[test]
    fn a_chat_forgets_its_oldest_messages() {
        let mut chat = Chat::default();
        (0..1_500).for_each(|number| chat.post(message(number, Author::Agent)));
        assert_eq!(chat.messages().count(), 1_000);
        assert_eq!(chat.messages().next().unwrap().message_id, "m500");
    }

    #[test]
    fn an_agent_can_change_its_own_messages_and_no_others() {
        let mut chat = Chat::default();
        chat.post(message(1, Author::Person));
        chat.post(message(2, Author::Agent));
        assert!(!chat.edit("m1", "changed") && !chat.delete("m1") && !chat.delete("m3"));
        assert!(chat.edit("m2", "changed"));
        assert_eq!(chat.messages().last().unwrap().content, "changed");
        assert!(chat.delete("m2"));
        assert_eq!(chat.messages().count(), 1);
    }
}
