//! One question on its way into a chat and back.

use std::sync::Arc;
use std::time::Duration;

use relay_wire::{
    Action, Metadata, Op, PromptAction, PromptId, PromptKind, PromptOption, PromptStyle, SendAction,
    SessionKey,
};
use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

use super::desk::OpenQuestion;
use super::display::{Display, QuestionMessage};
use super::{QuestionDesk, text};
use crate::adapter::Shared;
use crate::outbox::Outbox;
use crate::session::Message;
use crate::{
    Address, EntryId, Inbox, OptionKind, Question, QuestionKind, QuestionOption, QuestionReply, Sender,
    ShownQuestion, Step,
};

/// What a turn asks with.
pub(crate) struct Asking {
    desk: Arc<QuestionDesk>,
    outbox: Outbox,
    inbox: Arc<dyn Inbox>,
    entry: EntryId,
    session_key: SessionKey,
    address: Address,
    reply_to: Option<String>,
    asked: Option<String>,
    timeout: Duration,
    cancelled: CancellationToken,
    tasks: TaskTracker,
    /// One question is open at a time; others wait in the order in which they were asked.
    one: Mutex<()>,
}

impl Asking {
    /// The shared tasks hold what is left to do when nobody waits for it: a question that is not open any more says so.
    pub(crate) fn new(
        shared: &Shared,
        session_key: SessionKey,
        message: &Message,
        cancelled: CancellationToken,
    ) -> Self {
        Self {
            desk: Arc::clone(&shared.desk),
            outbox: shared.outbox.clone(),
            inbox: Arc::clone(&shared.inbox),
            entry: message.entry,
            session_key,
            address: message.address.clone(),
            reply_to: message.id().map(str::to_owned),
            asked: message.event.source.user_id.clone(),
            timeout: shared.settings.question_timeout,
            cancelled,
            tasks: shared.tasks.clone(),
            one: Mutex::default(),
        }
    }

    /// Asks and waits. A turn that is stopped withdraws its question at once, and so does `unwanted`.
    pub(crate) async fn ask(&self, question: Question, unwanted: &CancellationToken) -> QuestionReply {
        if question.secret {
            return QuestionReply::Unsupported;
        }
        let asked = async {
            let _turn = self.one.lock().await;
            self.ask_alone(&question).await
        };
        tokio::select! {
            biased;
            () = self.cancelled.cancelled() => QuestionReply::Withdrawn,
            () = unwanted.cancelled() => {
                self.note(Step::Settled).await;
                QuestionReply::Withdrawn
            }
            reply = asked => reply,
        }
    }

    /// Tells the inbox which question is open, so that a restart withdraws it.
    async fn note(&self, step: Step) {
        if let Err(failure) = self.inbox.record(self.entry, step).await {
            warn!(session_key = %self.session_key, error = %failure, "a restart would not withdraw a question");
        }
    }

    /// Dropped before it is answered, the question is withdrawn.
    async fn ask_alone(&self, asked: &Question) -> QuestionReply {
        let options = text::ordered(&asked.options);
        let descriptor = self.outbox.descriptor(&self.address);
        let shown = text::shown(asked, descriptor.shows_code_blocks());
        let prompt_id = self.desk.mint();
        let (reply, answer) = oneshot::channel();
        let registered = self.desk.register(
            &self.session_key,
            OpenQuestion {
                prompt_id: prompt_id.clone(),
                platform: self.address.platform.clone(),
                chat_id: self.address.chat_id.clone(),
                asked: self.asked.clone(),
                kind: asked.kind,
                options: options.clone(),
                reply,
            },
        );
        let limit = asked.timeout.unwrap_or(self.timeout);
        let has_buttons = descriptor.supports(Op::Prompt) && !options.is_empty();
        let display = Display {
            outbox: self.outbox.clone(),
            address: self.address.clone(),
            can_edit: descriptor.supports_edit && descriptor.supports(Op::Edit),
            buttons: has_buttons.then(|| self.prompt(asked, &shown, &options, &prompt_id, limit)),
            plain: self.say(text::numbered(&shown, &options)),
            shown: shown.clone(),
        };
        let mut question =
            ShownQuestion { prompt_id: prompt_id.as_str().to_owned(), message: None, text: shown };
        self.note(Step::Asked(question.clone())).await;
        let mut message = QuestionMessage::show(display, &self.tasks);
        if !message.is_shown().await {
            self.note(Step::Settled).await;
            return QuestionReply::Unsupported;
        }
        question.message = message.id().map(str::to_owned);
        let answered = async {
            if question.message.is_some() {
                self.note(Step::Asked(question)).await;
            }
            answer.await
        };
        let reply = match timeout(limit, answered).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(_)) => QuestionReply::Withdrawn,
            Err(_) => QuestionReply::Expired,
        };
        // From here on a press is late.
        drop(registered);
        self.note(Step::Settled).await;
        match &reply {
            QuestionReply::Chosen { option, by } => {
                let label = options.iter().find(|known| known.id == *option).map(|known| &*known.label);
                let label = crate::agent::one_line_of(label.unwrap_or_default(), 90);
                message.close(&format!("\u{2192} {label}{}", name(by.as_ref())), true).await;
            }
            // The answer stands in the chat.
            QuestionReply::Text { by, .. } => {
                message.close(&format!("\u{2192} Answered{}.", name(by.as_ref())), false).await;
            }
            QuestionReply::Expired => message.close("Nobody answered in time.", true).await,
            QuestionReply::Withdrawn | QuestionReply::Unsupported => {}
        }
        reply
    }

    fn prompt(
        &self,
        question: &Question,
        shown: &str,
        options: &[QuestionOption],
        prompt_id: &PromptId,
        limit: Duration,
    ) -> Action {
        let options = (1..).zip(options).map(|(number, option): (usize, _)| PromptOption {
            // The agent's own ids may be longer than the wire's, or of other characters.
            id: number.to_string(),
            label: crate::agent::one_line_of(&option.label, 90),
            style: Some(style(option.kind)),
        });
        Action::Prompt(PromptAction {
            chat_id: self.address.chat_id.clone(),
            content: shown.to_owned(),
            prompt_kind: match question.kind {
                QuestionKind::Permission => PromptKind::Approval,
                QuestionKind::Choice => PromptKind::Choice,
                QuestionKind::Text => PromptKind::Clarify,
            },
            prompt_id: prompt_id.as_str().to_owned(),
            options: options.collect(),
            reply_to: self.reply_to.clone(),
            timeout_s: Some(limit.as_secs()),
            metadata: Metadata::default(),
        })
    }

    fn say(&self, content: String) -> Action {
        Action::Send(SendAction {
            chat_id: self.address.chat_id.clone(),
            content,
            reply_to: self.reply_to.clone(),
            ..SendAction::default()
        })
    }
}

fn style(kind: OptionKind) -> PromptStyle {
    match kind {
        OptionKind::AllowOnce => PromptStyle::Success,
        OptionKind::AllowAlways | OptionKind::Plain => PromptStyle::Secondary,
        OptionKind::RejectOnce | OptionKind::RejectAlways => PromptStyle::Danger,
    }
}

/// Who answered, in brackets.
fn name(by: Option<&Sender>) -> String {
    let name = by.and_then(|by| by.name.clone().or_else(|| by.id.clone()));
    name.map(|name| format!(" ({name})")).unwrap_or_default()
}
