//! The card that shows a turn's steps, on platforms that have cards.

use relay_wire::{Action, Metadata, TaskCardAction, TaskCardStopAction, TaskChunk};

use crate::Address;

/// A turn's card.
pub(super) struct Card {
    chat_id: String,
    id: String,
    /// The message that the card answers, where no thread says where it belongs.
    anchor: Option<String>,
    /// The chat shows it, or may.
    open: bool,
    /// It may lack what was sent last.
    in_doubt: bool,
}

impl Card {
    /// The card of a turn, named by the turn's number, which is the same at each attempt.
    pub(super) fn new(turn: i64, answers: Option<&str>, address: &Address) -> Self {
        let anchor = answers.filter(|_| address.thread_id.is_none()).map(str::to_owned);
        Self {
            chat_id: address.chat_id.clone(),
            id: format!("turn-{turn}"),
            anchor,
            open: false,
            in_doubt: false,
        }
    }

    /// It is there, or may be, and was not ended.
    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// The connector took what was sent.
    pub(super) fn shows_all(&mut self) {
        (self.open, self.in_doubt) = (true, false);
    }

    /// Nobody knows what became of what was sent.
    pub(super) fn may_lack(&mut self) {
        (self.open, self.in_doubt) = (true, true);
    }

    /// Nothing is shown on it any more.
    pub(super) fn ended(&mut self) {
        self.open = false;
    }

    /// Shows the steps that are new or changed.
    pub(super) fn change(&self, shown: &[TaskChunk], wanted: &[TaskChunk]) -> Action {
        let is_new = |step: &&TaskChunk| self.in_doubt || !shown.contains(step);
        Action::TaskCard(TaskCardAction {
            chat_id: self.chat_id.clone(),
            card_id: self.id.clone(),
            chunks: wanted.iter().filter(is_new).cloned().collect(),
            metadata: self.metadata(),
        })
    }

    /// Ends it.
    pub(super) fn end(&self) -> Action {
        Action::TaskCardStop(TaskCardStopAction {
            chat_id: self.chat_id.clone(),
            card_id: self.id.clone(),
            metadata: self.metadata(),
        })
    }

    fn metadata(&self) -> Metadata {
        let mut metadata = Metadata::default();
        if let Some(anchor) = &self.anchor {
            // Connectors whose cards are answers in a thread look for this.
            metadata.insert("thread_ts", anchor.clone().into());
        }
        metadata
    }
}
