//! Outbound actions: to the right front, in order, and their results.

mod rig;

use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_connector::{
    ActionContext, ChatUpdate, ChatUpdateKind, Delivery, Front, FrontContext, FrontError, Limits,
};
use relay_wire::{Action, ActionResult, CapabilityDescriptor};
use rig::{Peer, Rig};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const HELLO_GATE: &str = "{\"type\":\"hello\",\"platform\":\"gate\",\"botId\":\"gatekeeper\"}\n";

/// A platform whose chat `slow` answers only once it is opened, and whose chat `panic` does not at all.
#[derive(Default)]
struct Gate {
    begun: Mutex<Vec<String>>,
    ended: Mutex<Vec<String>>,
    open: Notify,
    bots: Mutex<Vec<Option<String>>>,
}

impl Front for Gate {
    fn platform(&self) -> &'static str {
        "gate"
    }

    fn run(
        &self,
        context: FrontContext,
        shutdown: CancellationToken,
    ) -> BoxFuture<'_, Result<(), FrontError>> {
        async move {
            context.descriptor.publish(CapabilityDescriptor {
                supported_ops: vec!["send".into()],
                ..CapabilityDescriptor::default()
            });
            shutdown.cancelled().await;
            Ok(())
        }
        .boxed()
    }

    fn perform(&self, action: Action, context: ActionContext) -> BoxFuture<'_, ActionResult> {
        async move {
            let Action::Send(send) = action else { panic!("only send is listed") };
            self.bots.lock().unwrap().push(context.bot_id);
            self.begun.lock().unwrap().push(send.content.clone());
            match send.chat_id.as_ref() {
                "slow" => self.open.notified().await,
                "panic" => panic!("this front is broken, as the test wants it"),
                _ => {}
            }
            self.ended.lock().unwrap().push(send.content.clone());
            ActionResult::delivered(send.content)
        }
        .boxed()
    }
}

async fn gated(limits: Limits) -> (Rig, Arc<Gate>, Peer) {
    let gate = Arc::new(Gate::default());
    let rig = Rig::with(|builder| builder.limits(limits).front(Arc::clone(&gate) as Arc<dyn Front>)).await;
    let mut peer = rig.gateway("gw").await;
    peer.send(HELLO_GATE).await;
    assert!(peer.line().await.contains("\"platform\":\"gate\""));
    (rig, gate, peer)
}

fn send(request: &str, chat: &str) -> String {
    format!(
        "{{\"type\":\"outbound\",\"requestId\":\"{request}\",\
         \"action\":{{\"op\":\"send\",\"chat_id\":\"{chat}\",\"content\":\"{request}\",\"metadata\":{{}}}}}}\n"
    )
}

fn delivered(request: &str) -> String {
    format!(
        "{{\"type\":\"outbound_result\",\"requestId\":\"{request}\",\
         \"result\":{{\"success\":true,\"message_id\":\"{request}\"}}}}\n"
    )
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), waiting).await.expect(what);
}

#[tokio::test]
async fn an_action_that_is_begun_is_finished_after_its_connection_and_before_the_chats_next_one() {
    let (rig, gate, mut peer) = gated(Limits::default()).await;
    for request in ["r1", "r2"] {
        peer.send(&send(request, "slow").replace("\"action\"", "\"platform\":\"gate\",\"action\"")).await;
    }
    until("r1 is begun", || *gate.begun.lock().unwrap() == ["r1"]).await;
    drop(peer);
    let mut newer = rig.gateway("gw").await;
    newer.send(HELLO_GATE).await;
    newer.line().await;
    newer.send(&send("r3", "slow")).await;
    newer.send(&send("elsewhere", "quick")).await;
    assert_eq!(newer.line().await, delivered("elsewhere"), "other chats wait for nothing");
    assert_eq!(*gate.begun.lock().unwrap(), ["r1", "elsewhere"], "r3 waits for r1 to end");

    gate.open.notify_one();
    until("r1 is finished", || gate.ended.lock().unwrap().contains(&"r1".to_owned())).await;
    gate.open.notify_one();
    assert_eq!(newer.line().await, delivered("r3"));
    assert_eq!(
        *gate.begun.lock().unwrap(),
        ["r1", "elsewhere", "r3"],
        "nobody waits for r2, which was not begun"
    );
}

#[tokio::test]
async fn a_reply_appears_in_its_chat_and_its_result_names_the_message() {
    let rig = Rig::start().await;
    let mut updates = rig.front.updates();
    let mut peer = rig.ready("gw").await;
    rig.say("hello", Delivery::Delivered(1)).await;
    peer.line().await;
    peer.send(
        "{\"type\":\"outbound\",\"requestId\":\"r1\",\"platform\":\"local\",\"action\":{\"op\":\"send\",\
         \"chat_id\":\"c1\",\"content\":\"hi\",\"reply_to\":\"m1\",\"metadata\":{}}}\n",
    )
    .await;
    assert_eq!(
        peer.line().await,
        "{\"type\":\"outbound_result\",\"requestId\":\"r1\",\"result\":{\"success\":true,\"message_id\":\"m2\"}}\n"
    );
    assert_eq!(
        updates.recv().await.unwrap(),
        ChatUpdate::new(
            "c1",
            ChatUpdateKind::Posted {
                message_id: "m2".to_owned(),
                reply_to: Some("m1".to_owned()),
                content: "hi".to_owned()
            }
        )
    );
    let contents: Vec<String> = rig.front.messages("c1").into_iter().map(|message| message.content).collect();
    assert_eq!(contents, ["hello", "hi"]);
}

#[tokio::test]
async fn an_op_that_the_descriptor_does_not_list_is_refused_with_a_code() {
    let rig = Rig::start().await;
    let mut peer = rig.ready("gw").await;
    for op in ["react", "from_a_later_contract"] {
        peer.send(&format!(
            "{{\"type\":\"outbound\",\"requestId\":\"r1\",\"action\":{{\"op\":\"{op}\",\"chat_id\":\"c1\"}}}}\n"
        ))
        .await;
        assert_eq!(
            peer.line().await,
            "{\"type\":\"outbound_result\",\"requestId\":\"r1\",\"result\":{\"success\":false,\"error\":\"the \
             platform `local` does not offer this op; its descriptor lists those it does\",\
             \"code\":\"unsupported_op\"}}\n"
        );
    }
}

#[tokio::test]
async fn a_platform_that_was_not_announced_is_not_acted_on() {
    let rig = Rig::start().await;
    let mut silent = rig.gateway("silent").await;
    silent.send(&send("r1", "c1")).await;
    assert!(silent.line().await.contains("\"code\":\"unknown_platform\""));

    let (rig, gate, mut peer) = gated(Limits::default()).await;
    let foreign = send("r1", "c1").replace("\"action\"", "\"platform\":\"local\",\"action\"");
    peer.send(&foreign).await;
    assert!(peer.line().await.contains("\"code\":\"unknown_platform\""));
    assert!(gate.begun.lock().unwrap().is_empty() && rig.front.messages("c1").is_empty());
}

#[tokio::test]
async fn the_bot_of_the_frame_goes_before_that_of_the_hello() {
    let (_rig, gate, mut peer) = gated(Limits::default()).await;
    peer.send(&send("r1", "c1")).await;
    peer.line().await;
    peer.send(&send("r2", "c1").replace("\"action\"", "\"botId\":\"other\",\"action\"")).await;
    peer.line().await;
    assert_eq!(*gate.bots.lock().unwrap(), [Some("gatekeeper".to_owned()), Some("other".to_owned())]);
}

#[tokio::test]
async fn a_slow_front_holds_up_its_own_chat_and_nothing_else() {
    let (_rig, gate, mut peer) = gated(Limits::default()).await;
    peer.send(&(send("s1", "slow") + &send("s2", "slow") + &send("q1", "quick"))).await;
    assert_eq!(peer.line().await, delivered("q1"), "another chat goes on");
    peer.nothing_more().await;
    assert_eq!(*gate.begun.lock().unwrap(), ["s1", "q1"], "the second of a chat waits for the first");
    gate.open.notify_one();
    assert_eq!(peer.line().await, delivered("s1"));
    gate.open.notify_one();
    assert_eq!(peer.line().await, delivered("s2"));
}

#[tokio::test]
async fn beyond_its_share_of_actions_a_connection_is_told_to_try_later() {
    let (_rig, gate, mut peer) = gated(Limits::default().with_actions(2)).await;
    peer.send(&(send("s1", "slow") + &send("s2", "slow") + &send("q1", "quick"))).await;
    let refused = peer.line().await;
    assert!(refused.contains("\"requestId\":\"q1\"") && refused.contains("\"code\":\"busy\""), "{refused}");
    gate.open.notify_one();
    assert_eq!(peer.line().await, delivered("s1"));
    peer.send(&send("q2", "quick")).await;
    assert_eq!(peer.line().await, delivered("q2"), "there is room again");
}

#[tokio::test]
async fn the_share_is_also_one_of_bytes() {
    let (_rig, _gate, mut peer) = gated(Limits::default().with_action_bytes(200)).await;
    peer.send(&(send("s1", "slow") + &send("q1", "quick"))).await;
    let refused = peer.line().await;
    assert!(refused.contains("\"requestId\":\"q1\"") && refused.contains("\"code\":\"busy\""), "{refused}");
}

#[tokio::test]
async fn a_front_that_panics_or_never_ends_leaves_the_action_unknown_and_the_connection_up() {
    let action = std::time::Duration::from_millis(1);
    let (_rig, _gate, mut peer) = gated(Limits::default().with_action(action)).await;
    peer.send(&(send("p1", "panic") + &send("s1", "slow") + &send("q1", "quick"))).await;
    assert_eq!(peer.line().await, delivered("q1"));
    peer.send(&send("s2", "slow")).await;
    peer.send(&send("q2", "quick")).await;
    assert_eq!(peer.line().await, delivered("q2"));
}

#[tokio::test]
async fn a_message_full_of_actions_is_performed_as_long_as_the_front_keeps_up() {
    let (_rig, gate, mut peer) = gated(Limits::default().with_actions(4)).await;
    let names: Vec<String> = (0..500).map(|number| format!("q{number}")).collect();
    peer.send(&names.iter().map(|name| send(name, "quick")).collect::<String>()).await;
    for name in &names {
        assert_eq!(peer.line().await, delivered(name));
    }
    assert_eq!(*gate.begun.lock().unwrap(), names, "handed over in their order");
}
