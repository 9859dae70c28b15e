//! The messages that can be called back.

/// Messages that are kept.
const MAX: usize = 200;

/// What was sent, and which of it is shown.
#[derive(Debug, Default)]
pub(crate) struct History {
    sent: Vec<String>,
    /// Which one is shown, and the draft from before.
    recalled: Option<(usize, String)>,
}

impl History {
    /// Keeps a message that was sent.
    pub(crate) fn push(&mut self, message: &str) {
        self.recalled = None;
        if self.sent.last().is_some_and(|last| last == message) {
            return;
        }
        if self.sent.len() == MAX {
            self.sent.remove(0);
        }
        self.sent.push(message.to_owned());
    }

    /// The message before the one that is shown; the draft is kept meanwhile.
    pub(crate) fn older(&mut self, draft: &str) -> Option<String> {
        let shown = self.recalled.as_ref().map_or(self.sent.len(), |(shown, _)| *shown);
        let older = shown.checked_sub(1)?;
        let draft = self.recalled.take().map_or_else(|| draft.to_owned(), |(_, draft)| draft);
        self.recalled = Some((older, draft));
        self.sent.get(older).cloned()
    }

    /// The message after the one that is shown, and the draft after the newest.
    pub(crate) fn newer(&mut self) -> Option<String> {
        let (shown, draft) = self.recalled.take()?;
        let Some(newer) = self.sent.get(shown + 1) else { return Some(draft) };
        self.recalled = Some((shown + 1, draft));
        Some(newer.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::{History, MAX};

    #[test]
    fn older_messages_are_called_back_and_the_draft_is_kept() {
        let mut history = History::default();
        for message in ["first", "second", "second"] {
            history.push(message);
        }
        assert_eq!(history.older("draft").as_deref(), Some("second"));
        assert_eq!(history.older("second").as_deref(), Some("first"));
        assert_eq!(history.older("first"), None);
        assert_eq!(history.newer().as_deref(), Some("second"));
        assert_eq!(history.newer().as_deref(), Some("draft"));
        assert_eq!(history.newer(), None);
    }

    #[test]
    fn the_oldest_messages_are_forgotten() {
        let mut history = History::default();
        (0..=MAX).for_each(|number| history.push(&number.to_string()));
        let oldest = std::iter::from_fn(|| history.older("")).last();
        assert_eq!(oldest.as_deref(), Some("1"));
    }
}
