//! An agent, and one turn of it without a gateway: as its own tests would run it.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use std::error::Error;
use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use relay_adapter::{AgentError, AgentSession, Turn, TurnEvent, TurnOutput, TurnSummary};
use relay_wire::{Event, SessionKey};
use tokio_util::sync::CancellationToken;

/// A conversation in which everything is said twice.
struct Twice;

impl AgentSession for Twice {
    fn turn<'a>(
        &'a self,
        turn: &'a Turn,
        output: TurnOutput,
    ) -> BoxFuture<'a, Result<TurnSummary, AgentError>> {
        async move {
            for _ in 0..2 {
                if output.text(turn.event.text.as_str()).await.is_err() {
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

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let event = Arc::new(Event { text: "ping ".into(), ..Event::default() });
    let key = SessionKey::new("agent:main:test:dm:me")?;
    let turn = Turn::new(key, event, Arc::default(), CancellationToken::new());
    let (output, mut events) = TurnOutput::channel(8);
    println!("{:?}", Twice.turn(&turn, output).await?);
    while let Some(event) = events.recv().await {
        if let TurnEvent::Text(delta) = event {
            println!("{}", delta.text);
        }
    }
    Ok(())
}
