//! How long a message may be, and what counts.

/// What a platform counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// UTF-16 code units.
    Utf16,
    /// Unicode scalar values.
    Chars,
}

impl Measure {
    /// The length of a text.
    pub fn of(self, text: &str) -> usize {
        match self {
            Self::Utf16 => text.encode_utf16().count(),
            Self::Chars => text.chars().count(),
        }
    }

    pub(crate) fn of_char(self, character: char) -> usize {
        match self {
            Self::Utf16 => character.len_utf16(),
            Self::Chars => 1,
        }
    }
}

/// The longest messages that a text may be cut into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    measure: Measure,
    first: usize,
    rest: usize,
}

impl Limit {
    /// Messages of at most `length` UTF-16 code units; at least 16 are allowed, whatever is given.
    pub fn utf16(length: usize) -> Self {
        Self::new(Measure::Utf16, length)
    }

    /// Messages of at most `length` Unicode scalar values; at least 16 are allowed, whatever is given.
    pub fn chars(length: usize) -> Self {
        Self::new(Measure::Chars, length)
    }

    fn new(measure: Measure, length: usize) -> Self {
        let length = length.max(16);
        Self { measure, first: length, rest: length }
    }

    /// The same with another length for the first message: the caption of a file, say.
    #[must_use]
    pub fn first(self, length: usize) -> Self {
        Self { first: length.max(16), ..self }
    }

    /// What is counted.
    pub fn measure(&self) -> Measure {
        self.measure
    }

    /// The longest message at this place, counted from 0.
    pub fn at(&self, index: usize) -> usize {
        if index == 0 { self.first } else { self.rest }
    }
}
