//! A question to the people of a chat.

use std::time::Duration;

use super::Sender;

/// A question that a turn waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Question {
    /// What is asked for.
    pub kind: QuestionKind,
    /// The question, in one line.
    pub title: String,
    /// What it is about, such as a command; shown in a fence.
    pub body: Option<String>,
    /// What can be chosen; none where any text is an answer.
    pub options: Vec<QuestionOption>,
    /// For how long it stays open; `None` for as long as the settings say.
    pub timeout: Option<Duration>,
    /// The answer would be a secret. Such a question is declined: a chat is no place for one.
    pub secret: bool,
}

impl Question {
    /// A question that is answered by one of these options.
    pub fn new(kind: QuestionKind, title: impl Into<String>, options: Vec<QuestionOption>) -> Self {
        Self { kind, title: title.into(), body: None, options, timeout: None, secret: false }
    }

    /// The same with what it is about.
    #[must_use]
    pub fn with_body(self, body: impl Into<String>) -> Self {
        Self { body: Some(body.into()), ..self }
    }
}

/// What a question asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum QuestionKind {
    /// May the agent do this?
    Permission,
    /// Which one?
    Choice,
    /// Anything: the next message is the answer.
    Text,
}

/// One thing to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuestionOption {
    /// Names it towards the agent: any text.
    pub id: String,
    /// What it says.
    pub label: String,
    /// What choosing it means. It decides place and look: allowing before rejecting, once before always.
    pub kind: OptionKind,
}

impl QuestionOption {
    /// One thing to choose.
    pub fn new(id: impl Into<String>, label: impl Into<String>, kind: OptionKind) -> Self {
        Self { id: id.into(), label: label.into(), kind }
    }
}

/// What choosing an option means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum OptionKind {
    /// Do it this time.
    AllowOnce,
    /// Do it, and do not ask again.
    AllowAlways,
    /// One of several equal things.
    #[default]
    Plain,
    /// Do not do it this time.
    RejectOnce,
    /// Do not do it, and do not ask again.
    RejectAlways,
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QuestionReply {
    /// Somebody chose an option.
    Chosen {
        /// Its [`QuestionOption::id`].
        option: String,
        /// Who chose it, as far as the platform says.
        by: Option<Sender>,
    },
    /// Somebody wrote an answer.
    Text {
        /// The answer.
        text: String,
        /// Who wrote it, as far as the platform says.
        by: Option<Sender>,
    },
    /// Nobody answered in time.
    Expired,
    /// The turn ends: it was stopped, or the gateway stops.
    Withdrawn,
    /// It cannot be asked here: it asks for a secret, or its chat cannot be reached.
    Unsupported,
}
