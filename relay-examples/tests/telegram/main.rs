//! A conversation over Telegram, through everything that lies between: a Bot API of ours, the front, a connector, a
//! WebSocket, a gateway and its agent.

#[allow(dead_code, reason = "the tests of the front use all of it")]
#[path = "../../../relay-front-telegram/tests/bot_api/fake.rs"]
mod fake;
#[path = "../../../relay-markdown/tests/properties/telegram_rules.rs"]
mod telegram_rules;

mod companion;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use companion::Companion;
use fake::{Fake, TOKEN};
use relay_auth::Secret;
use relay_connector::{AccessPolicy, Connector, ENROLLMENT_TTL, SqliteStore, Tenant};
use relay_examples::LocalGateway;
use relay_front_telegram::{BotToken, TelegramFront, TelegramSettings};
use relay_net::TcpDialer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A connector that can be stopped and started again on the same port and file.
struct Running {
    address: SocketAddr,
    token: Secret,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

async fn start(fake: &Fake, path: &Path, address: SocketAddr) -> Running {
    let settings = TelegramSettings::new(
        BotToken::new(TOKEN).expect("a token"),
        Tenant::default(),
        Arc::new(TcpDialer::default()),
    )
    .with_base_url(fake.base.clone())
    .with_poll(Duration::from_secs(1));
    let listener = TcpListener::bind(address).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let connector = Connector::builder(SqliteStore::open(path).expect("a store"))
        .front(Arc::new(TelegramFront::new(settings)))
        .access("telegram", AccessPolicy::listed(["7"]))
        .public_url(format!("http://{address}"))
        .build()
        .expect("a connector");
    let token = connector.mint_enrollment_token(&Tenant::default(), ENROLLMENT_TTL).expect("randomness");
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let serving = tokio::spawn(async move { connector.serve(listener, stopped.cancelled()).await });
    Running { address, token, stop, serving }
}

impl Running {
    async fn stop(self) -> SocketAddr {
        self.stop.cancel();
        self.serving.await.expect("no panic");
        self.address
    }
}

/// Somebody with a phone.
struct Person<'a> {
    fake: &'a Fake,
    last: i64,
}

impl Person<'_> {
    fn writes(&mut self, chat: &Value, more: &Value) {
        self.last += 1;
        let from = json!({"id": 7, "first_name": "Ann", "is_bot": false});
        let mut message = json!({"message_id": self.last, "from": from, "chat": chat});
        message.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        self.fake.update(self.last, json!({"message": message}));
    }

    fn says(&mut self, text: &str) {
        self.writes(&json!({"id": 7, "type": "private", "first_name": "Ann"}), &json!({"text": text}));
    }

    fn presses(&mut self, message: &(String, i64), shown: &Value, button: &Value) {
        self.last += 1;
        let chat = json!({"id": 7, "type": "private"});
        let message = json!({"message_id": message.1, "chat": chat, "reply_markup": shown["reply_markup"]});
        let press = json!({"id": "press", "from": {"id": 7, "first_name": "Ann"}, "data": button["callback_data"],
                           "message": message});
        self.fake.update(self.last, json!({"callback_query": press}));
    }
}

/// Waits until a chat shows a message with this text, and answers where.
async fn shown(fake: &Fake, chat: &str, text: &str) -> ((String, i64), Value) {
    let is_it = |(place, message): &(&(String, i64), &Value)| {
        place.0 == chat && message["text"].as_str().is_some_and(|shown| shown.contains(text))
    };
    fake.until(&format!("{chat} shows {text}"), |world| world.chats.iter().any(|entry| is_it(&entry))).await;
    let world = fake.world();
    let (place, message) = world.chats.iter().find(is_it).expect("just seen");
    (place.clone(), message.clone())
}

fn database(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("connector.db")
}

#[tokio::test]
async fn a_person_streams_presses_sends_stops_and_survives_a_restart() {
    let (fake, folder) = (Fake::start().await, tempfile::tempdir().expect("a folder"));
    fake.world().files.insert("docs/plan".into(), b"the plan".to_vec());
    let connector = start(&fake, &database(&folder), SocketAddr::from(([127, 0, 0, 1], 0))).await;
    let agent = Arc::new(Companion::default());
    let host = connector.address.to_string();
    let gateway = LocalGateway::for_platform("telegram", &host, &connector.token, agent.clone());
    let gateway = gateway.await.expect("a gateway");
    let mut ann = Person { fake: &fake, last: 0 };

    // A question with streaming: the beginning is shown, then edited into the whole.
    ann.says("stream");
    let (place, _) = shown(&fake, "7", "the beginning").await;
    agent.go_on();
    let (whole, _) = shown(&fake, "7", "the beginning and the end").await;
    assert_eq!(whole, place, "one message, edited");

    // A button.
    ann.says("ask");
    let (prompt, question) = shown(&fake, "7", "May I?").await;
    let button = question["reply_markup"]["inline_keyboard"][0][0].clone();
    ann.presses(&prompt, &question, &button);
    shown(&fake, "7", "you chose yes").await;
    fake.until("the buttons go", |world| world.chats[&prompt]["reply_markup"].is_null()).await;

    // A file each way.
    let document = json!({"file_id": "docs/plan", "file_name": "plan.txt", "mime_type": "text/plain"});
    ann.writes(&json!({"id": 7, "type": "private"}), &json!({"document": document, "caption": "file"}));
    shown(&fake, "7", "got plan.txt, text/plain, 8 bytes").await;
    fake.until("a file comes back", |world| world.calls.iter().any(|(name, _)| name == "sendDocument")).await;
    let sent = fake.calls_of("sendDocument").remove(0);
    assert_eq!(sent["document"], "https://files.example/report.pdf");

    // `/stop`.
    ann.says("wait");
    shown(&fake, "7", "still at it").await;
    ann.says("/stop");
    agent.until_stopped().await;

    // A topic, in a group that Ann opens.
    let forum = json!({"id": -100, "type": "supergroup", "title": "Forum", "is_forum": true});
    ann.writes(&forum, &json!({"text": "/pair", "is_topic_message": true, "message_thread_id": 44}));
    shown(&fake, "-100", "This group is open").await;
    ann.writes(&forum, &json!({"text": "hello", "is_topic_message": true, "message_thread_id": 44}));
    let (_, answer) = shown(&fake, "-100", "hello yourself").await;
    assert_eq!(answer["message_thread_id"], 44);

    // A restart of the connector in mid-answer.
    ann.says("stream");
    agent.until_waiting().await;
    let address = connector.stop().await;
    let connector = start(&fake, &database(&folder), address).await;
    agent.go_on();
    let both = |world: &fake::World| {
        let whole = |message: &&Value| message["text"] == "the beginning and the end";
        world.chats.values().filter(whole).count() == 2
    };
    fake.until("the second answer is whole", both).await;
    ann.says("hello");
    shown(&fake, "7", "hello yourself").await;
    let answers = fake.shown("7").iter().filter(|text| text.contains("the end")).count();
    assert_eq!(answers, 2, "each answer once: {:?}", fake.shown("7"));
    gateway.stop().await.expect("it ends");
    connector.stop().await;
}
