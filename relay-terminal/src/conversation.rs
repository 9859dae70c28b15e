//! What is said in the chat: what is final, and the replies that may still change.

use std::collections::VecDeque;

use relay_connector::ChatUpdateKind;

use crate::palette::Tone;
use crate::visible::visible;
use crate::wrap::wrap;

/// Replies that are remembered after they became final, to tell a late edit from none.
const REMEMBERED: usize = 16;

/// Something said, or a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) tone: Tone,
    label: &'static str,
    text: String,
}

impl Message {
    /// What is shown of it, harmless, in rows of at most this many columns.
    pub(crate) fn rows(&self, columns: u16) -> Vec<String> {
        wrap(&format!("{}{}", self.label, visible(&self.text)), columns)
    }
}

/// A reply that may still change.
#[derive(Debug)]
struct Reply {
    message_id: String,
    content: String,
    /// It was final before, where it cannot be changed any more.
    edited: bool,
}

impl Reply {
    fn message(&self) -> Message {
        let label = if self.edited { "agent (edited): " } else { "agent: " };
        Message { tone: Tone::Agent, label, text: self.content.clone() }
    }
}

/// The chat, as a person reads it.
#[derive(Debug, Default)]
pub(crate) struct Conversation {
    live: Vec<Reply>,
    past: VecDeque<(String, String)>,
    finished: Vec<Message>,
}

impl Conversation {
    /// Takes what an agent did to the chat's messages.
    pub(crate) fn update(&mut self, kind: ChatUpdateKind) {
        match kind {
            ChatUpdateKind::Posted { message_id, content, .. } => {
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
            _ => {}
        }
    }

    /// Takes what the person said.
    pub(crate) fn say(&mut self, text: &str) {
        self.finish_replies();
        self.finished.push(Message { tone: Tone::You, label: "you: ", text: text.to_owned() });
    }

    /// Takes a remark.
    pub(crate) fn note(&mut self, text: &str) {
        self.finished.push(Message { tone: Tone::Note, label: "", text: text.to_owned() });
    }

    /// Makes replies final, as far as the screen goes.
    pub(crate) fn finish_replies(&mut self) {
        for reply in std::mem::take(&mut self.live) {
            self.finished.push(reply.message());
            if self.past.len() == REMEMBERED {
                self.past.pop_front();
            }
            self.past.push_back((reply.message_id, reply.content));
        }
    }

    /// What became final since this was asked last.
    pub(crate) fn take_finished(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.finished)
    }

    /// The replies that may still change.
    pub(crate) fn live(&self) -> impl Iterator<Item = Message> {
        self.live.iter().map(Reply::message)
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
}
