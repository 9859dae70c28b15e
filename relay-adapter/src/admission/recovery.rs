//! What an earlier run took and did not finish: taken up page by page, as there is room.

use std::sync::Arc;

use futures_util::future::{BoxFuture, OptionFuture};
use tracing::{debug, error, info};

use super::{ChatCommand, size_of};
use crate::adapter::Shared;
use crate::question::withdraw;
use crate::session::Message;
use crate::{EntryId, InboxError, Progress, Unfinished, UnfinishedPage, WhileBusy};

/// How far the inbox has been read.
pub(crate) struct Recovery {
    next: Option<EntryId>,
    reading: Option<BoxFuture<'static, Result<UnfinishedPage, InboxError>>>,
    taken_up: usize,
}

impl Recovery {
    /// Reads the first page, and takes it up.
    ///
    /// # Errors
    /// The inbox cannot be read.
    pub(crate) async fn begin(shared: &Arc<Shared>) -> Result<Self, InboxError> {
        let mut recovery = Self { next: None, reading: None, taken_up: 0 };
        let first = shared.inbox.page(None).await?;
        recovery.take_up(shared, first);
        if recovery.next.is_some() {
            info!("an earlier run left many messages; they are taken up as there is room, the oldest first");
        }
        Ok(recovery)
    }

    /// Whether all is taken up. Until then nothing newer is taken, or it would overtake what is older.
    pub(crate) fn is_done(&self) -> bool {
        self.next.is_none()
    }

    /// The next page, once it is read; never while there is no room for it or no page more. Cancel safe.
    pub(crate) async fn page(&mut self, shared: &Shared) -> Result<UnfinishedPage, InboxError> {
        if self.reading.is_none() && self.next.is_some() && shared.backlog.has_room(0) {
            self.reading = Some(shared.inbox.page(self.next));
        }
        match OptionFuture::from(self.reading.as_mut()).await {
            Some(page) => {
                self.reading = None;
                page
            }
            None => std::future::pending().await,
        }
    }

    pub(crate) fn read(&mut self, shared: &Arc<Shared>, page: Result<UnfinishedPage, InboxError>) {
        match page {
            Ok(page) => self.take_up(shared, page),
            Err(failure) => {
                error!(error = %failure, "the rest of what an earlier run left is kept for the next start");
                self.next = None;
            }
        }
    }

    fn take_up(&mut self, shared: &Arc<Shared>, page: UnfinishedPage) {
        self.next = page.next;
        self.taken_up += page.messages.len();
        for unfinished in page.messages {
            shared.take_up(unfinished);
        }
        if self.next.is_none() && self.taken_up > 0 {
            info!(messages = self.taken_up, "going on with what an earlier run left");
        }
    }
}

impl Shared {
    /// Goes on with one message, unless there is nothing to go on with.
    fn take_up(self: &Arc<Self>, unfinished: Unfinished) {
        let Unfinished { id: entry, event, follow_up, progress, question } = unfinished;
        let address = self.memory.learn(&event);
        if let Some(question) = question {
            self.desk.is_over(&question.prompt_id);
            self.tasks.spawn(withdraw(self.outbox.clone(), address.clone(), question));
        }
        // What these commands were to stop or to answer has ended with the earlier run.
        let was_for_a_turn = matches!(
            ChatCommand::of(&event.text),
            Some(ChatCommand::Stop | ChatCommand::Approve | ChatCommand::Deny)
        );
        let is_done = match &progress {
            Progress::Untouched => was_for_a_turn || !Self::asks_for_something(&event),
            Progress::Left(rest) => rest.text.is_empty(),
            Progress::InDoubt | Progress::Acted => !Self::asks_for_something(&event),
        };
        if is_done {
            return self.done(entry);
        }
        let session_key = event.source.session_key(self.settings.session_keys);
        debug!(session_key = %session_key, message_id = event.message_id.as_deref(), "going on with a message of an earlier run");
        let size = size_of(&event);
        let message = Box::new(Message { entry, recovered: Some(progress), event, address, follow_up, size });
        self.begun(&message);
        self.place(session_key, message, WhileBusy::Queue, usize::MAX);
    }
}
