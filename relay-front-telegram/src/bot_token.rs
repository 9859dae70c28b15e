//! The credential of a bot.

use relay_auth::Secret;

/// A bot's token, as `@BotFather` gives it. It is a part of every request's path, so no error and no log line of this
/// crate names a path.
#[derive(Clone, Debug)]
pub struct BotToken(Secret);

/// The text is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no bot token; @BotFather gives one of the form 123456:ABC-DEF, digits and a colon first")]
pub struct BotTokenError;

impl BotToken {
    /// Takes a token; blanks around it, such as the line end of a file, are no part of it.
    pub fn new(text: &str) -> Result<Self, BotTokenError> {
        let text = text.trim();
        let (id, key) = text.split_once(':').ok_or(BotTokenError)?;
        let is_id = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        let is_key = key.len() >= 10
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        if is_id && is_key { Ok(Self(Secret::new(text))) } else { Err(BotTokenError) }
    }

    pub(crate) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The text without the token, should it stand in it.
    pub(crate) fn redact(&self, text: &str) -> String {
        text.replace(self.expose(), "[token]")
    }
}

#[cfg(test)]
mod tests {
    use super::BotToken;

    #[test]
    fn a_token_is_checked_before_it_is_sent_anywhere_and_never_shows() {
        let token = BotToken::new(" 123:abcdefghij-_\n").expect("a token");
        assert_eq!(token.expose(), "123:abcdefghij-_");
        assert!(!format!("{token:?}").contains("abc"));
        assert_eq!(token.redact("GET /bot123:abcdefghij-_/x"), "GET /bot[token]/x");
        for wrong in
            ["", "123", ":abcdefghij", "x:abcdefghij", "123:short", "123:abc/../defghij", "1:abcdefghij k"]
        {
            assert!(BotToken::new(wrong).is_err(), "{wrong:?}");
        }
    }
}
