//! How often an issuer is asked for its keys, in time that stands until it is moved.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};
use hyper::body::Bytes;
use relay_connector::{Fetch, FetchError, FetchRequest, IdentityError, OidcVerifier};
use serde_json::{Value, json};
use tokio::time::{advance, sleep};

use crate::signer::{Signer, claims};
use crate::{owner, verifier};

const ISSUER: &str = "https://issuer.example";

/// An issuer without a network: its keys or its failure, after a second.
#[derive(Default)]
struct Scripted {
    keys: Mutex<Option<Vec<Value>>>,
    asked: Mutex<usize>,
}

impl Scripted {
    fn publish(&self, keys: &[Value]) {
        *self.keys.lock().unwrap() = Some(keys.to_vec());
    }

    fn fail(&self) {
        *self.keys.lock().unwrap() = None;
    }

    /// How often the keys were asked for since the last look.
    fn times(&self) -> usize {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Fetch for Scripted {
    fn fetch(&self, request: FetchRequest) -> BoxFuture<'_, Result<Bytes, FetchError>> {
        let FetchRequest::Document(url) = request else { panic!("only documents are asked for") };
        if url.path() != "/keys" {
            let document = json!({"issuer": ISSUER, "jwks_uri": format!("{ISSUER}/keys")}).to_string();
            return std::future::ready(Ok(document.into())).boxed();
        }
        *self.asked.lock().unwrap() += 1;
        async move {
            sleep(Duration::from_secs(1)).await;
            match &*self.keys.lock().unwrap() {
                Some(keys) => Ok(json!({ "keys": keys }).to_string().into()),
                None => Err(FetchError::Status { url: url.to_string(), status: 503 }),
            }
        }
        .boxed()
    }
}

struct Rig {
    issuer: Arc<Scripted>,
    verifier: OidcVerifier,
    old: Signer,
    new: Signer,
}

impl Rig {
    fn new() -> Self {
        let issuer = Arc::new(Scripted::default());
        let verifier = verifier(ISSUER, Arc::clone(&issuer) as Arc<dyn Fetch>);
        Self { issuer, verifier, old: Signer::ed25519(), new: Signer::ed25519() }
    }

    async fn by_old(&self) -> Result<String, IdentityError> {
        owner(&self.verifier, &self.old.token("old", &claims(ISSUER))).await
    }

    async fn by_new(&self) -> Result<String, IdentityError> {
        owner(&self.verifier, &self.new.token("new", &claims(ISSUER))).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_the_issuer_has_added_is_found_without_a_restart() {
    let rig = Rig::new();
    rig.issuer.publish(&[rig.old.jwk("old")]);
    assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
    advance(Duration::from_secs(30)).await;
    rig.issuer.publish(&[rig.old.jwk("old"), rig.new.jwk("new")]);
    assert_eq!(rig.by_new().await.as_deref(), Ok("home"));
    assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
    assert_eq!(rig.issuer.times(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_invented_keys_makes_the_issuer_be_asked_twice_a_minute_and_locks_nobody_out() {
    let rig = Rig::new();
    rig.issuer.publish(&[rig.old.jwk("old")]);
    assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
    rig.issuer.times();
    for second in 0..120 {
        let invented = Signer::ed25519().token(&format!("invented-{second}"), &claims(ISSUER));
        assert_eq!(owner(&rig.verifier, &invented).await, Err(IdentityError::UnknownKey));
        assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
        advance(Duration::from_secs(1)).await;
    }
    assert!(rig.issuer.times() <= 4);
}

#[tokio::test(start_paused = true)]
async fn all_who_come_at_once_wait_for_one_answer() {
    let rig = Rig::new();
    rig.issuer.publish(&[rig.old.jwk("old")]);
    let owners = join_all((0..50).map(|_| rig.by_old())).await;
    assert!(owners.iter().all(|owner| owner.as_deref() == Ok("home")), "{owners:?}");
    assert_eq!(rig.issuer.times(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_while_the_issuer_is_asked_takes_nothing_away_from_the_others() {
    let rig = Rig::new();
    rig.issuer.publish(&[rig.old.jwk("old")]);
    for _ in 0..10 {
        assert!(rig.by_old().now_or_never().is_none(), "the issuer takes a second");
    }
    assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
    assert_eq!(rig.issuer.times(), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_are_renewed_by_the_hour_and_a_removed_one_is_forgotten() {
    let rig = Rig::new();
    rig.issuer.publish(&[rig.old.jwk("old")]);
    assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
    rig.issuer.publish(&[rig.new.jwk("new")]);
    advance(Duration::from_mins(59)).await;
    assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
    advance(Duration::from_mins(1)).await;
    assert_eq!(rig.by_old().await, Err(IdentityError::UnknownKey));
    assert_eq!(rig.by_new().await.as_deref(), Ok("home"));
    assert_eq!(rig.issuer.times(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_is_down_locks_nobody_out_for_a_day_and_everybody_after_it() {
    let rig = Rig::new();
    rig.issuer.publish(&[rig.old.jwk("old")]);
    assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
    rig.issuer.fail();
    advance(Duration::from_hours(23)).await;
    assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
    advance(Duration::from_hours(1)).await;
    assert!(matches!(rig.by_old().await, Err(IdentityError::Unavailable(_))));
    rig.issuer.publish(&[rig.old.jwk("old")]);
    advance(Duration::from_secs(5)).await;
    assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_question_is_repeated_after_five_seconds_and_not_before() {
    let rig = Rig::new();
    for _ in 0..10 {
        assert!(matches!(rig.by_old().await, Err(IdentityError::Unavailable(_))));
    }
    assert_eq!(rig.issuer.times(), 1);
    rig.issuer.publish(&[rig.old.jwk("old")]);
    advance(Duration::from_secs(5)).await;
    assert_eq!(rig.by_old().await.as_deref(), Ok("home"));
}
