//! The front of JSON lines: events in, actions out, and when either is done.

mod rig;

use std::io::{self, BufRead as _, BufReader, PipeReader, PipeWriter, Write as _};

use futures_util::StreamExt as _;
use relay_connector::{
    BufferLimits, ConnectorBuilder, Limits, Lines, MemoryStore, Store, Tenant, lines_descriptor,
};
use relay_wire::CapabilityDescriptor;
use rig::{Peer, Rig};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

const HELLO: &str = "{\"type\":\"hello\",\"platform\":\"sms\",\"botId\":\"\"}\n";

/// A connector whose chats are lines, and both ends of them.
struct Script {
    rig: Rig,
    input: PipeWriter,
    output: mpsc::UnboundedReceiver<Value>,
    running: JoinHandle<io::Result<()>>,
}

impl Script {
    async fn start(platforms: Vec<CapabilityDescriptor>) -> Self {
        let (output, to_read) = io::pipe().unwrap();
        let mut script = Self::writing_to(platforms, to_read).await;
        script.output = lines(output);
        script
    }

    async fn writing_to(platforms: Vec<CapabilityDescriptor>, output: PipeWriter) -> Self {
        let lines = Lines::new(&Tenant::default(), platforms, 7);
        let fronts = lines.fronts();
        let rig = Rig::with(|builder| fronts.into_iter().fold(builder, ConnectorBuilder::front));
        let rig = rig.await;
        let (to_write, input) = io::pipe().unwrap();
        let running = tokio::spawn(lines.run(to_write, output));
        Self { rig, input, output: mpsc::unbounded_channel().1, running }
    }

    /// The same on this store, without sockets.
    async fn on(store: impl Store, limits: Limits) -> (Self, Peer) {
        let (output, to_read) = io::pipe().unwrap();
        let played = Lines::new(&Tenant::default(), vec![lines_descriptor("sms")], 7);
        let fronts = played.fronts();
        let add = |builder: ConnectorBuilder| {
            fronts.into_iter().fold(builder.limits(limits), ConnectorBuilder::front)
        };
        let rig = Rig::in_memory(store, add).await;
        let (to_write, input) = io::pipe().unwrap();
        let running = tokio::spawn(played.run(to_write, to_read));
        let script = Self { rig, input, output: lines(output), running };
        let peer = script.gateway(HELLO).await;
        (script, peer)
    }

    async fn sms() -> (Self, Peer) {
        let script = Self::start(vec![lines_descriptor("sms")]).await;
        let peer = script.gateway(HELLO).await;
        (script, peer)
    }

    async fn gateway(&self, hello: &str) -> Peer {
        let mut peer = self.rig.gateway("gw").await;
        peer.send(hello).await;
        assert!(peer.line().await.contains("\"type\":\"descriptor\""));
        peer
    }

    fn write(&mut self, lines: &str) {
        self.input.write_all(lines.as_bytes()).unwrap();
    }

    async fn line(&mut self) -> Value {
        self.output.recv().await.unwrap()
    }
}

/// The lines of a pipe, read on a thread, since a pipe blocks.
fn lines(pipe: PipeReader) -> mpsc::UnboundedReceiver<Value> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines() {
            let line = serde_json::from_str(&line.unwrap()).unwrap();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

async fn frame(peer: &mut Peer) -> Value {
    serde_json::from_str(&peer.line().await).unwrap()
}

fn outbound(request: &str, action: &Value) -> String {
    format!("{}\n", json!({"type": "outbound", "requestId": request, "action": action}))
}

#[tokio::test]
async fn an_event_reaches_the_gateway_and_is_answered_as_taken() {
    let (mut script, mut peer) = Script::sms().await;
    script.write(
        "{\"id\":7,\"event\":{\"text\":\"hi\",\"message_id\":\"m1\",\"source\":{\"chat_id\":\"c\",\"chat_type\":\"group\"}}}\n",
    );
    let event = frame(&mut peer).await["event"].take();
    assert_eq!(
        (&event["text"], &event["message_id"], &event["source"]["platform"], &event["source"]["chat_type"]),
        (&json!("hi"), &json!("m1"), &json!("sms"), &json!("group"))
    );
    assert_eq!(script.line().await, json!({"taken": 7}));
}

#[tokio::test]
async fn a_message_and_its_line_share_a_name_where_only_one_has_any() {
    let (mut script, mut peer) = Script::sms().await;
    script.write("{\"id\":\"a\",\"event\":{\"source\":{\"chat_id\":\"c\"}}}\n");
    assert_eq!(frame(&mut peer).await["event"]["message_id"], "a");
    assert_eq!(script.line().await, json!({"taken": "a"}));
    script.write("{\"event\":{\"message_id\":\"b\",\"source\":{\"chat_id\":\"c\"}}}\n");
    assert_eq!(frame(&mut peer).await["event"]["message_id"], "b");
    assert_eq!(script.line().await, json!({"taken": "b"}));
    script.write("{\"event\":{\"source\":{\"chat_id\":\"c\"}}}\n");
    let made_up = frame(&mut peer).await["event"]["message_id"].take();
    assert_eq!(script.line().await, json!({"taken": made_up}));
}

#[tokio::test]
async fn a_line_that_is_no_event_is_answered_and_the_next_one_taken() {
    let (mut script, _peer) = Script::sms().await;
    script.write("nonsense\n\n[]\n{\"id\":1,\"event\":\"hi\"}\n{\"id\":2,\"event\":{}}\n");
    script.write("{\"id\":3,\"platform\":\"fax\",\"event\":{\"source\":{\"chat_id\":\"c\"}}}\n");
    script.write("{\"id\":4,\"platform\":null,\"event\":{\"text\":5,\"source\":{\"chat_id\":6}}}\n");
    for (line, id, told) in [
        (1, Value::Null, "not JSON"),
        (2, Value::Null, "no object `event`"),
        (3, json!(1), "no object `event`"),
        (4, json!(2), "no `source.chat_id`"),
        (5, json!(3), "the platform `fax` is not played here"),
    ] {
        let answer = script.line().await;
        assert_eq!((&answer["line"], &answer["id"]), (&json!(line), &id), "{answer}");
        assert!(answer["error"].as_str().unwrap().contains(told), "{answer}");
    }
    assert_eq!(script.line().await, json!({"taken": 4}), "numbers read as text, like everywhere on the wire");
}

#[tokio::test]
async fn the_last_line_needs_no_newline() {
    let (mut script, _peer) = Script::sms().await;
    script.write("{\"id\":1,\"event\":{\"source\":{\"chat_id\":\"c\"}}}");
    drop(std::mem::replace(&mut script.input, io::pipe().unwrap().1));
    assert_eq!(script.line().await, json!({"taken": 1}));
}

#[tokio::test]
async fn an_action_is_a_line_with_the_id_that_the_gateway_is_told() {
    let (mut script, mut peer) = Script::sms().await;
    let action = json!({"op": "send", "chat_id": "c", "content": "hello", "reply_to": null, "metadata": {}});
    peer.send(&outbound("r1", &action)).await;
    let line = script.line().await;
    assert_eq!(line, json!({"action": action, "platform": "sms", "gateway": "gw", "message_id": "a7-1"}));
    assert_eq!(frame(&mut peer).await["result"], json!({"success": true, "message_id": "a7-1"}));

    let action =
        json!({"op": "edit", "chat_id": "c", "message_id": "a7-1", "content": "hello!", "metadata": {}});
    peer.send(&outbound("r2", &action)).await;
    assert_eq!(script.line().await["action"], action);
    assert_eq!(frame(&mut peer).await["result"], json!({"success": true, "message_id": "a7-1"}));

    let action = json!({"op": "typing", "chat_id": "c", "metadata": {}});
    peer.send(&outbound("r3", &action)).await;
    assert_eq!(script.line().await, json!({"action": action, "platform": "sms", "gateway": "gw"}));
    assert_eq!(frame(&mut peer).await["result"], json!({"success": true}));
}

#[tokio::test]
async fn several_platforms_share_the_lines_and_what_each_offers_is_its_own() {
    let text =
        r#"{"platform":"forum","supports_threads":true,"supported_ops":["thread_create","get_chat_info"]}"#;
    let forum: CapabilityDescriptor = serde_json::from_str::<CapabilityDescriptor>(text).unwrap();
    let mut script = Script::start(vec![lines_descriptor("sms"), forum]).await;
    let mut peer = script.gateway(&HELLO.replace("sms", "forum")).await;
    script.write("{\"id\":1,\"platform\":\"forum\",\"event\":{\"source\":{\"chat_id\":\"c\"}}}\n");
    assert_eq!(frame(&mut peer).await["event"]["source"]["platform"], "forum");
    assert_eq!(script.line().await, json!({"taken": 1}));

    let action = json!({"op": "thread_create", "chat_id": "c", "thread_name": "t", "metadata": {}});
    peer.send(&outbound("r1", &action)).await;
    assert_eq!(script.line().await["thread_id"], "a7-1");
    assert_eq!(frame(&mut peer).await["result"], json!({"success": true, "thread_id": "a7-1"}));
    for op in ["get_chat_info", "send"] {
        peer.send(&outbound("r2", &json!({"op": op, "chat_id": "c"}))).await;
        assert_eq!(frame(&mut peer).await["result"]["code"], "unsupported_op", "{op}");
    }
}

#[tokio::test]
async fn a_providers_request_is_forwarded_and_taken_like_an_event() {
    let (mut script, mut peer) = Script::sms().await;
    script.write("{\"id\":\"f1\",\"forward\":{\"method\":\"POST\",\"path\":\"/x\",\"headers\":[[\"a\",\"1\"]],\"bodyB64\":\"aGk=\"}}\n");
    assert_eq!(script.line().await, json!({"taken": "f1"}));
    let forwarded = frame(&mut peer).await;
    assert_eq!(forwarded["type"], "passthrough_forward");
    assert_eq!(
        forwarded["forward"],
        json!({"platform": "sms", "botId": "", "method": "POST", "path": "/x", "headers": [["a", "1"]], "bodyB64": "aGk="})
    );
    script.write("{\"platform\":\"fax\",\"forward\":{}}\n");
    assert!(script.line().await["error"].as_str().unwrap().contains("fax"));
}

#[tokio::test]
async fn a_line_longer_than_deployed_gateways_take_at_once_comes_in_pieces() {
    let (script, mut peer) = Script::sms().await;
    let text = "ä".repeat(1_000_000);
    let event = format!("{{\"event\":{{\"text\":\"{text}\",\"source\":{{\"chat_id\":\"c\"}}}}}}\n");
    // On a thread of its own: a pipe holds less than this, and its reader needs this one.
    let mut input = script.input.try_clone().unwrap();
    let writing = std::thread::spawn(move || input.write_all(event.as_bytes()).unwrap());
    let mut line = String::new();
    while !line.ends_with('\n') {
        let message = peer.socket.next().await.unwrap().unwrap();
        assert!(message.len() <= 512 * 1024, "{} bytes in one message", message.len());
        line.push_str(message.to_text().unwrap());
    }
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["event"]["text"], text);
    writing.join().unwrap();
}

#[tokio::test]
async fn another_tenants_gateway_writes_no_lines() {
    let (mut script, mut peer) = Script::sms().await;
    let secret = script.rig.enroll_for(&Tenant::new("work").unwrap(), "other").await;
    let mut other = script.rig.dial(&Rig::upgrade_token("other", &secret)).await;
    other.send(HELLO).await;
    other.line().await;
    other.send(&outbound("r1", &json!({"op": "send", "chat_id": "c", "content": "no"}))).await;
    assert_eq!(frame(&mut other).await["result"]["code"], "egress_declined");
    peer.send(&outbound("r1", &json!({"op": "send", "chat_id": "c", "content": "yes"}))).await;
    assert_eq!(script.line().await["action"]["content"], "yes", "the only line");
}

#[tokio::test]
async fn an_action_that_nobody_reads_has_failed_and_the_front_ends() {
    let (gone, output) = io::pipe().unwrap();
    drop(gone);
    let script = Script::writing_to(vec![lines_descriptor("sms")], output).await;
    let mut peer = script.gateway(HELLO).await;
    peer.send(&outbound("r1", &json!({"op": "send", "chat_id": "c", "content": "hi"}))).await;
    let result = frame(&mut peer).await["result"].take();
    assert_eq!(result["success"], false);
    assert!(result["error"].as_str().unwrap().contains("nothing was done"), "{result}");
    assert_eq!(script.running.await.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

const FIRST: &str = "{\"id\":1,\"event\":{\"text\":\"first\",\"source\":{\"chat_id\":\"c\"}}}\n";
const SECOND: &str = "{\"id\":2,\"event\":{\"text\":\"second\",\"source\":{\"chat_id\":\"c\"}}}\n";

#[tokio::test]
async fn a_line_is_not_taken_before_its_buffer_has_room() {
    let limits = Limits::default().with_buffer(BufferLimits::default().with_items(1));
    let (mut script, mut peer) = Script::on(MemoryStore::default(), limits).await;
    script.write(&format!("{FIRST}{SECOND}"));
    assert_eq!(script.line().await, json!({"taken": 1}));
    let (number, text) = peer.delivery().await;
    assert_eq!(text, "first");
    for _ in 0..50 {
        peer.nothing_more().await;
        assert!(script.output.try_recv().is_err(), "it was taken, and something had to make room for it");
    }
    let no_room = "relay_connector_events_total{platform=\"sms\",outcome=\"no_room\"}";
    while !script.rig.connector.metrics().await.contains(no_room) {
        tokio::task::yield_now().await;
    }
    assert_eq!(script.rig.connector.store().dead_letters().await.unwrap(), []);
    peer.ack(number).await;
    assert_eq!(script.line().await, json!({"taken": 2}));
    assert_eq!(peer.delivery().await.1, "second");
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_line_is_not_taken_while_the_store_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("connector.db");
    let store = relay_connector::SqliteStore::open_inline(&path).unwrap();
    let (mut script, mut peer) = Script::on(store, Limits::default()).await;
    let other = rusqlite::Connection::open(&path).unwrap();
    let fails =
        "CREATE TRIGGER fails BEFORE INSERT ON deliveries BEGIN SELECT RAISE(ABORT, 'the disk says no'); END";
    other.execute_batch(fails).unwrap();
    script.write(FIRST);
    let not_stored = "relay_connector_events_total{platform=\"sms\",outcome=\"not_stored\"}";
    while !script.rig.connector.metrics().await.contains(not_stored) {
        assert!(script.output.try_recv().is_err(), "it was taken, and is stored nowhere");
        tokio::task::yield_now().await;
    }
    peer.nothing_more().await;
    assert!(script.output.try_recv().is_err(), "it was taken, and is stored nowhere");
    other.execute_batch("DROP TRIGGER fails").unwrap();
    assert_eq!(script.line().await, json!({"taken": 1}));
    assert_eq!(peer.delivery().await.1, "first");
}

#[tokio::test]
async fn the_ids_of_two_runs_differ_however_many_the_first_made() {
    let mut seen = std::collections::BTreeSet::new();
    // The second starts a millisecond after the first, which made more than one id in it.
    for run in [1_764_000_000_000, 1_764_000_000_001] {
        let played = Lines::new(&Tenant::default(), vec![lines_descriptor("sms")], run);
        let fronts = played.fronts();
        let rig = Rig::with(|builder| fronts.into_iter().fold(builder, ConnectorBuilder::front)).await;
        let (to_write, mut input) = io::pipe().unwrap();
        let (output, to_read) = io::pipe().unwrap();
        tokio::spawn(played.run(to_write, to_read));
        let mut peer = rig.gateway("gw").await;
        peer.send(HELLO).await;
        peer.line().await;
        for _ in 0..3 {
            input.write_all(b"{\"event\":{\"source\":{\"chat_id\":\"c\"}}}\n").unwrap();
            let id = frame(&mut peer).await["event"]["message_id"].take();
            assert!(seen.insert(id.to_string()), "{id} comes again");
        }
        drop(output);
    }
}
