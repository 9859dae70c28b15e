//! What is known of a session besides its conversation.

/// What `/status` says of a session. What is not known is left out.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SessionStatus {
    /// The mode that it works in, one of `modes`.
    pub mode: Option<String>,
    /// The modes there are.
    pub modes: Vec<SessionOption>,
    /// The model that answers, one of `models`.
    pub model: Option<String>,
    /// The models there are.
    pub models: Vec<SessionOption>,
    /// What the conversation has used so far.
    pub usage: Option<Usage>,
    /// The memory of the agent's process, in bytes.
    pub process_memory: Option<u64>,
}

/// Something that a session lets its people choose.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionOption {
    /// Its id towards the agent.
    pub id: String,
    /// Its name for people.
    pub name: String,
}

impl SessionOption {
    /// Something to choose, by its id and as people read it.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into() }
    }
}

/// What a conversation has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Usage {
    /// How much of the context is filled, in tokens.
    pub context_used: Option<u64>,
    /// How much fits into the context, in tokens.
    pub context_size: Option<u64>,
    /// What it has cost.
    pub cost: Option<Cost>,
}

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Cost {
    /// How much.
    pub amount: f64,
    /// Of what: three letters of ISO 4217.
    pub currency: [u8; 3],
}

impl Cost {
    /// An amount in a currency; `None` where the code is not three ASCII letters.
    pub fn new(amount: f64, currency: &str) -> Option<Self> {
        let currency: [u8; 3] = currency.as_bytes().try_into().ok()?;
        currency
            .iter()
            .all(u8::is_ascii_alphabetic)
            .then(|| Self { amount, currency: currency.map(|c| c.to_ascii_uppercase()) })
    }

    /// The currency's code.
    pub fn currency(&self) -> &str {
        std::str::from_utf8(&self.currency).unwrap_or_default()
    }
}
