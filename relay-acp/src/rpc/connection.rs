//! One agent's stdin and stdout as requests, answers and notifications.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use agent_client_protocol_schema::v1::Error as RpcError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::{debug, trace};

use super::counters::Counters;
use super::line::{Line, LineReader};
use super::message::{Message, RequestId};

/// Messages that may wait for an agent to read them. An agent that lets this many wait reads nothing any more.
const OUTGOING: usize = 1024;

/// Why a request brought no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The agent's process ended, or its output did, or it reads nothing any more.
    #[error("the agent is gone")]
    Closed,
    /// The agent answered with an error.
    #[error("the agent answered {}: {}", i32::from(.0.code), .0.message)]
    Refused(RpcError),
    /// The agent's result has a shape that the protocol does not know.
    #[error("the agent's answer to {method} cannot be read: {error}")]
    Unreadable { method: &'static str, error: serde_json::Error },
}

/// Who is told what an agent asks and reports. Called by the reader, so nothing in here may wait.
pub(crate) trait Peer: Send + Sync + 'static {
    /// The agent wants an answer, through [`Connection::reply`] or [`Connection::refuse`].
    fn request(&self, id: RequestId, method: &str, params: &RawValue);
    /// The agent reports something.
    fn notification(&self, method: &str, params: &RawValue);
}

/// A request that waits for its answer.
struct Waiting {
    answer: oneshot::Sender<Result<Box<RawValue>, RpcError>>,
    /// Called by the reader before it reads on: what comes after the answer is told from what came before.
    on_answer: Option<Box<dyn FnOnce() + Send>>,
}

/// The sending half; cheap to share.
pub(crate) struct Connection {
    outgoing: Mutex<Option<mpsc::Sender<Vec<u8>>>>,
    calls: Arc<Mutex<Calls>>,
    closed: CancellationToken,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Calls {
    last: i64,
    waiting: HashMap<i64, Waiting>,
}

#[derive(Serialize)]
struct Outgoing<'a, P> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    method: &'a str,
    params: P,
}

#[derive(Serialize)]
struct Reply<'a, R> {
    jsonrpc: &'static str,
    id: &'a RequestId,
    #[serde(flatten)]
    outcome: Outcome<R>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome<R> {
    Result(R),
    Error(RpcError),
}

impl Connection {
    /// Starts to write what is sent. Reading starts with [`Connection::read`].
    pub(crate) fn new(stdin: impl AsyncWrite + Send + Unpin + 'static) -> Arc<Self> {
        let (outgoing, waiting) = mpsc::channel(OUTGOING);
        let closed = CancellationToken::new();
        tokio::spawn(write(stdin, waiting, closed.clone()));
        Arc::new(Self {
            outgoing: Mutex::new(Some(outgoing)),
            calls: Arc::default(),
            closed,
            counters: Arc::default(),
        })
    }

    /// Reads until the agent's output ends, then fails every request that waits.
    pub(crate) async fn read(&self, stdout: impl AsyncRead + Unpin, limit: usize, peer: &dyn Peer) {
        let mut lines = LineReader::new(stdout, limit);
        loop {
            match lines.next().await {
                Ok(Some(Line::Whole(line))) => self.take(line, peer),
                Ok(Some(Line::TooLong)) => self.counters.too_long(),
                Ok(Some(Line::Cut)) => self.counters.no_message(),
                Ok(None) => break,
                Err(error) => {
                    debug!(%error, "reading an agent's output failed");
                    break;
                }
            }
        }
        self.close();
    }

    fn take(&self, line: &[u8], peer: &dyn Peer) {
        if line.trim_ascii().is_empty() {
            return;
        }
        trace!(bytes = line.len(), "an agent wrote a line");
        match Message::read(line) {
            None | Some(Message::Response { id: RequestId::Text(_), .. }) => self.counters.no_message(),
            Some(Message::Request { id, method, params }) => peer.request(id, &method, params),
            Some(Message::Notification { method, params }) => peer.notification(&method, params),
            Some(Message::Response { id: RequestId::Number(id), result }) => {
                let waiting = self.calls().waiting.remove(&id);
                match waiting {
                    // Nobody waits any more where the call was dropped: its turn is over.
                    Some(Waiting { answer, on_answer }) => {
                        if let Some(on_answer) = on_answer {
                            on_answer();
                        }
                        drop(answer.send(result.map(ToOwned::to_owned)));
                    }
                    None => self.counters.dropped(),
                }
            }
        }
    }

    /// Sends a request, in the order of the calls. The future gives the result; dropping it only ends the wait.
    pub(crate) fn request<P: Serialize, R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: P,
    ) -> Call<R> {
        self.call(method, params, None)
    }

    /// The same; the reader calls `on_answer` between the answer and what the agent says next.
    pub(crate) fn request_then<P: Serialize, R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: P,
        on_answer: impl FnOnce() + Send + 'static,
    ) -> Call<R> {
        self.call(method, params, Some(Box::new(on_answer)))
    }

    fn call<P: Serialize, R: DeserializeOwned>(
        &self,
        method: &'static str,
        params: P,
        on_answer: Option<Box<dyn FnOnce() + Send>>,
    ) -> Call<R> {
        let (answer, receiver) = oneshot::channel();
        let id = {
            let mut calls = self.calls();
            calls.last += 1;
            let id = calls.last;
            calls.waiting.insert(id, Waiting { answer, on_answer });
            id
        };
        self.send(&Outgoing { jsonrpc: "2.0", id: Some(id), method, params });
        if self.closed.is_cancelled() {
            self.calls().waiting.remove(&id);
        }
        Call { method, id, receiver, calls: Arc::clone(&self.calls), result: std::marker::PhantomData }
    }

    /// Sends what wants no answer.
    pub(crate) fn notify<P: Serialize>(&self, method: &'static str, params: P) {
        self.send(&Outgoing { jsonrpc: "2.0", id: None, method, params });
    }

    /// Answers a request of the agent.
    pub(crate) fn reply<R: Serialize>(&self, id: &RequestId, result: R) {
        self.send(&Reply { jsonrpc: "2.0", id, outcome: Outcome::Result(result) });
    }

    /// Answers a request of the agent with an error.
    pub(crate) fn refuse(&self, id: &RequestId, error: RpcError) {
        self.send(&Reply::<()> { jsonrpc: "2.0", id, outcome: Outcome::Error(error) });
    }

    fn send(&self, message: &impl Serialize) {
        let mut line =
            serde_json::to_vec(message).expect("messages of ours have text keys and finite numbers");
        line.push(b'\n');
        let full = match &*self.outgoing() {
            Some(outgoing) => matches!(outgoing.try_send(line), Err(mpsc::error::TrySendError::Full(_))),
            None => false,
        };
        if full {
            debug!("an agent lets {OUTGOING} messages wait; it is taken for gone");
            self.close();
        }
    }

    /// Closes the agent's stdin once everything sent is written.
    pub(crate) fn close_stdin(&self) {
        self.outgoing().take();
    }

    /// Ends the connection: every request that waits fails.
    pub(crate) fn close(&self) {
        self.closed.cancel();
        self.close_stdin();
        self.calls().waiting.clear();
    }

    /// Whether the agent's output has ended, or it reads nothing any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Completes once that is so.
    pub(crate) async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// What was skipped so far.
    pub(crate) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    fn outgoing(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Vec<u8>>>> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write(
    mut stdin: impl AsyncWrite + Unpin,
    mut waiting: mpsc::Receiver<Vec<u8>>,
    closed: CancellationToken,
) {
    let all = async {
        while let Some(line) = waiting.recv().await {
            stdin.write_all(&line).await?;
            stdin.flush().await?;
        }
        stdin.shutdown().await
    };
    let end = tokio::select! {
        end = all => end,
        () = closed.cancelled() => return,
    };
    if let Err(error) = end {
        // Its output may still hold answers; the end of that is what ends the connection.
        debug!(%error, "an agent does not read its input any more");
    }
}

/// A request that waits for its result.
pub(crate) struct Call<R> {
    method: &'static str,
    id: i64,
    receiver: oneshot::Receiver<Result<Box<RawValue>, RpcError>>,
    calls: Arc<Mutex<Calls>>,
    result: std::marker::PhantomData<fn() -> R>,
}

impl<R: DeserializeOwned> Future for Call<R> {
    type Output = Result<R, CallError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let method = self.method;
        Pin::new(&mut self.receiver).poll(context).map(|answer| match answer {
            Err(_) => Err(CallError::Closed),
            Ok(Err(error)) => Err(CallError::Refused(error)),
            Ok(Ok(result)) => {
                serde_json::from_str(result.get()).map_err(|error| CallError::Unreadable { method, error })
            }
        })
    }
}

impl<R> Drop for Call<R> {
    fn drop(&mut self) {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).waiting.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use serde_json::{Value, json, value::RawValue};
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream, duplex};

    use super::{CallError, Connection, Peer};
    use crate::rpc::RequestId;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Peer for Heard {
        fn request(&self, id: RequestId, method: &str, _params: &RawValue) {
            self.0.lock().expect("not poisoned").push(format!("{method}#{id}"));
        }

        fn notification(&self, method: &str, _params: &RawValue) {
            self.0.lock().expect("not poisoned").push(method.to_owned());
        }
    }

    struct Agent {
        stdin: BufReader<DuplexStream>,
        stdout: DuplexStream,
    }

    impl Agent {
        async fn reads(&mut self) -> Value {
            let mut line = String::new();
            self.stdin.read_line(&mut line).await.expect("a line");
            serde_json::from_str(&line).expect("JSON")
        }

        async fn writes(&mut self, line: &str) {
            self.stdout.write_all(format!("{line}\n").as_bytes()).await.expect("it is read");
        }
    }

    fn connected(size: usize) -> (Arc<Connection>, Arc<Heard>, Agent) {
        let (stdin, agents_stdin) = duplex(size);
        let (agents_stdout, stdout) = duplex(size);
        let connection = Connection::new(stdin);
        let heard = Arc::new(Heard::default());
        let (reading, peer) = (Arc::clone(&connection), Arc::clone(&heard));
        tokio::spawn(async move { reading.read(stdout, 1024, &*peer).await });
        (connection, heard, Agent { stdin: BufReader::new(agents_stdin), stdout: agents_stdout })
    }

    #[tokio::test]
    async fn an_answer_finds_the_request_it_belongs_to() {
        let (connection, _, mut agent) = connected(4096);
        let first = connection.request::<_, Value>("one", json!({"a": 1}));
        let second = connection.request::<_, Value>("two", Value::Null);
        assert_eq!(agent.reads().await, json!({"jsonrpc":"2.0","id":1,"method":"one","params":{"a":1}}));
        assert_eq!(agent.reads().await["id"], 2);
        agent.writes(r#"{"id":2,"result":"b"}"#).await;
        agent.writes(r#"{"id":1,"error":{"code":-32602,"message":"no"}}"#).await;
        assert_eq!(second.await.expect("answered"), "b");
        let error = first.await.expect_err("refused");
        assert_eq!(error.to_string(), "the agent answered -32602: no");
    }

    #[tokio::test]
    async fn other_output_is_skipped_and_counted() {
        let (connection, heard, mut agent) = connected(4096);
        agent.writes("Loading extensions...").await;
        agent.writes(&"x".repeat(2000)).await;
        agent.writes("").await;
        agent.writes(r#"{"method":"session/update"}"#).await;
        agent.writes(r#"{"id":9,"method":"fs/read_text_file"}"#).await;
        drop(agent);
        connection.closed().await;
        assert_eq!(*heard.0.lock().expect("not poisoned"), ["session/update", "fs/read_text_file#9"]);
        let skipped = connection.counters().read();
        assert_eq!((skipped.no_message, skipped.too_long), (1, 1));
    }

    #[tokio::test]
    async fn the_end_of_the_output_fails_every_request_and_those_after_it() {
        let (connection, _, agent) = connected(4096);
        let before = connection.request::<_, Value>("one", Value::Null);
        drop(agent);
        assert!(matches!(before.await, Err(CallError::Closed)));
        let after = connection.request::<_, Value>("two", Value::Null);
        assert!(matches!(after.await, Err(CallError::Closed)));
    }

    #[tokio::test]
    async fn an_agent_that_reads_nothing_is_taken_for_gone() {
        let (connection, _, agent) = connected(16);
        let waits = connection.request::<_, Value>("one", Value::Null);
        for _ in 0..2 * super::OUTGOING {
            connection.notify("session/cancel", Value::Null);
        }
        assert!(matches!(waits.await, Err(CallError::Closed)));
        drop(agent);
    }

    #[tokio::test]
    async fn a_dropped_call_leaves_nothing_behind() {
        let (connection, _, agent) = connected(4096);
        drop(connection.request::<_, Value>("one", Value::Null));
        assert!(connection.calls().waiting.is_empty());
        drop(agent);
    }

    #[tokio::test]
    async fn a_closed_stdin_is_closed_after_what_was_sent() {
        let (connection, _, mut agent) = connected(4096);
        connection.reply(&RequestId::Text("q".into()), json!({"ok": true}));
        connection.close_stdin();
        assert_eq!(agent.reads().await, json!({"jsonrpc":"2.0","id":"q","result":{"ok":true}}));
        let mut rest = String::new();
        assert_eq!(agent.stdin.read_line(&mut rest).await.expect("readable"), 0);
    }
}
