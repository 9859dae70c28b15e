//! An agent of your own: it answers piece by piece, and remembers how far a conversation has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_adapter::{
    Agent, AgentError, AgentInfo, AgentSession, SessionContext, StopReason, Turn, TurnOutput, TurnSummary,
};
use relay_examples::{Outcome, converse};

/// Counts the words of each conversation.
struct WordCounter;

struct Counted {
    words: AtomicU64,
}

impl Agent for WordCounter {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("words", "")
    }

    fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
        Arc::new(Counted { words: AtomicU64::new(0) })
    }
}

impl AgentSession for Counted {
    fn turn<'a>(&'a self, turn: &'a Turn, out: TurnOutput) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            for word in turn.event.text.split_whitespace() {
                // `/stop` in the chat, or the gateway's end.
                if turn.cancelled.is_cancelled() {
                    return Ok(TurnSummary::stopped(StopReason::Cancelled));
                }
                let count = self.words.fetch_add(1, Ordering::Relaxed) + 1;
                // Refused when nobody shows it any more: then there is nothing left to say.
                if out.text(format!("{count}: {word}\n")).await.is_err() {
                    break;
                }
            }
            Ok(TurnSummary::finished())
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        self.words.store(0, Ordering::Relaxed);
        ready(Ok(())).boxed()
    }
}

#[tokio::main]
async fn main() -> Outcome {
    converse(Arc::new(WordCounter), &["one two three", "and four", "/new", "again"]).await
}
