//! The agent that says back what it is told.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_adapter::{
    Agent, AgentError, AgentInfo, AgentSession, SessionContext, Turn, TurnOutput, TurnSummary,
};

use super::kind::{AgentHost, AgentKind, AgentPlan, AgentProblem};
use super::spec::AgentSpecError;

/// Says back what it is told.
pub(super) static KIND: AgentKind = AgentKind {
    name: "echo",
    usage: &["echo"],
    line: |rest| {
        if rest.is_empty() { Ok(Arc::new(EchoPlan::default())) } else { Err(AgentSpecError::Surplus("echo")) }
    },
    block: |block| {
        let pause = block.duration("pause", Duration::ZERO..=Duration::from_mins(1));
        block.otherwise("0s");
        Some(Arc::new(EchoPlan { pause: pause.map(|pause| pause.value) }))
    },
};

/// An echo as its operator wants it.
#[derive(Clone, Copy, Debug, Default)]
struct EchoPlan {
    pause: Option<Duration>,
}

impl AgentPlan for EchoPlan {
    fn info(&self) -> AgentInfo {
        AgentInfo::new(KIND.name, "")
    }

    fn check(&self, _: &AgentHost) -> Result<String, AgentProblem> {
        Ok("echo, which is part of the gateway".to_owned())
    }

    fn build(&self, host: &AgentHost) -> Result<Arc<dyn Agent>, AgentProblem> {
        Ok(Arc::new(EchoAgent::new(self.pause.unwrap_or(host.echo_pause))))
    }
}

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
    fn info(&self) -> AgentInfo {
        AgentInfo::new("echo", "")
    }

    fn open(&self, _: SessionContext) -> Arc<dyn AgentSession> {
        Arc::new(*self)
    }
}

impl AgentSession for EchoAgent {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            if self.pause.is_zero() {
                // Whether anybody still listens changes nothing any more.
                let _ = output.text(turn.event.text.as_ref()).await;
                return Ok(TurnSummary::finished());
            }
            for (index, word) in turn.event.text.split_inclusive(char::is_whitespace).enumerate() {
                if index > 0 {
                    tokio::select! {
                        () = tokio::time::sleep(self.pause) => {}
                        () = turn.cancelled.cancelled() => break,
                    }
                }
                if output.text(word).await.is_err() {
                    break;
                }
            }
            Ok(TurnSummary::finished())
        }
        .boxed()
    }

    fn reset(&self) -> BoxFuture<'_, Result<(), AgentError>> {
        ready(Ok(())).boxed()
    }
}
