//! A Bot API on loopback, with the limits and the error texts of Telegram's documentation.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use url::Url;

use crate::telegram_rules::{Sent, broken_rule};

pub(crate) const TOKEN: &str = "99:AAAAAAAAAAAAAAAAAAAA";

/// How the next call of a method misbehaves.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// This status and body, and nothing is done.
    Refuse(u16, Value),
    /// The connection ends without an answer; what was asked is done.
    Cut,
}

#[derive(Default)]
pub(crate) struct World {
    /// What nobody confirmed yet, by update id.
    pub(crate) updates: BTreeMap<i64, Value>,
    /// The highest offset that was asked with.
    pub(crate) confirmed: i64,
    /// What each chat shows, by message id.
    pub(crate) chats: BTreeMap<(String, i64), Value>,
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) faults: BTreeMap<String, VecDeque<Fault>>,
    pub(crate) has_webhook: bool,
    /// What `getFile` names, by file id and path at once.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    next_message: i64,
    polls: usize,
}

#[derive(Clone)]
pub(crate) struct Fake {
    pub(crate) base: Url,
    world: Arc<Mutex<World>>,
    changed: Arc<Notify>,
}

type Refusal = (u16, Value);

fn refusal(code: u16, description: &str) -> Refusal {
    (code, json!({"ok": false, "error_code": code, "description": description}))
}

impl Fake {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let base = Url::parse(&format!("http://{address}")).expect("a URL");
        let fake = Self { base, world: Arc::default(), changed: Arc::default() };
        let served = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let fake = served.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| fake.serve(request));
                    // A connection that is cut on purpose ends with an error.
                    let _ended = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        fake
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the bot an update.
    pub(crate) fn update(&self, id: i64, mut update: Value) {
        update["update_id"] = json!(id);
        self.world().updates.insert(id, update);
        self.changed.notify_waiters();
    }

    /// A message of user 7 in a private chat; its id is that of the update.
    pub(crate) fn says(&self, id: i64, text: &str) {
        let message = json!({"message_id": id, "from": {"id": 7, "first_name": "Ann", "is_bot": false},
                             "chat": {"id": 7, "type": "private", "first_name": "Ann"}, "text": text});
        self.update(id, json!({"message": message}));
    }

    pub(crate) fn fault(&self, method: &str, fault: Fault) {
        self.world().faults.entry(method.to_owned()).or_default().push_back(fault);
    }

    /// The next call of a method is refused with this error.
    pub(crate) fn refuse(&self, method: &str, code: u16, description: &str) {
        let (code, body) = refusal(code, description);
        self.fault(method, Fault::Refuse(code, body));
    }

    /// The next call of a method has to wait.
    pub(crate) fn throttle(&self, method: &str, seconds: u64) {
        let description = format!("Too Many Requests: retry after {seconds}");
        let (code, mut body) = refusal(429, &description);
        body["parameters"] = json!({"retry_after": seconds});
        self.fault(method, Fault::Refuse(code, body));
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&World) -> bool) {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                if is_so(&self.world()) {
                    return;
                }
                let _again = tokio::time::timeout(Duration::from_millis(20), changed).await;
            }
        };
        let in_time = tokio::time::timeout(Duration::from_secs(20), wait).await;
        assert!(in_time.is_ok(), "never: {what}\n{:?}", self.world().calls);
    }

    pub(crate) fn calls_of(&self, method: &str) -> Vec<Value> {
        let calls = &self.world().calls;
        calls.iter().filter(|(name, _)| name == method).map(|(_, parameters)| parameters.clone()).collect()
    }

    /// The texts that a chat shows, in order.
    pub(crate) fn shown(&self, chat: &str) -> Vec<String> {
        let world = self.world();
        let texts = world.chats.iter().filter(|((id, _), _)| id == chat);
        texts.map(|(_, message)| message["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    async fn serve(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, std::io::Error> {
        let path = request.uri().path().to_owned();
        let kind =
            request.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").map(str::to_owned);
        let body = request.into_body().collect().await.map_err(std::io::Error::other)?.to_bytes();
        if let Some(file) = path.strip_prefix(&format!("/file/bot{TOKEN}/")) {
            let bytes = self.world().files.get(file).cloned();
            let mut response = Response::new(Full::new(Bytes::from(bytes.clone().unwrap_or_default())));
            *response.status_mut() = if bytes.is_some() { 200 } else { 404 }.try_into().expect("a status");
            return Ok(response);
        }
        let parameters = match boundary {
            Some(boundary) => form(&String::from_utf8_lossy(&body), &boundary),
            None => serde_json::from_slice(&body).unwrap_or_default(),
        };
        let Some(method) = path.strip_prefix(&format!("/bot{TOKEN}/")).map(str::to_owned) else {
            return Ok(reply(Err(refusal(401, "Unauthorized"))));
        };
        let fault = {
            let mut world = self.world();
            world.calls.push((method.clone(), parameters.clone()));
            world.faults.get_mut(&method).and_then(VecDeque::pop_front)
        };
        self.changed.notify_waiters();
        if let Some(Fault::Refuse(code, body)) = &fault {
            return Ok(reply(Err((*code, body.clone()))));
        }
        let answer = if method == "getUpdates" {
            self.get_updates(&parameters).await
        } else {
            self.world().perform(&method, &parameters)
        };
        self.changed.notify_waiters();
        if fault.is_some() {
            return Err(std::io::Error::other("cut on purpose"));
        }
        Ok(reply(answer))
    }

    async fn get_updates(&self, parameters: &Value) -> Result<Value, Refusal> {
        let poll = {
            let mut world = self.world();
            if world.has_webhook {
                return Err(refusal(
                    409,
                    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the \
                     webhook first",
                ));
            }
            let offset = parameters["offset"].as_i64().unwrap_or_default();
            world.confirmed = world.confirmed.max(offset);
            world.updates.retain(|id, _| *id >= offset);
            world.polls += 1;
            world.polls
        };
        let held = Duration::from_secs(parameters["timeout"].as_u64().unwrap_or_default());
        let ready = async {
            loop {
                let changed = self.changed.notified();
                {
                    let world = self.world();
                    if world.polls != poll {
                        return Err(refusal(
                            409,
                            "Conflict: terminated by other getUpdates request; make sure that only one bot instance \
                             is running",
                        ));
                    }
                    if !world.updates.is_empty() {
                        return Ok(Value::Array(world.updates.values().take(100).cloned().collect()));
                    }
                }
                let _again = tokio::time::timeout(Duration::from_millis(20), changed).await;
            }
        };
        tokio::time::timeout(held, ready).await.unwrap_or(Ok(json!([])))
    }
}

impl World {
    fn perform(&mut self, method: &str, parameters: &Value) -> Result<Value, Refusal> {
        let chat = match &parameters["chat_id"] {
            Value::String(chat) => chat.clone(),
            other => other.to_string(),
        };
        let message = (chat.clone(), parameters["message_id"].as_i64().unwrap_or_default());
        match method {
            "getMe" => Ok(json!({"id": 99, "is_bot": true, "first_name": "Relay", "username": "relaybot",
                                 "can_read_all_group_messages": false})),
            "getWebhookInfo" => {
                Ok(json!({"url": if self.has_webhook { "https://hook.example/s3cret" } else { "" }}))
            }
            "deleteWebhook" => {
                self.has_webhook = false;
                Ok(json!(true))
            }
            "getFile" => match self.files.get(parameters["file_id"].as_str().unwrap_or_default()) {
                Some(bytes) => Ok(json!({"file_path": parameters["file_id"], "file_size": bytes.len()})),
                None => Err(refusal(400, "Bad Request: file is too big")),
            },
            "sendPhoto" | "sendDocument" | "sendVoice" | "sendAudio" | "sendVideo" => {
                if parameters["caption"].as_str().is_some_and(|caption| caption.encode_utf16().count() > 1024)
                {
                    return Err(refusal(400, "Bad Request: message caption is too long"));
                }
                self.next_message += 1;
                let id = 1000 + self.next_message;
                let mut shown = parameters.clone();
                shown["text"] = parameters["caption"].clone();
                self.chats.insert((chat, id), shown);
                Ok(json!({"message_id": id}))
            }
            "sendMessage" => {
                check_text(parameters)?;
                self.next_message += 1;
                let id = 1000 + self.next_message;
                self.chats.insert((chat, id), parameters.clone());
                Ok(json!({"message_id": id}))
            }
            "editMessageText" => {
                check_text(parameters)?;
                let Some(old) = self.chats.get_mut(&message) else {
                    return Err(refusal(400, "Bad Request: message to edit not found"));
                };
                if old["text"] == parameters["text"] && old["entities"] == parameters["entities"] {
                    return Err(refusal(
                        400,
                        "Bad Request: message is not modified: specified new message content and reply markup are \
                         exactly the same as a current content and reply markup of the message",
                    ));
                }
                *old = parameters.clone();
                Ok(json!({"message_id": message.1}))
            }
            "deleteMessage" => match self.chats.remove(&message) {
                Some(_) => Ok(json!(true)),
                None => Err(refusal(400, "Bad Request: message to delete not found")),
            },
            "editMessageReplyMarkup" => match self.chats.get_mut(&message) {
                Some(shown) => {
                    shown["reply_markup"] = parameters["reply_markup"].clone();
                    Ok(json!({"message_id": message.1}))
                }
                None => Err(refusal(400, "Bad Request: message to edit not found")),
            },
            "createForumTopic" => Ok(json!({"message_thread_id": 44, "name": parameters["name"]})),
            "getChat" => Ok(json!({"id": 7, "type": "private", "first_name": "Ann"})),
            "answerCallbackQuery"
            | "setMyCommands"
            | "sendChatAction"
            | "setMessageReaction"
            | "editForumTopic" => Ok(json!(true)),
            _ => Err(refusal(404, "Not Found: method not found")),
        }
    }
}

/// The parts of a form: texts as they are, a file with its name, type and content.
fn form(body: &str, boundary: &str) -> Value {
    let mut parameters = json!({});
    for part in body.split(&format!("--{boundary}")).filter_map(|part| part.split_once("\r\n\r\n")) {
        let (head, content) = (part.0, part.1.trim_end_matches("\r\n"));
        let quoted =
            |what: &str| head.split(&format!("{what}=\"")).nth(1)?.split('"').next().map(str::to_owned);
        let name = quoted(" name").expect("every part has a name");
        parameters[name] = match quoted("filename") {
            Some(filename) => {
                let kind = head.split("Content-Type: ").nth(1).unwrap_or_default();
                json!({"filename": filename, "type": kind, "content": content})
            }
            None => {
                serde_json::from_str(content).ok().filter(Value::is_array).unwrap_or_else(|| json!(content))
            }
        };
    }
    parameters
}

fn check_text(parameters: &Value) -> Result<(), Refusal> {
    let text = parameters["text"].as_str().unwrap_or_default();
    if text.encode_utf16().count() > 4096 {
        return Err(refusal(400, "Bad Request: message is too long"));
    }
    let entities = parameters["entities"].as_array().into_iter().flatten();
    let entities: Vec<Sent<'_>> = entities
        .map(|entity| Sent {
            kind: entity["type"].as_str().unwrap_or_default(),
            offset: entity["offset"].as_i64().unwrap_or(-1),
            length: entity["length"].as_i64().unwrap_or(-1),
            url: entity["url"].as_str(),
        })
        .collect();
    match broken_rule(text, &entities, 4096) {
        None => Ok(()),
        Some(rule) => Err(refusal(400, &format!("Bad Request: can't parse entities: {rule}"))),
    }
}

fn reply(answer: Result<Value, Refusal>) -> Response<Full<Bytes>> {
    let (code, body) = match answer {
        Ok(result) => (200, json!({"ok": true, "result": result})),
        Err((code, body)) => (code, body),
    };
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = code.try_into().expect("a status");
    response
}
