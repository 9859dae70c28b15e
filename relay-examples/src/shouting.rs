//! The smallest agent.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_adapter::{
    Agent, AgentError, AgentInfo, AgentSession, SessionContext, Turn, TurnOutput, TurnSummary,
};

/// Says everything back in capitals.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shouting;

impl Agent for Shouting {
    fn info(&self) -> AgentInfo {
        AgentInfo::new("shouting", "")
    }

    fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
        Arc::new(*self)
    }
}

impl AgentSession for Shouting {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            // Whether anybody still listens changes nothing any more.
            let _ = output.text(turn.event.text.to_uppercase()).await;
            Ok(TurnSummary::finished())
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        ready(Ok(())).boxed()
    }
}
