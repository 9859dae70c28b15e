//! One turn: the agent answers a message, and its chat sees it happen.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use relay_wire::SessionKey;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use crate::adapter::Shared;
use crate::agent::{AgentError, AnswerSink, Turn};
use crate::render::{Answer, Shown};
use crate::sessions::Message;
use crate::{TurnEnd, typing};

/// Pieces of an answer between the agent and the chat.
const PIECES: usize = 64;

impl Shared {
    /// Answers one message, to its end.
    pub(crate) async fn run_turn(
        &self,
        session_key: &SessionKey,
        message: &Message,
        interrupted: CancellationToken,
    ) -> TurnEnd {
        let address = &message.address;
        let turn = Turn {
            session_key: session_key.clone(),
            event: message.event.clone(),
            interrupted: interrupted.clone(),
        };

        let permit = tokio::select! {
            permit = self.permits.acquire() => permit,
            () = interrupted.cancelled() => return TurnEnd::Interrupted,
        };
        let answer = Answer::new(&self.outbox, session_key, message, self.settings.reconnect_wait);
        let (sink, pieces) = AnswerSink::channel(PIECES);
        let show = async {
            tokio::select! {
                biased;
                () = interrupted.cancelled() => None,
                shown = answer.show(pieces) => Some(shown),
            }
        };
        let work = async { tokio::join!(self.ask(&turn, sink), show) };
        let (answered, shown) = tokio::select! {
            done = work => done,
            () = typing::keep_shown(&self.outbox, address) => unreachable!("typing is shown until the work is done"),
        };
        drop(permit);
        typing::clear(&self.outbox, address).await;

        // An agent that heeds the interrupt ends its answer, which must not pass for a whole one.
        let Some(shown) = shown.filter(|_| !interrupted.is_cancelled()) else { return TurnEnd::Interrupted };
        if let Err(error) = answered {
            warn!(session_key = %session_key, error = %error.summary, detail = error.detail, "the agent failed");
            self.outbox.reply(session_key, message, &error.summary).await;
            return TurnEnd::AgentFailed;
        }
        match shown {
            Shown::Everything => TurnEnd::Answered,
            Shown::Nothing => TurnEnd::Silent,
            Shown::NotAll => TurnEnd::NotDelivered,
        }
    }

    /// Runs the agent; an interrupted one gets a grace to end what it started.
    async fn ask(&self, turn: &Turn, sink: AnswerSink) -> Result<(), AgentError> {
        let answer = AssertUnwindSafe(self.agent.answer(turn, sink)).catch_unwind();
        tokio::pin!(answer);
        let finished = tokio::select! {
            finished = &mut answer => finished,
            () = turn.interrupted.cancelled() => {
                let Ok(finished) = timeout(self.settings.interrupt_grace, answer).await else {
                    debug!(session_key = %turn.session_key, "the agent did not stop in time and was dropped");
                    return Ok(());
                };
                finished
            }
        };
        finished.unwrap_or_else(|panic| {
            let detail = panic
                .downcast_ref::<&str>()
                .map(|text| (*text).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Err(AgentError { summary: "The agent crashed.".to_owned(), detail })
        })
    }
}
