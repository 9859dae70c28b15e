//! The reading half: one event a line, each answered once it is taken.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use relay_runtime::{ExecutorLimits, KeyedExecutor};
use relay_wire::{Event, Forward, Line, LineDecoder};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;

use super::LinesFront;

/// Bytes that one read may bring.
const CHUNK: usize = 64 * 1024;

/// Chunks that may wait; the input is not read further meanwhile.
const CHUNKS: usize = 4;

/// Lines that may be on their way into the connector.
const MOST: usize = 256;

/// Why a line is no event. It is answered with this and skipped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// More bytes than a line may have.
    #[error("the line is longer than {max} bytes; send less in one event")]
    TooLong {
        /// The bound.
        max: usize,
    },
    /// Not JSON.
    #[error("the line is not JSON ({0}); write one object a line")]
    NotJson(String),
    /// JSON, but no event in it.
    #[error(
        "the line has no object `event`; write {{\"event\":{{\"text\":\"…\",\"source\":{{\"chat_id\":\"…\"}}}}}}"
    )]
    NoEvent,
    /// An event of no chat.
    #[error("the event has no `source.chat_id`, so nobody could answer it; name its chat")]
    NoChat,
    /// An event of a platform that is not played.
    #[error("the platform `{0}` is not played here; start with --platform or --descriptor for it")]
    UnknownPlatform(String),
    /// An event that no gateway could read.
    #[error("{0}")]
    Undeliverable(String),
}

/// A line that is an event or a provider's request.
struct Incoming {
    front: Arc<LinesFront>,
    what: What,
    /// What it is called in the answer.
    id: Value,
}

impl Incoming {
    fn chat(&self) -> LinesKey {
        let platform = self.front.descriptor.platform.clone();
        match &self.what {
            What::Event(event) => LinesKey::Chat(platform, event.source.chat_id.clone()),
            // Which chat a request is about, only its provider's own format says: they keep their order among
            // themselves.
            What::Forward(_) => LinesKey::Chat(platform, String::new()),
        }
    }
}

/// What a line brings.
#[derive(Clone)]
pub(super) enum What {
    /// Somebody wrote.
    Event(Box<Event>),
    /// A provider called.
    Forward(Forward),
}

/// Reads on a thread of its own, which the end of the process does not wait for.
pub(super) fn chunks(mut input: impl io::Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, chunks) = mpsc::channel(CHUNKS);
    std::thread::spawn(move || {
        let mut buffer = vec![0; CHUNK];
        loop {
            match input.read(&mut buffer) {
                // The last line may have come without its newline.
                Ok(0) => return drop(sender.blocking_send(b"\n".to_vec())),
                Ok(read) if sender.blocking_send(buffer[..read].to_vec()).is_err() => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return tracing::warn!(%error, "the lines cannot be read any further"),
            }
        }
    });
    chunks
}

/// Takes line after line: many at once, those of one chat one after the other. It never returns: answers may come after
/// the last of them.
pub(super) async fn take(mut input: mpsc::Receiver<Vec<u8>>, fronts: &[Arc<LinesFront>]) -> Infallible {
    let limits = ExecutorLimits::new(MOST, MOST);
    let taking = AbortOnDrop(KeyedExecutor::new("lines", limits));
    let output = &fronts[0].output;
    let mut decoder = LineDecoder::default();
    let mut number: u64 = 0;
    while let Some(chunk) = input.recv().await {
        decoder.push(&chunk);
        loop {
            // The input is not read further meanwhile.
            let Ok(room) = taking.0.reserve(1).await else { return std::future::pending().await };
            let Some(line) = decoder.next_line() else { break };
            number += 1;
            let incoming = read(&line, fronts);
            let key = match &incoming {
                Ok(incoming) => incoming.chat(),
                Err(_) => LinesKey::Line(number),
            };
            let output = output.clone();
            let work = async move {
                let answer = match incoming {
                    Ok(Incoming { front, what, id }) => match front.deliver(&what).await {
                        Ok(true) => json!({ "taken": id }),
                        Ok(false) => json!({ "unwanted": id }),
                        Err(error) => refusal(&error, number, Some(id)),
                    },
                    Err((error, id)) => refusal(&error, number, id),
                };
                // Where nothing can be written any more, the writer ends the front.
                output.written(answer.to_string()).await;
            };
            // It is closed only when nobody reads any more.
            drop(taking.0.submit_reserved(key, room, work));
        }
    }
    std::future::pending().await
}

/// What keeps its order: the events of one chat, and by itself each line that is none.
#[derive(Clone, PartialEq, Eq, Hash)]
enum LinesKey {
    Chat(String, String),
    Line(u64),
}

/// Lines that nobody reads on are not taken either.
struct AbortOnDrop(KeyedExecutor<LinesKey>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Reads one line; what is wrong with it, and what it called itself as far as that could be read.
fn read(line: &Line<'_>, fronts: &[Arc<LinesFront>]) -> Result<Incoming, (LineError, Option<Value>)> {
    let line = match line {
        Line::Complete(line) => line,
        Line::TooLong { max } => return Err((LineError::TooLong { max: *max }, None)),
    };
    let value: Value =
        serde_json::from_slice(line).map_err(|error| (LineError::NotJson(error.to_string()), None))?;
    let id = value.get("id").filter(|id| !id.is_null()).cloned();
    let incoming = match value.get("forward").filter(|forward| forward.is_object()) {
        Some(called) => forward(&value, called, id.as_ref(), fronts),
        None => event(&value, id.as_ref(), fronts),
    };
    incoming.map_err(|error| (error, id))
}

fn forward(
    line: &Value,
    called: &Value,
    id: Option<&Value>,
    fronts: &[Arc<LinesFront>],
) -> Result<Incoming, LineError> {
    // A forward tolerates every field, as an event does.
    let mut forward = Forward::deserialize(called).map_err(|_| LineError::NoEvent)?;
    let front = played(line, &forward.platform, fronts)?;
    forward.platform.clone_from(&front.descriptor.platform);
    let id = id.cloned().unwrap_or_else(|| front.new_id('l').into());
    Ok(Incoming { front: Arc::clone(front), what: What::Forward(forward), id })
}

/// The platform that a line is of: the one beside what it brings, the one in it, else the first.
fn played<'f>(
    line: &Value,
    own: &str,
    fronts: &'f [Arc<LinesFront>],
) -> Result<&'f Arc<LinesFront>, LineError> {
    let named = line.get("platform").and_then(Value::as_str).filter(|platform| !platform.is_empty());
    match named.unwrap_or(own) {
        "" => Ok(&fronts[0]),
        platform => fronts
            .iter()
            .find(|front| front.descriptor.platform == platform)
            .ok_or_else(|| LineError::UnknownPlatform(platform.to_owned())),
    }
}

fn event(line: &Value, id: Option<&Value>, fronts: &[Arc<LinesFront>]) -> Result<Incoming, LineError> {
    let event = line.get("event").filter(|event| event.is_object()).ok_or(LineError::NoEvent)?;
    // An event tolerates every field, so an object always reads as one.
    let mut event = Event::deserialize(event).map_err(|_| LineError::NoEvent)?;
    if event.source.chat_id.is_empty() {
        return Err(LineError::NoChat);
    }
    let front = played(line, &event.source.platform, fronts)?;
    event.source.platform.clone_from(&front.descriptor.platform);
    // One name does for both, so that a line sent again after a crash is the same message as before.
    let message_id = event.message_id.take().filter(|own| !own.is_empty());
    let message_id = message_id.unwrap_or_else(|| match id {
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        Some(Value::Number(id)) => id.to_string(),
        _ => front.new_id('l'),
    });
    let id = id.cloned().unwrap_or_else(|| message_id.clone().into());
    event.message_id = Some(message_id);
    Ok(Incoming { front: Arc::clone(front), what: What::Event(Box::new(event)), id })
}

fn refusal(error: &LineError, number: u64, id: Option<Value>) -> Value {
    let mut answer = Map::new();
    answer.insert("error".to_owned(), error.to_string().into());
    answer.insert("line".to_owned(), number.into());
    if let Some(id) = id {
        answer.insert("id".to_owned(), id);
    }
    answer.into()
}
