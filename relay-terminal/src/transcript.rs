//! A chat as plain lines, for pipes and files: `you: …`, `agent: …`.

use std::io::{self, Write};

use relay_connector::{ChatUpdate, ChatUpdateKind};

use crate::visible::visible;

/// Writes who said what, one message after the other. Further lines of a message are indented below its first,
/// so that each message begins with who said it and nothing inside one can look like another.
#[derive(Debug)]
pub struct Transcript<W> {
    out: W,
}

impl<W: Write> Transcript<W> {
    /// A transcript into this writer, flushed after each message.
    pub fn new(out: W) -> Self {
        Self { out }
    }

    /// What the person said.
    pub fn you(&mut self, text: &str) -> io::Result<()> {
        self.message("you: ", text)
    }

    /// What an agent said.
    pub fn agent(&mut self, text: &str) -> io::Result<()> {
        self.message("agent: ", text)
    }

    /// What an agent did, each step as it happens. Typing is not written.
    pub fn update(&mut self, update: &ChatUpdate) -> io::Result<()> {
        match &update.kind {
            ChatUpdateKind::Posted { content, .. } => self.agent(content),
            ChatUpdateKind::Edited { content, .. } => self.message("agent (edited): ", content),
            ChatUpdateKind::Deleted { message_id } => self.message("agent (deleted): ", message_id),
            _ => Ok(()),
        }
    }

    /// A remark that nobody said, behind `# `.
    pub fn note(&mut self, text: &str) -> io::Result<()> {
        self.message("# ", text)
    }

    fn message(&mut self, label: &str, text: &str) -> io::Result<()> {
        let text = visible(text);
        let mut label = label.to_owned();
        for line in text.split('\n') {
            writeln!(self.out, "{}", format!("{label}{line}").trim_end())?;
            label = " ".repeat(label.len());
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use relay_connector::{ChatUpdate, ChatUpdateKind};

    use super::Transcript;

    #[test]
    fn each_message_begins_with_who_said_it() {
        let mut out = Vec::new();
        let mut transcript = Transcript::new(&mut out);
        transcript.you("hello").unwrap();
        let update = |kind| ChatUpdate::new("c", kind);
        let (message_id, reply_to) = ("m2".to_owned(), None);
        let posted =
            ChatUpdateKind::Posted { message_id, reply_to, content: "hi\nyou: \u{1b}[1m".to_owned() };
        transcript.update(&update(ChatUpdateKind::Typing(true))).unwrap();
        transcript.update(&update(posted)).unwrap();
        let (message_id, content) = ("m2".to_owned(), "hi there".to_owned());
        transcript.update(&update(ChatUpdateKind::Edited { message_id, content })).unwrap();
        transcript.update(&update(ChatUpdateKind::Deleted { message_id: "m2".to_owned() })).unwrap();
        transcript.note("the end").unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "you: hello\nagent: hi\n       you: ␛[1m\nagent (edited): hi there\nagent (deleted): m2\n# the end\n"
        );
    }
}
