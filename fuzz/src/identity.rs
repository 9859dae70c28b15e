//! Identity tokens and the keys of their issuers, as anybody may send them and any issuer may publish them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use relay_connector::vouched;
use serde_json::Value;

/// The example keys of RFC 7515 (A.2, A.3) and RFC 8037 (A.4).
const KEYS: &str = include_str!("../data/keys.json");

/// The example tokens of the same places, one a line, each signed by the key at its place.
const TOKENS: &str = include_str!("../data/tokens.txt");

/// The input is a token. Of all there are, the example keys vouch for the example tokens alone.
pub fn identity_token(input: &[u8]) {
    let Ok(token) = str::from_utf8(input) else { return };
    let genuine = TOKENS.lines().any(|line| line == token);
    let claims = vouched(KEYS.as_bytes(), token);
    assert_eq!(
        claims.is_some(),
        genuine,
        "a token that nobody signed is accepted, or a genuine one is refused"
    );
}

/// The input is an issuer's document. It vouches for an example token only where it holds that token's key.
pub fn identity_keys(input: &[u8]) {
    let keys: Value = serde_json::from_str(KEYS).expect("the example keys are JSON");
    let document = serde_json::from_slice::<Value>(input).unwrap_or_default();
    for (index, token) in TOKENS.lines().enumerate() {
        let key = &keys["keys"][index];
        let name = if key["kty"] == "RSA" { "n" } else { "x" };
        let mut published = document["keys"].as_array().into_iter().flatten();
        let holds = published.any(|candidate| number(&candidate[name]) == number(&key[name]));
        assert!(vouched(input, token).is_none() || holds, "a document vouches for a token without its key");
    }
}

/// A number's bytes without the zeros before them, as whoever reads a key takes them.
fn number(text: &Value) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(text.as_str()?).ok()?;
    Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}
