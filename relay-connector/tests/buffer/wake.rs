//! Calling the wake URL of an instance that sleeps.

use relay_wire::Identity;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::Secret;
use relay_connector::{Delivery, MemoryStore, ProvisionOutcome, Provisioning, Tenant, Wake, WakeError};
use tokio::time::{advance, sleep};

use crate::rig::{DESCRIPTOR, HELLO, NOW, Rig};

/// Notes what is called, and answers each call with this.
struct Calls(Mutex<Vec<String>>, fn() -> BoxFuture<'static, Result<(), WakeError>>);

impl Wake for Calls {
    fn wake(&self, url: &str) -> BoxFuture<'static, Result<(), WakeError>> {
        self.0.lock().unwrap().push(url.to_owned());
        (self.1)()
    }
}

impl Calls {
    fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

async fn rig(answer: fn() -> BoxFuture<'static, Result<(), WakeError>>) -> (Rig, Arc<Calls>) {
    let calls = Arc::new(Calls(Mutex::default(), answer));
    let rig =
        Rig::in_memory(MemoryStore::default(), |builder| builder.wake(Arc::clone(&calls) as Arc<dyn Wake>))
            .await;
    let provisioning = Provisioning::new(
        "gw".parse().unwrap(),
        Tenant::default(),
        Secret::new("s"),
        Identity { platform: "local".to_owned(), bot_id: String::new() },
        NOW,
    )
    .with_instance_id(Some("agent".to_owned()))
    .with_wake_url(Some("https://wake.example/gw".to_owned()));
    assert_eq!(rig.connector.store().provision(provisioning).await.unwrap(), ProvisionOutcome::Issued);
    (rig, calls)
}

#[tokio::test(start_paused = true)]
async fn the_first_event_calls_and_those_behind_it_do_not_until_the_cooldown_is_over() {
    let (rig, calls) = rig(|| async { Ok(()) }.boxed()).await;
    for _ in 0..10 {
        rig.say("hello", Delivery::Buffered(1)).await;
    }
    assert_eq!(*calls.0.lock().unwrap(), ["https://wake.example/gw"]);
    advance(Duration::from_millis(29_999)).await;
    rig.say("hello", Delivery::Buffered(1)).await;
    assert_eq!(calls.count(), 1);
    advance(Duration::from_millis(1)).await;
    rig.say("hello", Delivery::Buffered(1)).await;
    assert_eq!(calls.count(), 2, "it is still asleep, and something new waits");
    sleep(Duration::from_mins(5)).await;
    assert_eq!(calls.count(), 2, "nothing new, no call");
}

#[tokio::test(start_paused = true)]
async fn whoever_is_there_is_not_called_and_whoever_goes_idle_is() {
    let (rig, calls) = rig(|| async { Ok(()) }.boxed()).await;
    let mut peer = rig.dial(&Rig::upgrade_token("gw", &Secret::new("s"))).await;
    peer.send(HELLO).await;
    assert_eq!(peer.line().await, DESCRIPTOR);
    rig.say("hello", Delivery::Delivered(1)).await;
    assert_eq!(calls.count(), 0);
    assert_eq!(peer.take().await, "hello");
    peer.send("{\"type\":\"going_idle\"}\n").await;
    assert_eq!(peer.line().await, "{\"type\":\"going_idle_ack\"}\n");
    rig.say("wake up", Delivery::Buffered(1)).await;
    assert_eq!(calls.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_wake_url_that_never_answers_holds_up_nothing() {
    let (rig, calls) = rig(|| std::future::pending().boxed()).await;
    for _ in 0..100 {
        rig.say("hello", Delivery::Buffered(1)).await;
        advance(Duration::from_secs(31)).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(calls.count(), 100, "each call was given up before the next");
}
