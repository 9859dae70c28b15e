//! The questions that wait for an answer.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hashlink::LruCache;
use relay_wire::{Event, PromptId, PromptNonce, PromptResponse, SessionKey};
use tokio::sync::oneshot;
use tracing::debug;

use super::text;
use crate::{QuestionKind, QuestionOption, QuestionReply, Sender};

/// Questions that ended without an answer and whose late presses are told so.
const OVER: usize = 256;

/// What became of a press.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    /// It was taken, or is none of ours.
    Done,
    /// Its question ended without an answer, and nobody was told so yet who pressed.
    Late,
}

/// Finds the question that a press or a message answers. Each session has at most one open.
#[derive(Debug)]
pub(crate) struct QuestionDesk {
    nonce: PromptNonce,
    minted: AtomicU32,
    approvers: Vec<String>,
    open: Mutex<HashMap<SessionKey, OpenQuestion>>,
    /// The prompts of questions that ended without an answer.
    over: Mutex<LruCache<String, ()>>,
}

/// A question that is shown.
#[derive(Debug)]
pub(super) struct OpenQuestion {
    pub(super) prompt_id: PromptId,
    pub(super) platform: String,
    pub(super) chat_id: String,
    /// Whose message is being answered.
    pub(super) asked: Option<String>,
    pub(super) kind: QuestionKind,
    /// As they are shown.
    pub(super) options: Vec<QuestionOption>,
    pub(super) reply: oneshot::Sender<QuestionReply>,
}

/// Takes its question away when it goes, however the wait for the answer ended.
pub(super) struct Registered<'d> {
    desk: &'d QuestionDesk,
    key: SessionKey,
    prompt_id: PromptId,
}

impl QuestionDesk {
    pub(crate) fn new(nonce: PromptNonce, approvers: Vec<String>) -> Self {
        let over = Mutex::new(LruCache::new(OVER));
        Self { nonce, minted: AtomicU32::new(0), approvers, open: Mutex::default(), over }
    }

    pub(super) fn mint(&self) -> PromptId {
        self.nonce.mint(self.minted.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn register(&self, key: &SessionKey, question: OpenQuestion) -> Registered<'_> {
        let prompt_id = question.prompt_id.clone();
        self.open().insert(key.clone(), question);
        Registered { desk: self, key: key.clone(), prompt_id }
    }

    /// Takes a press on a button. Whatever it names, it is never a message.
    pub(crate) fn press(&self, event: &Event, press: &PromptResponse) -> Press {
        let mut open = self.open();
        let named = open.iter().find(|(_, question)| question.prompt_id.as_str() == press.prompt_id);
        let Some((key, question)) = named.map(|(key, question)| (key.clone(), question)) else {
            debug!(prompt_id = &*press.prompt_id, "ignoring a press on a prompt that is not open here");
            let is_late = self.over().remove(&press.prompt_id).is_some();
            return if is_late { Press::Late } else { Press::Done };
        };
        let option = press.option_id.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let Some(option) = option.and_then(|at| question.options.get(at)) else {
            debug!(
                option_id = &*press.option_id,
                "ignoring a press on an option that the question does not have"
            );
            return Press::Done;
        };
        if !self.may_answer(question, event) {
            debug!(user = event.source.user_id.as_deref(), "ignoring a press of somebody who may not answer");
            return Press::Done;
        }
        let reply = QuestionReply::Chosen { option: option.id.clone(), by: Sender::of(event) };
        if let Some(question) = open.remove(&key) {
            let _ = question.reply.send(reply);
        }
        Press::Done
    }

    /// Whether a message answers its session's question. It is consumed then.
    pub(crate) fn answers(&self, key: &SessionKey, event: &Event) -> bool {
        let mut open = self.open();
        let Some(question) = open.get(key).filter(|question| self.may_answer(question, event)) else {
            return false;
        };
        let by = Sender::of(event);
        let reply = if question.kind == QuestionKind::Text {
            QuestionReply::Text { text: event.text.clone(), by }
        } else {
            match text::meant(&event.text, question.kind, &question.options) {
                Some(option) => QuestionReply::Chosen { option: option.id.clone(), by },
                None => return false,
            }
        };
        if let Some(question) = open.remove(key) {
            let _ = question.reply.send(reply);
        }
        true
    }

    /// Whether a decision, `/approve` or `/deny`, answers the permission question of this chat that the person may answer.
    /// It is consumed then. An approver's own session is another one, so the chat decides; where several questions wait
    /// there for the same person, none is meant.
    pub(crate) fn decides(&self, key: &SessionKey, event: &Event, word: &str) -> bool {
        let mut open = self.open();
        let may = |question: &OpenQuestion| {
            question.kind == QuestionKind::Permission && self.may_answer(question, event)
        };
        let key = match open.get(key) {
            Some(question) if may(question) => key.clone(),
            _ => {
                let mut answerable = open.iter().filter(|(_, question)| may(question));
                match (answerable.next(), answerable.next()) {
                    (Some((key, _)), None) => key.clone(),
                    _ => return false,
                }
            }
        };
        let Some(option) =
            open.get(&key).and_then(|question| text::meant(word, question.kind, &question.options))
        else {
            return false;
        };
        let reply = QuestionReply::Chosen { option: option.id.clone(), by: Sender::of(event) };
        if let Some(question) = open.remove(&key) {
            let _ = question.reply.send(reply);
        }
        true
    }

    /// The person who asked or an approver, in the chat of the question. Nobody, where the platform does not say who
    /// it is that asked or answers.
    fn may_answer(&self, question: &OpenQuestion, event: &Event) -> bool {
        let source = &event.source;
        let is_here = source.platform == question.platform && source.chat_id == question.chat_id;
        let Some(user) = source.user_id.as_deref().filter(|user| !user.is_empty()) else { return false };
        is_here && (question.asked.as_deref() == Some(user) || self.is_approver(event))
    }

    /// Whether an approver wrote this, who is named `platform:id`: two platforms may use the same id for different
    /// people.
    pub(crate) fn is_approver(&self, event: &Event) -> bool {
        let source = &event.source;
        let Some(user) = source.user_id.as_deref().filter(|user| !user.is_empty()) else { return false };
        self.approvers.iter().any(|approver| approver.split_once(':') == Some((&*source.platform, user)))
    }

    /// The question of this prompt has ended without an answer.
    pub(crate) fn is_over(&self, prompt_id: &str) {
        self.over().insert(prompt_id.to_owned(), ());
    }

    fn over(&self) -> MutexGuard<'_, LruCache<String, ()>> {
        self.over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<SessionKey, OpenQuestion>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        let mut open = self.desk.open();
        if open.get(&self.key).is_some_and(|question| question.prompt_id == self.prompt_id) {
            open.remove(&self.key);
            self.desk.is_over(self.prompt_id.as_str());
        }
    }
}
