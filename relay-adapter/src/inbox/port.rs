//! The inbox port: what has been taken, and how far each message's answer has come.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt as _};
use relay_wire::{BufferId, Event};

use super::InboxError;

/// The names under which a delivery may come again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryKeys {
    /// The buffer's id of the delivery.
    pub buffer_id: Option<BufferId>,
    /// `platform:chat_id:message_id`: the same message may come once live and once from the buffer.
    pub message: Option<String>,
}

impl DeliveryKeys {
    /// The connector's name of a delivery, and the platform's name of its message.
    pub fn new(buffer_id: Option<BufferId>, message: Option<String>) -> Self {
        Self { buffer_id, message }
    }

    /// The names of a message. An edit of a message has the message's id and is another message all the
    /// same, so only its buffer id names it.
    pub fn of_event(event: &Event, buffer_id: Option<&BufferId>) -> Self {
        let source = &event.source;
        let is_edit = source.message_is_edit.unwrap_or_default();
        let id = event.message_id.as_deref().or(source.message_id.as_deref());
        let message = id
            .filter(|id| !id.is_empty() && !is_edit)
            .map(|id| format!("{}:{}:{id}", source.platform, source.chat_id));
        Self { buffer_id: buffer_id.cloned(), message }
    }

    /// Whether two deliveries are the same one, come twice.
    ///
    /// The message decides where both name one: a connector that lost its memory may give a buffer id a second
    /// time, and to drop a message for that would lose it.
    pub fn is_again(&self, earlier: &Self) -> bool {
        match (&self.message, &earlier.message) {
            (Some(message), Some(earlier)) => message == earlier,
            _ => self.buffer_id.is_some() && self.buffer_id == earlier.buffer_id,
        }
    }
}

/// A message to be taken.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Incoming<'e> {
    /// The names it may come again under.
    pub keys: DeliveryKeys,
    /// The message.
    pub event: &'e Arc<Event>,
    /// The kind of credential that the connector holds for answering it, where it came as an interaction.
    pub follow_up: Option<&'e str>,
}

impl<'e> Incoming<'e> {
    /// A message under these keys, as it came; with the kind of credential for answering it, where it came as an interaction.
    pub fn new(keys: DeliveryKeys, event: &'e Arc<Event>, follow_up: Option<&'e str>) -> Self {
        Self { keys, event, follow_up }
    }
}

/// Names a message that was taken; a later one has a larger id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub i64);

/// What admission decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// Seen for the first time, and committed.
    New(EntryId),
    /// Taken before: acknowledge it again and do nothing else.
    Duplicate,
}

/// What is left to show of a whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remainder {
    /// The text, from the start of the message that it begins in.
    pub text: String,
    /// The chat's message that already shows the beginning of the text and is to be edited; `None` where the
    /// text begins a message of its own.
    pub message: Option<String>,
    /// How many bytes of the text that message is known to show.
    pub shown: usize,
}

impl Remainder {
    /// This text is left; the message that shows its beginning, where there is one, shows this many bytes of it.
    pub fn new(text: impl Into<String>, message: Option<String>, shown: usize) -> Self {
        Self { text: text.into(), message, shown }
    }

    /// One message that says this; an empty one is none, and all is said.
    pub fn of_line(text: impl Into<String>) -> Self {
        Self { text: text.into(), message: None, shown: 0 }
    }
}

/// A question that a chat is shown and that nobody has answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShownQuestion {
    /// The id by which presses on its buttons come back.
    pub prompt_id: String,
    /// The chat's message that shows it; `None` where its id is not known.
    pub message: Option<String>,
    /// What it says, without the options.
    pub text: String,
}

impl ShownQuestion {
    /// A question whose buttons come back under this id, shown by this message of the chat where its id is known.
    pub fn new(prompt_id: impl Into<String>, message: Option<String>, text: impl Into<String>) -> Self {
        Self { prompt_id: prompt_id.into(), message, text: text.into() }
    }
}

/// A step of an answer on its way into the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A message is about to be sent. Until the next step nobody can say what the chat shows. The rest is what
    /// is being sent, where the answer is whole.
    Sending(Option<Remainder>),
    /// The answer is whole, and nothing but this is still to be shown. An empty text is nothing.
    Left(Remainder),
    /// What was about to be sent was not, and nothing else was shown.
    NothingShown,
    /// The agent is about to act, and the chat shows nothing that is worth more to know.
    Acted,
    /// A question is shown, or may be. How far the answer has come stays as it is.
    Asked(ShownQuestion),
    /// No question is open any more. How far the answer has come stays as it is.
    Settled,
}

/// How far an unfinished message's answer had come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The chat has seen nothing of it: the turn may run again.
    Untouched,
    /// The answer is whole and this is left to show.
    Left(Remainder),
    /// The chat may have seen some of it.
    InDoubt,
    /// The chat has seen nothing of it, and the agent has acted: the turn must not run again.
    Acted,
}

/// A message that was taken and is not done with.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Unfinished {
    /// Its name.
    pub id: EntryId,
    /// The message.
    pub event: Arc<Event>,
    /// As in [`Incoming`].
    pub follow_up: Option<String>,
    /// How far its answer had come.
    pub progress: Progress,
    /// The question that was open, which nobody waits for any more.
    pub question: Option<ShownQuestion>,
}

impl Unfinished {
    /// A message that was taken under this id, and how far its answer had come.
    pub fn new(id: EntryId, event: Arc<Event>, follow_up: Option<String>, progress: Progress) -> Self {
        Self { id, event, follow_up, progress, question: None }
    }

    /// The same, with the question that was open.
    #[must_use]
    pub fn with_question(mut self, question: Option<ShownQuestion>) -> Self {
        self.question = question;
        self
    }
}

/// Some of what is not done with, in the order of admission.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct UnfinishedPage {
    /// The messages.
    pub messages: Vec<Unfinished>,
    /// After which entry the next page begins; `None` where there is none.
    pub next: Option<EntryId>,
}

impl UnfinishedPage {
    /// These messages, and after which entry the next page begins.
    pub fn new(messages: Vec<Unfinished>, next: Option<EntryId>) -> Self {
        Self { messages, next }
    }

    /// The most messages of a page.
    pub const MESSAGES: usize = 256;

    /// The bytes of messages, roughly, after which a page ends.
    pub const BYTES: usize = 1 << 20;
}

/// Remembers messages until they are done with, and their names for longer.
///
/// Commit first, then acknowledge; commit first, then show. What is asked in some order is committed in that
/// order, whichever of the futures is awaited first, and also when none is. A commit that has to wait, such as
/// for room on the disk, may take as long as that takes.
pub trait Inbox: Send + Sync + 'static {
    /// Commits a message, unless it was committed before.
    fn admit(&self, incoming: Incoming<'_>) -> BoxFuture<'static, Result<Admission, InboxError>>;

    /// Commits a step of a message's answer.
    fn record(&self, entry: EntryId, step: Step) -> BoxFuture<'static, Result<(), InboxError>>;

    /// A message is done with; only its names are kept. Need not be awaited: where it is lost with the process,
    /// the last step decides.
    fn finish(&self, entry: EntryId) -> BoxFuture<'static, Result<(), InboxError>>;

    /// Completes once all that was asked before is committed.
    fn flush(&self) -> BoxFuture<'static, Result<(), InboxError>>;

    /// What is not done with and was admitted after this entry, in the order of admission: a page of it, bounded by
    /// [`UnfinishedPage::MESSAGES`] and [`UnfinishedPage::BYTES`].
    fn page(&self, after: Option<EntryId>) -> BoxFuture<'static, Result<UnfinishedPage, InboxError>>;

    /// One message; `None` where it is done with.
    fn find(&self, entry: EntryId) -> BoxFuture<'static, Result<Option<Unfinished>, InboxError>>;

    /// All that is not done with, in the order of admission: for an inbox that is known to hold little.
    fn unfinished(&self) -> BoxFuture<'_, Result<Vec<Unfinished>, InboxError>> {
        async move {
            let mut page = self.page(None).await?;
            let mut unfinished = page.messages;
            while page.next.is_some() {
                page = self.page(page.next).await?;
                unfinished.append(&mut page.messages);
            }
            Ok(unfinished)
        }
        .boxed()
    }

    /// Whether what was taken outlives the process.
    fn is_durable(&self) -> bool;
}

#[cfg(test)]
mod tests {
    use relay_wire::{Event, Source};

    use super::DeliveryKeys;

    #[test]
    fn a_messages_name_is_that_of_its_platform_and_its_chat() {
        let name = |platform: &str, chat: &str| {
            let source = Source { platform: platform.into(), chat_id: chat.into(), ..Source::default() };
            let event = Event { message_id: Some("1".to_owned()), source, ..Event::default() };
            DeliveryKeys::of_event(&event, None)
        };
        let first = name("telegram", "7");
        assert!(first.is_again(&name("telegram", "7")));
        // Ids are small numbers on more than one platform.
        assert!(!first.is_again(&name("irc", "7")));
        assert!(!first.is_again(&name("telegram", "8")));
    }

    fn keys(buffer_id: Option<&str>, message: Option<&str>) -> DeliveryKeys {
        DeliveryKeys {
            buffer_id: buffer_id.map(|id| id.parse().unwrap()),
            message: message.map(str::to_owned),
        }
    }

    #[test]
    fn a_message_comes_again_under_either_of_its_names() {
        let live = keys(None, Some("discord:c:1"));
        assert!(keys(Some("b1"), Some("discord:c:1")).is_again(&live), "live first, then from the buffer");
        assert!(keys(Some("b1"), None).is_again(&keys(Some("b1"), None)));
        assert!(!keys(None, None).is_again(&keys(None, None)), "nothing names it");
        assert!(!keys(None, Some("discord:d:1")).is_again(&live), "another chat's first message");
    }

    #[test]
    fn a_buffer_id_that_is_given_to_another_message_names_that_one() {
        let first = keys(Some("1"), Some("discord:c:1"));
        assert!(!keys(Some("1"), Some("discord:c:2")).is_again(&first));
        assert!(keys(Some("1"), None).is_again(&first), "nothing contradicts the id");
    }
}
