//! What becomes of something that was written or done in a chat.

/// Whether it is passed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessDecision {
    /// It is.
    Admitted,
    /// It is not; the front sends these lines, of which there is mostly none.
    Withheld(Vec<AccessReply>),
}

/// A line that the front sends, of its own and without a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessReply {
    /// The chat to send it to.
    pub chat_id: String,
    /// The thread in it.
    pub thread_id: Option<String>,
    /// What to send.
    pub text: String,
}

impl AccessDecision {
    /// Not passed on, without a word.
    pub(crate) const SILENCE: Self = Self::Withheld(Vec::new());

    /// Whether it is passed on.
    pub fn is_admitted(&self) -> bool {
        *self == Self::Admitted
    }
}
