//! What an identity token may look like.

use relay_auth::Secret;

use super::IdentityError;

/// The longest token taken, in bytes. Far beyond any real one, and still a header that servers take.
pub(crate) const MAX_TOKEN: usize = 16 * 1024;

/// The token in some bytes, without the blanks around it.
pub(crate) fn token(bytes: &[u8], place: impl FnOnce() -> String) -> Result<Secret, IdentityError> {
    let bytes = bytes.trim_ascii();
    let reason = if bytes.is_empty() {
        return Err(IdentityError::Blank { place: place() });
    } else if bytes.len() > MAX_TOKEN {
        "it is longer than 16 KiB"
    } else {
        match str::from_utf8(bytes) {
            Ok(text) if bytes.iter().all(u8::is_ascii_graphic) => return Ok(Secret::new(text)),
            Ok(_) => "it has blanks, control characters or letters beyond ASCII in it",
            Err(_) => "it is not UTF-8",
        }
    };
    Err(IdentityError::NoToken { place: place(), reason })
}

#[cfg(test)]
mod tests {
    use super::{MAX_TOKEN, token};

    fn read(bytes: &[u8]) -> Result<String, String> {
        let read = token(bytes, || "here".to_owned());
        read.map(|token| token.expose().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_is_one_word_of_ascii_and_what_stands_around_it_is_cut() {
        assert_eq!(
            read(b"\xEF\xBB\xBFt").unwrap_err(),
            told("it has blanks, control characters or letters beyond ASCII in it")
        );
        assert_eq!(read(b" \n abc.def \r\n").expect("a token"), "abc.def");
        assert_eq!(read(b" \n").unwrap_err(), "here holds no identity token; put one there");
        assert_eq!(
            read(b"hunter2\nhunter3").unwrap_err(),
            told("it has blanks, control characters or letters beyond ASCII in it")
        );
        assert_eq!(read(b"hunter2\xFF").unwrap_err(), told("it is not UTF-8"));
        assert!(read(&vec![b'a'; MAX_TOKEN]).is_ok());
        assert_eq!(read(&vec![b'a'; MAX_TOKEN + 1]).unwrap_err(), told("it is longer than 16 KiB"));
    }

    fn told(reason: &str) -> String {
        format!("what here holds is no identity token ({reason}); put the token there, and nothing else")
    }
}
