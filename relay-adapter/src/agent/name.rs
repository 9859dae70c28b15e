//! What tells the agents of one gateway apart.

use std::fmt;
use std::str::FromStr;

/// The longest name, in characters.
const LONGEST: usize = 32;

/// An agent's name in a gateway that has several: `a-z`, `0-9`, `_` and `-`, at most 32 characters, and no number alone,
/// since people also choose an agent by its number in a list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentName(String);

/// Why a text is no name of an agent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no name of an agent; write 1 to 32 of the characters a-z, 0-9, _ and -, one of them no digit"
)]
pub struct AgentNameError(pub String);

impl AgentName {
    /// Reads a name.
    pub fn new(text: &str) -> Result<Self, AgentNameError> {
        let fits =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        let is_name = (1..=LONGEST).contains(&text.len())
            && text.bytes().all(fits)
            && !text.bytes().all(|byte| byte.is_ascii_digit());
        if is_name { Ok(Self(text.to_owned())) } else { Err(AgentNameError(super::one_line(text))) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for AgentName {
    type Err = AgentNameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::AgentName;

    #[test]
    fn a_name_is_short_and_plain_and_no_number() {
        for name in ["a", "gemini", "claude-2", "my_agent", "7b"] {
            assert_eq!(AgentName::new(name).expect(name).as_str(), name);
        }
        for name in ["", "Gemini", "two words", "42", "a/b", "\u{e9}", &"a".repeat(33)] {
            let told = AgentName::new(name).expect_err(name).to_string();
            assert!(told.contains("write 1 to 32 of the characters a-z"), "{told}");
        }
    }
}
