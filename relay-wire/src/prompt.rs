//! Prompts: buttons in a chat, and the token by which a press comes back.

use std::fmt;

use serde::{Serialize, Serializer};

const TOKEN_PREFIX: &str = "hp1:";

/// The longest prompt or option id.
const MAX_ID_LEN: usize = 32;

/// The longest token that platforms carry on a button, in bytes. Two ids of the longest kind pass it; a minted
/// prompt id leaves room for any option id.
const MAX_TOKEN_LEN: usize = 64;

/// Why a text is no prompt or option id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptIdError {
    id: String,
}

impl fmt::Display for PromptIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` cannot name a prompt or an option: use 1 to {MAX_ID_LEN} of the characters A-Z a-z 0-9 _ . -",
            self.id.escape_debug()
        )
    }
}

impl std::error::Error for PromptIdError {}

fn is_id(text: &str) -> bool {
    (1..=MAX_ID_LEN).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

macro_rules! prompt_identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Takes an id of 1 to 32 characters of `A-Za-z0-9_.-`.
            pub fn new(id: impl Into<String>) -> Result<Self, PromptIdError> {
                let id = id.into();
                if is_id(&id) { Ok(Self(id)) } else { Err(PromptIdError { id }) }
            }

            /// The id as it stands on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    };
}

prompt_identifier! {
    /// Names a prompt towards the connector.
    PromptId
}
prompt_identifier! {
    /// Names one of a prompt's options.
    OptionId
}

/// What a button carries: `hp1:<prompt_id>:<option_id>`, at most 64 bytes.
///
/// The two ids together may have up to 59 characters; a longer token is ordinary text to
/// [`parse`](Self::parse). An id that [`PromptNonce::mint`] made always fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PromptToken {
    /// The prompt that was answered.
    pub prompt_id: PromptId,
    /// The option that was pressed.
    pub option_id: OptionId,
}

impl PromptToken {
    /// Reads a token; `None` for any other text, which is then ordinary text.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_TOKEN_LEN {
            return None;
        }
        let (prompt, option) = text.strip_prefix(TOKEN_PREFIX)?.split_once(':')?;
        Some(Self { prompt_id: PromptId::new(prompt).ok()?, option_id: OptionId::new(option).ok()? })
    }
}

impl fmt::Display for PromptToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{TOKEN_PREFIX}{}:{}", self.prompt_id, self.option_id)
    }
}

/// Six hexadecimal digits, drawn once per process. A press is fanned out to every gateway of a tenant; by
/// the nonce a gateway tells its own prompts from its siblings'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromptNonce(u32);

impl PromptNonce {
    /// Takes the low 24 bits of a random number.
    pub fn new(random: u32) -> Self {
        Self(random & 0x00FF_FFFF)
    }

    /// The id of this process's prompt with the given number: `<6 hex>.<8 hex>`.
    pub fn mint(self, number: u32) -> PromptId {
        PromptId(format!("{:06x}.{number:08x}", self.0))
    }

    /// Whether a prompt was minted under this nonce.
    pub fn minted(self, id: &str) -> bool {
        id.split_once('.').is_some_and(|(nonce, _)| nonce == format!("{:06x}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::{OptionId, PromptId, PromptNonce, PromptToken};

    #[test]
    fn a_press_comes_back_as_the_token_that_was_put_on_the_button() {
        let token = PromptToken {
            prompt_id: PromptNonce::new(0xFF_0A_BC_DE).mint(7),
            option_id: OptionId::new("once").expect("a valid id"),
        };
        assert_eq!(token.to_string(), "hp1:0abcde.00000007:once");
        assert_eq!(PromptToken::parse("hp1:0abcde.00000007:once"), Some(token));
    }

    #[test]
    fn a_minted_prompt_leaves_room_for_the_longest_option_and_two_longest_ids_do_not_fit() {
        let option_id = OptionId::new("o".repeat(32)).expect("a valid id");
        let minted = PromptToken { prompt_id: PromptNonce::new(1).mint(2), option_id: option_id.clone() };
        assert_eq!(PromptToken::parse(&minted.to_string()), Some(minted));
        let own = PromptToken { prompt_id: PromptId::new("p".repeat(27)).expect("a valid id"), option_id };
        assert_eq!(own.to_string().len(), 64);
        assert_eq!(PromptToken::parse(&own.to_string()), Some(own));
        assert_eq!(PromptToken::parse(&format!("hp1:{}:{}", "p".repeat(28), "o".repeat(32))), None);
    }

    #[test]
    fn anything_else_is_ordinary_text() {
        let long = format!("hp1:{}:x", "a".repeat(33));
        for text in
            ["", "hp1:", "hp1::x", "hp1:a:", "hp1:a", "hp1:a:b:c", "hp2:a:b", "hp1:sp ace:x", "once", &long]
        {
            assert_eq!(PromptToken::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_id_that_does_not_fit_is_refused_with_the_rule() {
        let error = PromptId::new("a b\n").expect_err("a space is not allowed");
        assert_eq!(
            error.to_string(),
            "`a b\\n` cannot name a prompt or an option: use 1 to 32 of the characters A-Z a-z 0-9 _ . -"
        );
    }

    #[test]
    fn the_nonce_tells_ones_own_prompts() {
        let (ours, theirs) = (PromptNonce::new(1), PromptNonce::new(2));
        let id = ours.mint(9);
        assert!(ours.minted(id.as_str()));
        assert!(!theirs.minted(id.as_str()));
        assert!(!ours.minted("foreign"));
    }
}
