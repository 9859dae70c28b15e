//! The scripted agent.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{Agent, AgentError, AnswerSink, Turn};
use tokio::time::sleep;

use crate::happening::Happening;
use crate::names::{MessageId, Word};
use crate::world::Life;

/// Answers each message as the plan says, however often it is asked.
pub struct ScriptedAgent(pub Life);

impl Agent for ScriptedAgent {
    fn answer<'a>(&'a self, turn: &'a Turn, sink: AnswerSink) -> BoxFuture<'a, Result<(), AgentError>> {
        async move {
            let id = turn.event.message_id.as_deref().and_then(MessageId::parse);
            let id = id.expect("every message has an id of the simulation");
            self.0.note(&Happening::Began(id));
            let answer = self.0.world.plan.answer(id);
            let words: Vec<String> =
                (0..answer.words).map(|place| format!("{} ", Word { message: id, place })).collect();
            let pieces =
                words.chunks(words.len().div_ceil(usize::try_from(answer.pieces).unwrap_or(1)).max(1));
            for piece in pieces {
                tokio::select! {
                    biased;
                    () = turn.interrupted.cancelled() => return Ok(()),
                    () = sleep(answer.pause) => {}
                }
                if sink.push(piece.concat()).await.is_err() {
                    break;
                }
            }
            if answer.fails {
                return Err(AgentError { summary: "The agent fails.".to_owned(), detail: String::new() });
            }
            Ok(())
        }
        .boxed()
    }
}
