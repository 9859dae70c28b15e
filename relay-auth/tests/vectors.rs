//! Every case of the conformance vectors, whole.

use relay_auth::{Expiry, Secret, UnixSeconds, VerifyList, mint, sign_delivery, verify, verify_delivery};
use serde::Deserialize;
use serde::de::DeserializeOwned;

#[derive(Deserialize)]
struct Vectors<T> {
    cases: Vec<T>,
}

fn cases<T: DeserializeOwned>(json: &str) -> Vec<T> {
    serde_json::from_str::<Vectors<T>>(json).expect("the vectors are JSON of this shape").cases
}

#[track_caller]
fn assert_case<T: PartialEq + std::fmt::Debug>(index: usize, input: &str, expected: &T, actual: &T) {
    assert!(expected == actual, "case {index}\ninput    {input}\nexpected {expected:?}\nactual   {actual:?}");
}

/// The expiry as tokens write it: 0 is never.
fn expiry(seconds: u64) -> Expiry {
    if seconds == 0 { Expiry::Never } else { Expiry::At(UnixSeconds(seconds)) }
}

/// What the reference verifier was given: the secret in second place.
fn verifies_as(token: &str, secret: &str, now: u64) -> Option<String> {
    let list = VerifyList::new(Secret::new("other-secret")).with_secondary(Secret::new(secret));
    verify(token, &list, UnixSeconds(now)).ok().map(|verified| verified.payload)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenCase {
    payload: String,
    secret: String,
    exp: u64,
    sig: String,
    token: String,
    now: u64,
    verifies_as: Option<String>,
}

#[test]
fn tokens_are_minted_and_verified_as_the_vectors_say() {
    let cases = cases::<TokenCase>(include_str!("../vectors/tokens.json"));
    assert_eq!(cases.len(), 200);
    for (index, case) in cases.iter().enumerate() {
        let input = format!("{case:?}");
        let minted = mint(&case.payload, &Secret::new(&*case.secret), expiry(case.exp));
        assert_case(index, &input, &case.token, &minted);
        let verified = verifies_as(&case.token, &case.secret, case.now);
        assert_case(index, &input, &case.verifies_as, &verified);
        let padded = format!("{}{}", case.token, "=".repeat((4 - case.token.len() % 4) % 4));
        assert_case(index, &input, &case.verifies_as, &verifies_as(&padded, &case.secret, case.now));
        assert!(case.sig.len() == 64, "case {index}");
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MalformedCase {
    token: String,
    secret: String,
    now: u64,
    verifies_as: Option<String>,
}

#[test]
fn malformed_tokens_are_rejected_as_the_vectors_say() {
    let cases = cases::<MalformedCase>(include_str!("../vectors/tokens_malformed.json"));
    assert_eq!(cases.len(), 40);
    for (index, case) in cases.iter().enumerate() {
        let verified = verifies_as(&case.token, &case.secret, case.now);
        assert_case(index, &format!("{case:?}"), &case.verifies_as, &verified);
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveryCase {
    body: String,
    timestamp: String,
    signature: String,
    keys: Vec<String>,
    now: u64,
    max_skew_seconds: u64,
    accepted: bool,
}

#[test]
fn deliveries_are_accepted_as_the_vectors_say() {
    let cases = cases::<DeliveryCase>(include_str!("../vectors/delivery_signatures.json"));
    assert_eq!(cases.len(), 200);
    for (index, case) in cases.iter().enumerate() {
        let keys: VerifyList = case.keys.iter().map(|key| Secret::new(&**key)).collect();
        let (now, body) = (UnixSeconds(case.now), case.body.as_bytes());
        let result =
            verify_delivery(&case.timestamp, &case.signature, body, &keys, now, case.max_skew_seconds);
        assert_case(index, &format!("{case:?}"), &case.accepted, &result.is_ok());
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frozen {
    #[serde(rename = "about")]
    _about: String,
    tokens: Vec<FrozenToken>,
    signatures: Vec<FrozenSignature>,
    delivery: Vec<FrozenDelivery>,
}

#[derive(Debug, Deserialize)]
struct FrozenToken {
    payload: String,
    secret: String,
    exp: u64,
    token: String,
}

#[derive(Debug, Deserialize)]
struct FrozenSignature {
    message: String,
    key: String,
    hex: String,
}

#[derive(Debug, Deserialize)]
struct FrozenDelivery {
    body: String,
    timestamp: String,
    key: String,
    signature: String,
}

#[test]
fn the_answers_of_deployed_connectors_are_ours() {
    let frozen: Frozen = serde_json::from_str(include_str!("../vectors/frozen_auth.json")).unwrap();
    assert_eq!((frozen.tokens.len(), frozen.signatures.len(), frozen.delivery.len()), (3, 1, 1));
    for (index, case) in frozen.tokens.iter().enumerate() {
        let minted = mint(&case.payload, &Secret::new(&*case.secret), expiry(case.exp));
        assert_case(index, &format!("{case:?}"), &case.token, &minted);
    }
    for (index, case) in frozen.signatures.iter().enumerate() {
        // A delivery signs `{timestamp}.{body}`; no such split of the bare message exists, so the MAC
        // itself is checked.
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, case.key.as_bytes());
        let tag = ring::hmac::sign(&key, case.message.as_bytes());
        let hex = tag.as_ref().iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        assert_case(index, &format!("{case:?}"), &case.hex, &hex);
    }
    for (index, case) in frozen.delivery.iter().enumerate() {
        let signature = sign_delivery(&case.timestamp, case.body.as_bytes(), &Secret::new(&*case.key));
        assert_case(index, &format!("{case:?}"), &case.signature, &signature);
    }
}
