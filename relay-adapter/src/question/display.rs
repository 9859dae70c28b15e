//! The message that shows a question, from its first appearance to what came of it.

use relay_transport::Outcome;
use relay_wire::{Action, EditAction, Op, SendAction};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::outbox::Outbox;
use crate::{Address, ShownQuestion};

/// What a chat reads of a question that nobody can answer any more.
const WITHDRAWN: &str = "No longer open.";

/// What a chat reads of a question that a restart withdrew: in its message, and where that cannot be edited.
const RESTARTED: &str = "Withdrawn: I was restarted.";
const RESTARTED_APART: &str = "The question above is withdrawn: I was restarted.";

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

    /// The message that shows it, where it has a name.
    pub(super) fn id(&self) -> Option<&str> {
        match &self.state {
            State::Shown(message) => message.as_deref(),
            State::Sending(_) | State::Closed => None,
        }
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
        let Display { outbox, address, .. } = &self.display;
        // Whoever asked need not wait for the link.
        if outbox.request(address, action.clone()).await == Outcome::NotSent {
            let (outbox, address) = (outbox.clone(), address.clone());
            self.tasks.spawn(async move { perform_once_live(&outbox, &address, action).await });
        }
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
                let action = display.edit(message, WITHDRAWN);
                perform_once_live(&display.outbox, &display.address, action).await;
            }
        });
    }
}

impl Display {
    fn edit(&self, message_id: String, line: &str) -> Action {
        edit(&self.address, message_id, &self.shown, line)
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

/// A question's message without its buttons, and with what came of it.
fn edit(address: &Address, message_id: String, shown: &str, line: &str) -> Action {
    Action::Edit(EditAction {
        chat_id: address.chat_id.clone(),
        message_id,
        content: format!("{shown}\n{line}"),
        ..EditAction::default()
    })
}

/// Performs an action that a connection which is lost meanwhile only delays.
async fn perform_once_live(outbox: &Outbox, address: &Address, action: Action) {
    while outbox.live().await {
        if outbox.request(address, action.clone()).await != Outcome::NotSent {
            return;
        }
    }
}

/// Says of a question that an earlier run of the gateway left open that nobody waits for its answer.
pub(crate) async fn withdraw(outbox: Outbox, address: Address, question: ShownQuestion) {
    // Without a link nothing is known of the platform either.
    if !outbox.live().await {
        return;
    }
    let descriptor = outbox.descriptor(&address);
    let can_edit = descriptor.supports_edit && descriptor.supports(Op::Edit);
    let action = match question.message {
        Some(message) if can_edit => edit(&address, message, &question.text, RESTARTED),
        _ => Action::Send(SendAction {
            chat_id: address.chat_id.clone(),
            content: RESTARTED_APART.to_owned(),
            ..SendAction::default()
        }),
    };
    perform_once_live(&outbox, &address, action).await;
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
