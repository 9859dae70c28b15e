//! Tokens of an OIDC issuer.

use relay_connector::{IdentityError, IdentitySettingsError, OidcSettings, OidcVerifier};
use serde_json::{Value, json};

use crate::issuer::{DISCOVERY, Issuer, KEYS, Says};
use crate::signer::{Signer, claims, encode};
use crate::{NOW, https, owner, settings, verifier};

/// An issuer with one key of each kind, and a way to ask about tokens.
struct Rig {
    issuer: Issuer,
    verifier: OidcVerifier,
    keys: [Signer; 3],
}

impl Rig {
    async fn start() -> Self {
        let keys = [Signer::ed25519(), Signer::p256(), Signer::rsa()];
        let issuer = Issuer::with_keys(&[keys[0].jwk("ed"), keys[1].jwk("ec"), keys[2].jwk("rsa")]).await;
        let verifier = verifier(&issuer.url, https());
        Self { issuer, verifier, keys }
    }

    fn claims(&self) -> Value {
        claims(&self.issuer.url)
    }

    /// What becomes of a good token with one claim changed; null removes it.
    async fn with(&self, claim: &str, value: Value) -> Result<String, IdentityError> {
        let mut claims = self.claims();
        claims[claim] = value;
        if claims[claim].is_null() {
            claims.as_object_mut().unwrap().remove(claim);
        }
        owner(&self.verifier, &self.keys[0].token("ed", &claims)).await
    }
}

#[tokio::test]
async fn a_token_by_any_kind_of_key_names_its_tenant_and_the_keys_are_fetched_once() {
    let rig = Rig::start().await;
    for (key, kid) in rig.keys.iter().zip(["ed", "ec", "rsa"]) {
        assert_eq!(
            owner(&rig.verifier, &key.token(kid, &rig.claims())).await.as_deref(),
            Ok("home"),
            "{kid}"
        );
    }
    let pss = rig.keys[2].sign(&json!({"alg": "PS256", "kid": "rsa"}), &rig.claims());
    assert_eq!(owner(&rig.verifier, &pss).await.as_deref(), Ok("home"));
    assert_eq!((rig.issuer.times(DISCOVERY), rig.issuer.times(KEYS)), (1, 1));
}

#[tokio::test]
async fn the_tenant_is_what_the_configured_claim_says() {
    let rig = Rig::start().await;
    let token = rig.keys[0].token("ed", &rig.claims());
    let by_subject = settings(&rig.issuer.url).with_tenant_claim("sub");
    let by_subject = OidcVerifier::new(by_subject, https()).unwrap();
    assert_eq!(owner(&by_subject, &token).await.as_deref(), Ok("somebody"));
    assert_eq!(rig.with("tid", Value::Null).await, Err(IdentityError::NoTenant { claim: "tid".to_owned() }));
}

#[tokio::test]
async fn a_token_for_somebody_else_or_by_somebody_else_or_of_another_time_is_refused() {
    let rig = Rig::start().await;
    assert_eq!(rig.with("aud", json!(["x", "relay"])).await.as_deref(), Ok("home"));
    assert_eq!(rig.with("aud", json!("other")).await, Err(IdentityError::Audience));
    assert_eq!(rig.with("aud", Value::Null).await, Err(IdentityError::Audience));
    for issuer in [json!("https://other.example"), json!(format!("{}/", rig.issuer.url)), Value::Null] {
        assert_eq!(rig.with("iss", issuer).await, Err(IdentityError::Issuer));
    }
    assert_eq!(rig.with("exp", json!(NOW.0 - 60)).await, Err(IdentityError::Expired));
    assert_eq!(rig.with("nbf", json!(NOW.0 + 61)).await, Err(IdentityError::NotYet));
    assert_eq!(rig.with("iat", json!(NOW.0 + 61)).await, Err(IdentityError::NotYet));
    for never in [Value::Null, json!("9999999999")] {
        assert!(matches!(rig.with("exp", never).await, Err(IdentityError::Malformed { .. })));
    }
}

#[tokio::test]
async fn a_changed_token_is_refused_whatever_was_changed() {
    let rig = Rig::start().await;
    for (key, kid) in rig.keys.iter().zip(["ed", "ec", "rsa"]) {
        let token = key.token(kid, &rig.claims());
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!() };
        let mut other = rig.claims();
        other["tid"] = json!("work");
        let other = encode(other.to_string());
        let stranger = match key {
            Signer::P256(_) => Signer::p256(),
            // There is one RSA key only, so its neighbour signs.
            Signer::Ed25519(_) | Signer::Rsa(_) => Signer::ed25519(),
        };
        let by_stranger = stranger.sign(&json!({"alg": key.algorithm(), "kid": kid}), &rig.claims());
        for changed in [
            format!("{header}.{other}.{signature}"),
            format!("{header}.{payload}."),
            format!("{header}.{payload}.{}", encode([0_u8; 64])),
            by_stranger,
        ] {
            assert_eq!(owner(&rig.verifier, &changed).await, Err(IdentityError::BadSignature), "{kid}");
        }
    }
}

#[tokio::test]
async fn the_kind_of_key_decides_the_algorithm_and_not_the_token() {
    let rig = Rig::start().await;
    let ask = async |header: Value| owner(&rig.verifier, &rig.keys[2].sign(&header, &rig.claims())).await;
    for (algorithm, kid) in
        [("EdDSA", "rsa"), ("ES256", "rsa"), ("RS256", "ed"), ("RS256", "ec"), ("ES384", "ec")]
    {
        assert_eq!(
            ask(json!({"alg": algorithm, "kid": kid})).await,
            Err(IdentityError::UnknownKey),
            "{algorithm}"
        );
    }
    for algorithm in ["none", "HS256"] {
        assert_eq!(ask(json!({"alg": algorithm, "kid": "rsa"})).await, Err(IdentityError::Algorithm));
    }
    let unsigned = format!("{}.{}.", encode(r#"{"alg":"none"}"#), encode(rig.claims().to_string()));
    assert_eq!(owner(&rig.verifier, &unsigned).await, Err(IdentityError::Algorithm));
}

#[tokio::test]
async fn a_key_is_used_for_what_its_issuer_says_and_for_nothing_else() {
    let key = Signer::ed25519();
    for (member, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("alg", json!("RS256")),
        ("alg", json!("HS256")),
        ("kty", json!("oct")),
        ("x", json!("AAAA")),
    ] {
        let mut jwk = key.jwk("k");
        jwk[member] = value;
        let issuer = Issuer::with_keys(&[jwk, Signer::p256().jwk("other")]).await;
        let verifier = verifier(&issuer.url, https());
        let token = key.token("k", &claims(&issuer.url));
        assert_eq!(owner(&verifier, &token).await, Err(IdentityError::UnknownKey), "{member}");
    }
}

#[tokio::test]
async fn a_token_that_names_no_key_is_checked_where_there_is_only_one_of_its_kind() {
    let (one, other) = (Signer::ed25519(), Signer::ed25519());
    let issuer = Issuer::with_keys(&[one.jwk("one"), Signer::p256().jwk("ec")]).await;
    let token = one.sign(&json!({"alg": "EdDSA"}), &claims(&issuer.url));
    assert_eq!(owner(&verifier(&issuer.url, https()), &token).await.as_deref(), Ok("home"));
    issuer.publish(&[one.jwk("one"), other.jwk("other")]);
    assert_eq!(owner(&verifier(&issuer.url, https()), &token).await, Err(IdentityError::UnknownKey));
}

#[tokio::test]
async fn keys_can_be_taken_from_a_url_of_their_own() {
    let key = Signer::p256();
    let issuer = Issuer::with_keys(&[key.jwk("k")]).await;
    issuer.says(DISCOVERY, Says::Status(500));
    let jwks_url = Some(format!("{}{KEYS}", issuer.url));
    let named = settings("https://named.example").with_jwks_url(jwks_url);
    let verifier = OidcVerifier::new(named, https()).unwrap();
    let token = key.token("k", &claims("https://named.example"));
    assert_eq!(owner(&verifier, &token).await.as_deref(), Ok("home"));
    assert_eq!(issuer.times(DISCOVERY), 0);
}

#[test]
fn settings_that_would_let_anybody_in_are_refused() {
    let refused = |settings| OidcVerifier::new(settings, https()).unwrap_err();
    let good = || settings("https://issuer.example");
    for issuer in ["http://issuer.example", "issuer.example", "https://issuer.example?a=b", ""] {
        let error = refused(settings(issuer));
        assert!(matches!(error, IdentitySettingsError::Url { .. }), "{issuer}: {error}");
    }
    for audiences in [vec![], vec![" ".to_owned()]] {
        assert_eq!(
            refused(OidcSettings::new("https://issuer.example", audiences)),
            IdentitySettingsError::NoAudience
        );
    }
    assert_eq!(refused(good().with_tenant_claim("")), IdentitySettingsError::NoClaim);
    let jwks_url = Some("http://issuer.example/keys".to_owned());
    assert!(matches!(refused(good().with_jwks_url(jwks_url)), IdentitySettingsError::Url { .. }));
}
