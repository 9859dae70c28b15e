//! An identity token that the operator gives, or says where to get.

use std::fmt;
use std::path::PathBuf;

use relay_auth::Secret;

use crate::Setting;
use crate::reader::Reader;

/// Where an identity token is.
#[derive(Clone)]
pub enum AccessToken {
    /// Here.
    Given(Secret),
    /// In a file that somebody keeps fresh.
    File(PathBuf),
    /// In the output of this command line.
    Command(String),
}

impl fmt::Debug for AccessToken {
    /// Of a command only that there is one: an argument may be a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(token) => f.debug_tuple("Given").field(token).finish(),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Command(_) => f.write_str("Command(..)"),
        }
    }
}

/// The token, its file or its command. Of several the first counts, and the others are named in a warning: which
/// one is old, nobody can tell from here.
pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Setting<AccessToken>> {
    let given = reader.text("ACCESS_TOKEN", None);
    let file = reader.text("ACCESS_TOKEN_FILE", Some("relay_access_token_file"));
    let command = reader.text("ACCESS_TOKEN_COMMAND", Some("relay_access_token_command"));
    let found = [
        given.map(|token| token.map(|token| AccessToken::Given(Secret::new(token)))),
        file.map(|path| path.map(|path| AccessToken::File(path.into()))),
        command.map(|command| command.map(AccessToken::Command)),
    ];
    let mut found = found.into_iter().flatten();
    let first = found.next()?;
    for unused in found {
        reader.warn(
            &unused.origin,
            &format!("the value is not used: the identity token is given by {}", first.origin),
        );
    }
    Some(first)
}
