//! The message that shows a question, from its first appearance to what came of it.

use relay_transport::Outcome;
use relay_wire::{Action, EditAction, SendAction};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Address;
use crate::outbox::Outbox;

/// What a chat reads of a question that nobody can answer any more.
const WITHDRAWN: &str = "No longer open.";

/// A question as a chat sees it.
#[derive(Clone)]
pub(super) struct Display {
    pub(super) outbox: Outbox,
    pub(super) address: Address,
    pub(super) can_edit: bool,
    /// The question with buttons, where the platform has them.
    pub(super) buttons: Option<Action>,
    /// The question in words.
    pub(super) plain: Action,
    /// Its text without the options.
    pub(super) shown: String,
}

/// A question's message. Dropped before it was closed, it says that the question is withdrawn.
pub(super) struct QuestionMessage {
    display: Display,
    tasks: TaskTracker,
    /// Nobody needs the question any more, so that one which is not shown yet need not be.
    over: CancellationToken,
    state: State,
}

enum State {
    /// It is on its way.
    Sending(JoinHandle<Sent>),
    /// It is there, or may be.
    Shown(Option<String>),
    /// It is not, or says what came of it.
    Closed,
}

/// What became of a question's message.
enum Sent {
    /// The chat has it, by this name where it has one.
    Shown(Option<String>),
    /// The chat does not.
    Refused,
}

impl QuestionMessage {
    /// Begins to show a question.
    pub(super) fn show(display: Display, tasks: &TaskTracker) -> Self {
        let over = CancellationToken::new();
        let sending = tasks.spawn(send(display.clone(), over.clone()));
        Self { display, tasks: tasks.clone(), over, state: State::Sending(sending) }
    }

    /// Waits until it is shown; `false` where the chat does not take it.
    pub(super) async fn is_shown(&mut self) -> bool {
        if let State::Sending(sending) = &mut self.state {
            self.state = match sending.await {
                Ok(Sent::Shown(message)) => State::Shown(message),
                Ok(Sent::Refused) | Err(_) => State::Closed,
            };
        }
        matches!(self.state, State::Shown(_))
    }

    /// Shows what came of it, and takes the buttons away: in the question's own message where that can be edited, else
    /// in a line of its own where there is to be one.
    pub(super) async fn close(mut self, line: &str, or_line: bool) {
        let State::Shown(message) = std::mem::replace(&mut self.state, State::Closed) else { return };
        let action = match message {
            Some(message) if self.display.can_edit => self.display.edit(message, line),
            _ if or_line => self.display.say(line),
            _ => return,
        };
        self.display.outbox.request(&self.display.address, action).await;
    }
}

impl Drop for QuestionMessage {
    fn drop(&mut self) {
        self.over.cancel();
        let state = std::mem::replace(&mut self.state, State::Closed);
        if matches!(state, State::Closed) || !self.display.can_edit {
            return;
        }
        let display = self.display.clone();
        self.tasks.spawn(async move {
            let message = match state {
                State::Sending(sending) => match sending.await {
                    Ok(Sent::Shown(message)) => message,
                    Ok(Sent::Refused) | Err(_) => None,
                },
                State::Shown(message) => message,
                State::Closed => None,
            };
            if let Some(message) = message {
                display.outbox.request(&display.address, display.edit(message, WITHDRAWN)).await;
            }
        });
    }
}

impl Display {
    fn edit(&self, message_id: String, line: &str) -> Action {
        Action::Edit(EditAction {
            chat_id: self.address.chat_id.clone(),
            message_id,
            content: format!("{}\n{line}", self.shown),
            ..EditAction::default()
        })
    }

    fn say(&self, line: &str) -> Action {
        let reply_to = match &self.plain {
            Action::Send(send) => send.reply_to.clone(),
            _ => None,
        };
        Action::Send(SendAction {
            chat_id: self.address.chat_id.clone(),
            content: line.to_owned(),
            reply_to,
            ..SendAction::default()
        })
    }
}

async fn send(display: Display, over: CancellationToken) -> Sent {
    let Display { outbox, address, mut buttons, plain, .. } = display;
    loop {
        let action = buttons.clone().unwrap_or_else(|| plain.clone());
        match outbox.request(&address, action).await {
            Outcome::Delivered(result) => {
                return Sent::Shown(result.message_id.filter(|id| !id.is_empty()));
            }
            // It may be shown, and an answer in words finds it.
            Outcome::Unknown => return Sent::Shown(None),
            Outcome::NotSent => {
                let is_live = tokio::select! {
                    biased;
                    () = over.cancelled() => false,
                    is_live = outbox.live() => is_live,
                };
                if !is_live {
                    return Sent::Refused;
                }
            }
            Outcome::Failed(_) if buttons.is_some() => buttons = None,
            Outcome::Failed(_) | Outcome::Declined(_) => return Sent::Refused,
        }
    }
}
