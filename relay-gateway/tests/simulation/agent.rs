//! The scripted agent.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use relay_adapter::{
    Agent, AgentError, AgentErrorKind, AgentInfo, AgentSession, SessionContext, ToolCall, ToolKind,
    ToolState, Turn, TurnOutput, TurnSummary,
};
use tokio::time::sleep;

use crate::happening::Happening;
use crate::names::{MessageId, Word, work_on};
use crate::world::Life;

/// Answers each message as the plan says, however often it is asked.
#[derive(Clone)]
pub struct ScriptedAgent(pub Life);

impl Agent for ScriptedAgent {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("scripted", "")
    }

    fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
        Arc::new(self.clone())
    }
}

impl AgentSession for ScriptedAgent {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            let id = MessageId::of(&turn.event);
            let id = id.expect("every message has an id of the simulation");
            self.0.note(&Happening::Began(id));
            let answer = self.0.world.plan.answer(id);
            let words: Vec<String> =
                (0..answer.words).map(|place| format!("{} ", Word { message: id, place })).collect();
            let pieces =
                words.chunks(words.len().div_ceil(usize::try_from(answer.pieces).unwrap_or(1)).max(1));
            for (number, piece) in pieces.enumerate() {
                let step = |state| ToolCall::new(number.to_string(), work_on(id), ToolKind::Execute, state);
                if answer.works && output.tool(step(ToolState::Running)).await.is_err() {
                    break;
                }
                tokio::select! {
                    biased;
                    () = turn.cancelled.cancelled() => return Ok(TurnSummary::finished()),
                    () = sleep(answer.pause) => {}
                }
                if answer.works && output.tool(step(ToolState::Done)).await.is_err() {
                    break;
                }
                if output.text(piece.concat()).await.is_err() {
                    break;
                }
            }
            if answer.fails {
                return Err(AgentError::new(AgentErrorKind::Other, ""));
            }
            Ok(TurnSummary::finished())
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        async { Ok(()) }.boxed()
    }
}
