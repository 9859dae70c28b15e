//! Upgrade tokens, as anybody may send them.

use relay_auth::{Expiry, Secret, UnixSeconds, VerifyList, mint, unverified_payload, verify};

const NOW: UnixSeconds = UnixSeconds(1_750_000_000);

/// The input's first line is the connector's secret, the rest a token.
///
/// A token that is accepted says the same unverified, and is what its secret mints. Whatever text is minted
/// is accepted, unless the secret is empty: that one is no secret, and nothing is accepted under it.
pub fn token(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let Some((secret, token)) = text.split_once('\n') else { return };
    let list = VerifyList::new(Secret::new(secret));
    let verified = verify(token, &list, NOW);
    let unverified = unverified_payload(token);
    if let Ok(verified) = verified {
        assert_eq!(unverified.as_ref(), Some(&verified.payload));
        let minted = mint(&verified.payload, &Secret::new(secret), verified.expires);
        assert_eq!(token.trim_end_matches('='), minted, "an accepted token has one spelling");
    }
    if secret.is_empty() {
        for token in [token, &mint(token, &Secret::new(secret), Expiry::Never)] {
            assert!(verify(token, &list, NOW).is_err(), "an empty secret vouches for a token");
        }
        return;
    }
    for expires in [Expiry::Never, Expiry::At(NOW)] {
        let minted = mint(token, &Secret::new(secret), expires);
        let verified = verify(&minted, &list, NOW).expect("what was minted is accepted");
        assert_eq!((verified.payload.as_str(), verified.expires), (token, expires));
    }
    let old = mint(token, &Secret::new(secret), Expiry::At(UnixSeconds(NOW.0 - 1)));
    assert!(verify(&old, &list, NOW).is_err(), "what is over is not accepted");
}
