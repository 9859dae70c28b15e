//! The port that fronts are written against: when they run, what they publish, what they keep.

mod rig;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_auth::{Secret, UnixSeconds};
use relay_connector::{
    ActionContext, Arrival, Connector, Delivery, FollowUpCredential, Front, FrontContext, FrontError,
    FrontState, Limits, MemoryStore, SqliteStore, StorageChanges, Tenant,
};
use relay_wire::{Action, ActionResult, CapabilityDescriptor, Event, GatewayId, SessionKey, Source};
use rig::{Peer, Rig};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const HELLO: &str = "{\"type\":\"hello\",\"platform\":\"late\",\"botId\":\"B1\"}\n";

/// What a run of the front does beside publishing nothing.
type Run = dyn Fn(usize, FrontContext, CancellationToken) -> BoxFuture<'static, Result<(), FrontError>>
    + Send
    + Sync;

/// A front that does what the test says.
struct Late {
    contexts: watch::Sender<Option<FrontContext>>,
    runs: AtomicUsize,
    run: Box<Run>,
}

impl Late {
    fn new<F>(run: impl Fn(usize, FrontContext, CancellationToken) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<(), FrontError>> + Send + 'static,
    {
        let run = Box::new(move |number, context, stop| run(number, context, stop).boxed());
        Arc::new(Self { contexts: watch::Sender::new(None), runs: AtomicUsize::new(0), run })
    }

    /// One that only waits.
    fn idle() -> Arc<Self> {
        Self::new(|_, _, stop| async move {
            stop.cancelled().await;
            Ok(())
        })
    }

    async fn context(&self) -> FrontContext {
        self.contexts.subscribe().wait_for(Option::is_some).await.unwrap().clone().unwrap()
    }
}

impl Front for Late {
    fn platform(&self) -> &'static str {
        "late"
    }

    fn run(
        &self,
        context: FrontContext,
        shutdown: CancellationToken,
    ) -> BoxFuture<'_, Result<(), FrontError>> {
        self.contexts.send_replace(Some(context.clone()));
        (self.run)(self.runs.fetch_add(1, Ordering::Relaxed), context, shutdown)
    }

    fn perform(&self, action: Action, _: ActionContext) -> BoxFuture<'_, ActionResult> {
        std::future::ready(ActionResult::delivered(action.op().to_owned())).boxed()
    }
}

fn descriptor(label: &str) -> CapabilityDescriptor {
    CapabilityDescriptor {
        label: label.to_owned(),
        supported_ops: vec!["send".into()],
        ..CapabilityDescriptor::default()
    }
}

async fn with(front: &Arc<Late>, limits: Limits) -> Rig {
    let front = Arc::clone(front) as Arc<dyn Front>;
    Rig::with(|builder| builder.front(front).limits(limits)).await
}

fn labelled(line: &str) -> Option<String> {
    let frame: serde_json::Value = serde_json::from_str(line).unwrap();
    (frame["type"] == "descriptor").then(|| frame["descriptor"]["label"].as_str().unwrap().to_owned())
}

async fn label(peer: &mut Peer) -> String {
    let line = peer.line().await;
    labelled(&line).unwrap_or_else(|| panic!("no descriptor: {line}"))
}

#[tokio::test]
async fn a_hello_waits_for_the_first_descriptor_and_the_connection_does_not() {
    let front = Late::idle();
    let rig = with(&front, Limits::default()).await;
    let mut peer = rig.gateway("gw").await;
    peer.send(HELLO).await;
    peer.send(&HELLO.replace("B1", "B2")).await;
    // Another platform is announced and acted on meanwhile.
    peer.send(rig::HELLO).await;
    assert_eq!(label(&mut peer).await, "Terminal");
    peer.nothing_more().await;
    peer.send(
        "{\"type\":\"outbound\",\"requestId\":\"r1\",\"platform\":\"late\",\"action\":{\"op\":\"send\"}}\n",
    )
    .await;
    assert!(peer.line().await.contains("unknown_platform"), "it is not announced yet");

    front.context().await.descriptor.publish(descriptor("one"));
    assert_eq!(label(&mut peer).await, "one");
    assert_eq!(label(&mut peer).await, "one", "each hello has its answer");
    peer.nothing_more().await;
}

#[tokio::test]
async fn a_changed_descriptor_is_sent_to_those_who_have_one_and_counts_at_once() {
    let front = Late::idle();
    let rig = with(&front, Limits::default()).await;
    let mut peer = rig.gateway("gw").await;
    let mut other = rig.ready("other").await;
    let context = front.context().await;
    context.descriptor.publish(descriptor("one"));
    peer.send(HELLO).await;
    assert_eq!(label(&mut peer).await, "one");
    context.descriptor.publish(descriptor("one"));
    peer.nothing_more().await;

    let without = CapabilityDescriptor { supported_ops: vec!["typing".into()], ..descriptor("two") };
    context.descriptor.publish(without);
    assert_eq!(label(&mut peer).await, "two");
    peer.send("{\"type\":\"outbound\",\"requestId\":\"r1\",\"action\":{\"op\":\"send\",\"chat_id\":\"c\",\"content\":\"x\"}}\n").await;
    let refused = peer.line().await;
    assert!(refused.contains("unsupported_op"), "{refused}");
    other.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_hello_does_not_wait_for_ever_and_not_with_too_many() {
    let front = Late::idle();
    let served = Arc::clone(&front) as Arc<dyn Front>;
    let limits = Limits::default().with_identities(2);
    let rig = Rig::in_memory(MemoryStore::default(), |builder| builder.front(served).limits(limits)).await;
    let mut peer = rig.gateway("gw").await;
    peer.send(HELLO).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(peer.closed().await.0, 1013);
    assert_eq!(begun.elapsed().as_secs(), Limits::default().hello().as_secs());

    let mut greedy = rig.gateway("gw").await;
    greedy.send(&(0..3).map(|bot| HELLO.replace("B1", &format!("B{bot}"))).collect::<String>()).await;
    assert_eq!(greedy.closed().await.0, 1008);
}

#[tokio::test(start_paused = true)]
async fn a_front_that_panics_or_ends_is_run_again_and_its_neighbour_never_notices() {
    let front = Late::new(|number, context, stop| async move {
        match number {
            0 => panic!("this front is broken, as the test wants it"),
            1 => Ok(()),
            _ => {
                context.state.live();
                stop.cancelled().await;
                Ok(())
            }
        }
    });
    let served = Arc::clone(&front) as Arc<dyn Front>;
    let rig = Rig::in_memory(MemoryStore::default(), |builder| builder.front(served)).await;
    let (platform, mut state) = rig.connector.front_states().pop().unwrap();
    assert_eq!(platform, "late");
    let trouble = |word: &'static str| move |state: &FrontState| matches!(state, FrontState::Degraded { why, .. } if why.contains(word));
    let begun = tokio::time::Instant::now();
    state.wait_for(trouble("panicked")).await.unwrap();
    let mut peer = rig.ready("gw").await;
    peer.nothing_more().await;
    state.wait_for(trouble("ended by itself")).await.unwrap();
    state.wait_for(|state| *state == FrontState::Live).await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), 1 + 2, "a second after the first, two after the next");
    assert_eq!(front.runs.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn what_only_a_person_can_mend_is_told_with_its_remedy_and_not_tried_again() {
    let front = Late::new(|_, _, _| async { Err(FrontError::new("the token is revoked", "make a new one")) });
    let served = Arc::clone(&front) as Arc<dyn Front>;
    let rig = Rig::in_memory(MemoryStore::default(), |builder| builder.front(served)).await;
    let mut state = rig.connector.front_states().pop().unwrap().1;
    let fatal = FrontState::Fatal { why: "the token is revoked".into(), remedy: "make a new one".into() };
    state.wait_for(|state| *state == fatal).await.unwrap();
    assert_eq!(
        rig.connector.readiness().await.unwrap_err().to_string(),
        "the front of late has stopped: the token is revoked; make a new one"
    );
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert_eq!(front.runs.load(Ordering::Relaxed), 1);
    rig.ready("gw").await.nothing_more().await;
}

#[tokio::test]
async fn fronts_run_once_for_two_listeners_and_without_any() {
    let front = Late::idle();
    let connector = Connector::builder(MemoryStore::default())
        .front(Arc::clone(&front) as Arc<dyn Front>)
        .build()
        .unwrap();
    let stop = CancellationToken::new();
    let of_task = (connector.clone(), stop.clone());
    let running = tokio::spawn(async move { of_task.0.run_fronts(of_task.1).await });
    front.context().await;
    connector.run_fronts(CancellationToken::new()).await;
    assert_eq!(front.runs.load(Ordering::Relaxed), 1);
    stop.cancel();
    running.await.unwrap();
}

fn session(key: &str) -> SessionKey {
    SessionKey::new(key).unwrap()
}

fn said(text: &str) -> Event {
    Event {
        text: text.to_owned(),
        source: Source { platform: "late".into(), chat_id: "c1".into(), ..Source::default() },
        ..Event::default()
    }
}

#[tokio::test]
async fn what_a_front_keeps_is_stored_with_its_event_and_also_where_nobody_wants_that() {
    for always_buffer in [true, false] {
        let front = Late::idle();
        let served = Arc::clone(&front) as Arc<dyn Front>;
        let rig = Rig::with(|builder| builder.front(served).always_buffer(always_buffer)).await;
        let context = front.context().await;
        context.descriptor.publish(descriptor("one"));
        let offset = async || context.storage.get("offset").await.unwrap();
        let take = async |text: &str| {
            let arrival = Arrival::event(Tenant::default(), said(text))
                .with_changes(StorageChanges::new().put("offset", text.to_owned()));
            context.events.take(arrival).await.unwrap()
        };
        assert_eq!(take("1").await, Delivery::Unwanted);
        assert_eq!(offset().await.as_deref(), Some(b"1".as_slice()));

        let mut peer = rig.gateway("gw").await;
        peer.send(HELLO).await;
        label(&mut peer).await;
        peer.nothing_more().await;
        assert_eq!(take("2").await, Delivery::Delivered(1));
        let line = peer.line().await;
        assert_eq!(line.contains("bufferId"), always_buffer, "{line}");
        assert_eq!(offset().await.as_deref(), Some(b"2".as_slice()));
    }
}

#[tokio::test]
async fn the_commands_of_a_hello_reach_the_front_and_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let front = Late::idle();
    let served = Arc::clone(&front) as Arc<dyn Front>;
    let rig = Rig::in_memory(SqliteStore::open(&path).unwrap(), |builder| builder.front(served)).await;
    let mut commands = front.context().await.commands;
    assert!(commands.borrow_and_update().is_empty());
    let mut peer = rig.gateway("gw").await;
    let manifest = ",\"command_manifest\":[{\"name\":\"stop\",\"description\":\"Stops it\"}]}";
    peer.send(&HELLO.replace('}', manifest)).await;
    commands.changed().await.unwrap();
    let offered = commands.borrow_and_update().clone();
    assert_eq!(offered[0].gateway_id.as_str(), "gw");
    assert_eq!(offered[0].commands[0].name, "stop");
    drop((peer, rig));

    let front = Late::idle();
    let connector = Connector::builder(SqliteStore::open(&path).unwrap())
        .front(Arc::clone(&front) as Arc<dyn Front>)
        .build()
        .unwrap();
    let running = tokio::spawn({
        let connector = connector.clone();
        async move { connector.run_fronts(CancellationToken::new()).await }
    });
    let mut commands = front.context().await.commands;
    assert_eq!(*commands.borrow_and_update(), offered);
    connector.revoke(&GatewayId::new("gw").unwrap()).await.unwrap();
    assert!(commands.borrow_and_update().is_empty());
    running.abort();
}

#[tokio::test]
async fn the_vault_keeps_a_credential_over_a_restart_and_lets_nobody_see_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let front = || Late::idle() as Arc<dyn Front>;
    let open =
        || Connector::builder(SqliteStore::open_inline(&path).unwrap()).front(front()).build().unwrap();
    let expires = UnixSeconds(open().front_context("late").unwrap().clock.now().0 + 900);
    let sessions = vec![session("agent:main:late:group:c1"), session("agent:main:late:group:c1:u1")];
    let credential = FollowUpCredential::new(Tenant::default(), sessions, Secret::new("hush"), expires);
    assert!(!format!("{credential:?}").contains("hush"));
    open().front_context("late").unwrap().vault.keep(credential).await.unwrap();

    let vault = open().front_context("late").unwrap().vault;
    let found = vault.get(&Tenant::default(), &session("agent:main:late:group:c1:u1")).await.unwrap();
    assert_eq!(found.unwrap().expose(), "hush");
    let other = Tenant::new("other").unwrap();
    assert!(vault.get(&other, &session("agent:main:late:group:c1")).await.unwrap().is_none());
    assert!(!format!("{vault:?}").contains("hush"));
    vault.forget(&Tenant::default(), &session("agent:main:late:group:c1")).await.unwrap();
    assert!(vault.get(&Tenant::default(), &session("agent:main:late:group:c1")).await.unwrap().is_none());
}
