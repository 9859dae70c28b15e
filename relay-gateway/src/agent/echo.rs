//! The agent that says back what it is told.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{Agent, AgentError, AnswerSink, Turn};

/// Says a message back: word by word where it pauses between them, else in one piece.
#[derive(Clone, Copy, Debug, Default)]
pub struct EchoAgent {
    pause: Duration,
}

impl EchoAgent {
    /// An echo that pauses this long between words.
    pub fn new(pause: Duration) -> Self {
        Self { pause }
    }
}

impl Agent for EchoAgent {
    fn answer<'a>(&'a self, turn: &'a Turn, answer: AnswerSink) -> BoxFuture<'a, Result<(), AgentError>> {
        async move {
            if self.pause.is_zero() {
                // Whether anybody still listens changes nothing any more.
                let _ = answer.push(turn.event.text.as_ref()).await;
                return Ok(());
            }
            for (index, word) in turn.event.text.split_inclusive(char::is_whitespace).enumerate() {
                if index > 0 {
                    tokio::select! {
                        () = tokio::time::sleep(self.pause) => {}
                        () = turn.interrupted.cancelled() => return Ok(()),
                    }
                }
                if answer.push(word).await.is_err() {
                    return Ok(());
                }
            }
            Ok(())
        }
        .boxed()
    }
}
