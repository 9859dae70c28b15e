//! What the fuzz targets reach of the reading of tokens and keys. No part of the library's interface.

use super::jwk::KeySet;
use super::jws::Jws;

/// The claims of a token that one of a document's keys vouches for; both are read, whatever the other is.
#[doc(hidden)]
pub fn vouched(document: &[u8], token: &str) -> Option<Vec<u8>> {
    let keys = KeySet::read(document);
    let token = Jws::parse(token).ok();
    let (keys, token) = (keys?, token?);
    let checked = keys.check(&token);
    assert!(checked.is_err() || keys.knows(&token), "a key that is not known vouches for a token");
    let claims = token.payload();
    checked.ok().and(claims.ok())
}
