//! One question on its way into a chat and back.

use std::sync::Arc;
use std::time::Duration;

use relay_transport::Outcome;
use relay_wire::{
    Action, CapabilityDescriptor, EditAction, Metadata, Op, PromptAction, PromptId, PromptKind, PromptOption,
    PromptStyle, SendAction, SessionKey,
};
use tokio::sync::{Mutex, oneshot};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::desk::OpenQuestion;
use super::{QuestionDesk, text};
use crate::outbox::Outbox;
use crate::session::Message;
use crate::{Address, OptionKind, Question, QuestionKind, QuestionOption, QuestionReply};

/// What a turn asks with.
pub(crate) struct Asking {
    desk: Arc<QuestionDesk>,
    outbox: Outbox,
    session_key: SessionKey,
    address: Address,
    reply_to: Option<String>,
    asked: Option<String>,
    timeout: Duration,
    cancelled: CancellationToken,
    /// One question is open at a time; others wait in the order in which they were asked.
    one: Mutex<()>,
}

impl Asking {
    pub(crate) fn new(
        desk: Arc<QuestionDesk>,
        outbox: Outbox,
        session_key: SessionKey,
        message: &Message,
        timeout: Duration,
        cancelled: CancellationToken,
    ) -> Self {
        Self {
            desk,
            outbox,
            session_key,
            address: message.address.clone(),
            reply_to: message.id().map(str::to_owned),
            asked: message.event.source.user_id.as_deref().map(str::to_owned),
            timeout,
            cancelled,
            one: Mutex::default(),
        }
    }

    /// Asks and waits. A turn that is stopped withdraws its question at once.
    pub(crate) async fn ask(&self, question: Question) -> QuestionReply {
        if question.secret {
            return QuestionReply::Unsupported;
        }
        let turn = tokio::select! {
            biased;
            () = self.cancelled.cancelled() => return QuestionReply::Withdrawn,
            turn = self.one.lock() => turn,
        };
        let options = text::ordered(&question.options);
        let descriptor = self.outbox.descriptor(&self.address);
        let shown = text::shown(&question, descriptor.shows_code_blocks());
        let prompt_id = self.desk.mint();
        let (reply, answer) = oneshot::channel();
        let registered = self.desk.register(
            &self.session_key,
            OpenQuestion {
                prompt_id: prompt_id.clone(),
                platform: self.address.platform.clone(),
                chat_id: self.address.chat_id.clone(),
                asked: self.asked.clone(),
                kind: question.kind,
                options: options.clone(),
                reply,
            },
        );
        let limit = question.timeout.unwrap_or(self.timeout);
        let asked = async {
            let Some(message) = self.show(&question, &shown, &options, &prompt_id, &descriptor, limit).await
            else {
                return (QuestionReply::Unsupported, None);
            };
            let reply = match timeout(limit, answer).await {
                Ok(Ok(reply)) => reply,
                Ok(Err(_)) => QuestionReply::Withdrawn,
                Err(_) => QuestionReply::Expired,
            };
            (reply, message)
        };
        let (reply, message) = tokio::select! {
            biased;
            () = self.cancelled.cancelled() => (QuestionReply::Withdrawn, None),
            asked = asked => asked,
        };
        drop((registered, turn));
        if let Some(line) = outcome(&reply, &options) {
            self.close(&shown, &line, message, &descriptor).await;
        }
        reply
    }

    /// Shows the question; the message that shows it, where it has a name. `None` where the chat does not take it.
    async fn show(
        &self,
        question: &Question,
        shown: &str,
        options: &[QuestionOption],
        prompt_id: &PromptId,
        descriptor: &CapabilityDescriptor,
        limit: Duration,
    ) -> Option<Option<String>> {
        let mut buttons = descriptor.supports(Op::Prompt) && !options.is_empty();
        loop {
            let action = if buttons {
                self.prompt(question, shown, options, prompt_id, limit)
            } else {
                self.say(text::numbered(shown, options))
            };
            match self.outbox.request(&self.address, action).await {
                Outcome::Delivered(result) => {
                    return Some(result.message_id.filter(|id| !id.is_empty()));
                }
                // It may be shown, and an answer in words finds it.
                Outcome::Unknown => return Some(None),
                Outcome::NotSent if self.outbox.live().await => {}
                Outcome::Failed(_) if buttons => buttons = false,
                Outcome::NotSent | Outcome::Failed(_) | Outcome::Declined(_) => return None,
            }
        }
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

    /// Shows what came of it: in the question's own message where it can be edited, else in a line.
    async fn close(
        &self,
        shown: &str,
        line: &str,
        message: Option<String>,
        descriptor: &CapabilityDescriptor,
    ) {
        let can_edit = descriptor.supports_edit && descriptor.supports(Op::Edit);
        let action = match message.filter(|_| can_edit) {
            Some(message) => Action::Edit(EditAction {
                chat_id: self.address.chat_id.clone(),
                message_id: message,
                content: format!("{shown}\n{line}"),
                ..EditAction::default()
            }),
            None => self.say(line.to_owned()),
        };
        self.outbox.request(&self.address, action).await;
    }
}

fn style(kind: OptionKind) -> PromptStyle {
    match kind {
        OptionKind::AllowOnce => PromptStyle::Success,
        OptionKind::AllowAlways | OptionKind::Plain => PromptStyle::Secondary,
        OptionKind::RejectOnce | OptionKind::RejectAlways => PromptStyle::Danger,
    }
}

/// What a chat reads of the end of a question. That of one that is withdrawn follows from the end of its turn.
fn outcome(reply: &QuestionReply, options: &[QuestionOption]) -> Option<String> {
    let name =
        |by: &Option<crate::Sender>| by.as_ref().and_then(|by| by.name.clone().or_else(|| by.id.clone()));
    match reply {
        QuestionReply::Chosen { option, by } => {
            let label = options.iter().find(|known| known.id == *option).map(|known| known.label.as_str());
            let label = crate::agent::one_line_of(label.unwrap_or_default(), 90);
            let by = name(by).map(|name| format!(" ({name})")).unwrap_or_default();
            Some(format!("\u{2192} {label}{by}"))
        }
        QuestionReply::Expired => Some("Nobody answered in time.".to_owned()),
        QuestionReply::Text { .. } | QuestionReply::Withdrawn | QuestionReply::Unsupported => None,
    }
}
